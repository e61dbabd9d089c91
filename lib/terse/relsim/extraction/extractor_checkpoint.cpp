#include "terse/relsim/extraction/extractor_checkpoint.hpp"

#include <xxhash.h>

#include <cstdio>

#include "terse/core/error.hpp"
#include "terse/relsim/facts/fact_artifact.hpp"
#include "terse/relsim/training/training_checkpoint.hpp"

namespace terse::relsim {
namespace {

using formats::Value;

Value::Map extractor_options(const ExtractorShape& s, const ExtractorTrainingOptions& o) {
  return {{"batch", o.batch},
          {"lr", o.lr},
          {"weight_decay", o.weight_decay},
          {"alpha", o.alpha},
          {"tau", o.tau},
          {"tau_start", o.tau_start},
          {"tau_decay", o.tau_decay},
          {"level", act::to_string(o.level)},
          {"bits", o.bits},
          {"budget", o.budget},
          {"adapt_every", o.adapt_every},
          {"word_dim", s.word_dim},
          {"label_dim", s.label_dim},
          {"distance_dim", s.distance_dim},
          {"hidden", s.hidden},
          {"layers", s.layers},
          {"heads", s.heads},
          {"dropout", s.dropout}};
}

Value::Map to_value(const ExtractorEpoch& e) {
  return {{"epoch", e.epoch},
          {"steps", e.steps},
          {"loss", e.loss},
          {"micro_f1", e.micro_f1},
          {"macro_f1", e.macro_f1},
          {"accuracy", e.accuracy},
          {"tau", e.tau},
          {"best", e.best},
          {"exact_bytes", e.exact_bytes},
          {"stored_bytes", e.stored_bytes},
          {"peak_allocated_bytes", e.peak_allocated_bytes},
          {"planned_peak_bytes", e.planned_peak_bytes},
          {"average_bits", e.average_bits},
          {"steps_spent_on_probes", e.steps_spent_on_probes},
          {"step_seconds", e.step_seconds}};
}

ExtractorEpoch extractor_epoch_from(const Value& value) {
  ExtractorEpoch e;
  e.epoch = value.at("epoch").as_integer();
  e.steps = value.at("steps").as_integer();
  e.loss = value.at("loss").as_double();
  e.micro_f1 = value.at("micro_f1").as_double();
  e.macro_f1 = value.at("macro_f1").as_double();
  e.accuracy = value.at("accuracy").as_double();
  e.tau = value.at("tau").as_double();
  e.best = value.at("best").as_bool();
  e.exact_bytes = static_cast<std::uint64_t>(value.at("exact_bytes").as_integer());
  e.stored_bytes = static_cast<std::uint64_t>(value.at("stored_bytes").as_integer());
  e.peak_allocated_bytes = static_cast<std::uint64_t>(value.at("peak_allocated_bytes").as_integer());
  e.planned_peak_bytes = static_cast<std::uint64_t>(value.at("planned_peak_bytes").as_integer());
  e.average_bits = value.at("average_bits").as_double();
  e.steps_spent_on_probes = value.at("steps_spent_on_probes").as_double();
  e.step_seconds = value.at("step_seconds").as_double();
  return e;
}

}  // namespace

std::string sentences_digest(std::span<const Sentence> train, std::span<const Sentence> held_out,
                             std::span<const double> divergences) {
  XXH64_hash_t hash = XXH3_64bits(divergences.data(), divergences.size_bytes());
  const auto add = [&](const void* data, std::size_t size) { hash = XXH3_64bits_withSeed(data, size, hash); };
  for (const auto sentences : {train, held_out}) {
    const auto count = sentences.size();
    add(&count, sizeof count);
    for (const auto& s : sentences) {
      for (const auto* words : {&s.tokens, &s.tags, &s.entities}) {
        const auto length = words->size();
        add(&length, sizeof length);
        for (const auto& word : *words) add(word.data(), word.size());
      }
      const std::int32_t numbers[] = {s.head.begin, s.head.end, s.tail.begin, s.tail.end, s.relation};
      add(numbers, sizeof numbers);
      add(s.head_name.data(), s.head_name.size());
      add(s.tail_name.data(), s.tail_name.size());
    }
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

formats::Checkpoint store_state(const ExtractorState& state, const ExtractorShape& shape,
                                const ExtractorTrainingOptions& options, const std::string& digest) {
  formats::Checkpoint c;
  c.model = to_string(shape.kind);
  c.data = "sentences";
  c.data_digest = digest;
  c.epoch = static_cast<std::uint64_t>(state.last.epoch);
  c.step = static_cast<std::uint64_t>(state.last.steps);
  c.optimizer = "adamw";
  c.options = extractor_options(shape, options);
  c.metrics =
      Value::Map{{"last", to_value(state.last)}, {"best", to_value(state.best)}, {"since_best", state.since_best}};
  c.adaptation = state.adaptation;
  c.precision = state.precision;
  c.generator.info = {"generator", core::DType::UInt8, {0}};
  for (const auto& p : state.parameters) {
    c.parameters.push_back(weight_tensor(p.name, p.value));
    c.buffers.push_back(weight_tensor(p.name, p.best));
    c.optimizer_state.push_back(weight_tensor(p.name + "/exp_avg", p.first));
    c.optimizer_state.push_back(weight_tensor(p.name + "/exp_avg_sq", p.second));
  }
  return c;
}

ExtractorState load_state(const formats::Checkpoint& c, std::uint64_t seed, const ExtractorState& fresh,
                          const ExtractorShape& shape, const ExtractorTrainingOptions& options,
                          const std::string& digest, const std::string& name) {
  check_same_run(c, seed,
                 {std::string(to_string(shape.kind)), "adamw", digest, options.seed, extractor_options(shape, options)},
                 name);
  try {
    ExtractorState state;
    state.last = extractor_epoch_from(c.metrics.at("last"));
    state.best = extractor_epoch_from(c.metrics.at("best"));
    state.since_best = c.metrics.at("since_best").as_integer();
    state.adaptation = c.adaptation;
    state.precision = c.precision;
    for (const auto& p : fresh.parameters) {
      state.parameters.push_back({p.name, load_tensor(c.parameters, p.name, p.value),
                                  load_tensor(c.buffers, p.name, p.value),
                                  load_tensor(c.optimizer_state, p.name + "/exp_avg", p.value),
                                  load_tensor(c.optimizer_state, p.name + "/exp_avg_sq", p.value)});
    }
    return state;
  } catch (const Error& error) {
    throw Error(Error::BadInput, name + ": " + error.what());
  }
}

}  // namespace terse::relsim
