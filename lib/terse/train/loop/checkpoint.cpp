#include "terse/train/loop/checkpoint.hpp"

#include <filesystem>

#include "terse/core/error.hpp"
#include "terse/formats/kinds/checkpoint.hpp"
#include "terse/learn/run_identity.hpp"
#include "terse/train/base/tensor_exchange.hpp"

namespace terse::train {

namespace {

using formats::CheckpointInfo;

/// All that decides which numbers the run computes; a checkpoint fits a run where this is equal.
CheckpointInfo describe(Trainer& trainer) {
  const auto& options = trainer.options();
  CheckpointInfo info;
  info.model = to_string(trainer.made().spec);
  info.program_digest = trainer.made().program_digest;
  info.data = to_string(trainer.data().spec);
  info.data_digest = trainer.data().digest;
  info.optimizer = to_string(options.optimizer.kind);
  info.hyperparameters["lr"] = options.learning_rate;
  info.hyperparameters["weight_decay"] = options.optimizer.weight_decay;
  if (options.optimizer.kind == learn::OptimizerKind::Sgd) {
    info.hyperparameters["momentum"] = options.optimizer.momentum;
  } else {
    info.hyperparameters["beta1"] = options.optimizer.beta1;
    info.hyperparameters["beta2"] = options.optimizer.beta2;
    info.hyperparameters["epsilon"] = options.optimizer.epsilon;
  }
  info.scheduler = to_string(trainer.schedule().spec);
  info.scheduler_state["warmup"] = options.warmup;
  if (trainer.schedule().schedule.needs_total()) info.scheduler_state["steps"] = trainer.steps_total();
  const auto& choice = options.compression;
  info.compression["level"] = act::to_string(choice.level);
  info.compression["bits"] = choice.bits;
  info.compression["group"] = std::uint64_t{choice.group};
  if (choice.steps().entropy) info.compression["entropy"] = true;
  if (!options.recompute.empty()) info.compression["recompute"] = options.recompute;
  if (options.recompute_slices > 1) info.compression["recompute_slices"] = options.recompute_slices;
  for (const auto& [id, bits] : choice.bits_of) info.compression["bits_of"][id] = bits;
  if (choice.adapts()) {
    info.compression["adapt_every"] = choice.adapt_every;
    info.compression["policy"] = choice.policy_digest;
    if (choice.budget > 0) info.compression["budget"] = choice.budget;
  }
  trainer.compressed().state().add_to(info);
  info.options["batch"] = options.batch;
  info.threads = static_cast<std::uint64_t>(at::get_num_threads());
  return info;
}

}  // namespace

CheckpointFolder::CheckpointFolder(const std::string& path) : path_(path) {
  std::error_code status;
  std::filesystem::create_directories(path, status);
  lock_.emplace(core::Lock::of_folder(path, "another run keeps its checkpoints here"));
}

std::string CheckpointFolder::file() const { return (std::filesystem::path(path_) / "last.checkpoint").string(); }

void CheckpointFolder::save(Trainer& trainer, const std::string& producer,
                            const std::vector<std::string>& arguments) const {
  auto info = describe(trainer);
  info.step = trainer.steps_done();
  info.epoch = trainer.steps_done() / trainer.steps_per_epoch();
  info.position = trainer.steps_done() % trainer.steps_per_epoch();
  const TensorViews parameters(trainer.network().parameters()), buffers(trainer.network().buffers()),
      state(trainer.optimizer().state()), generator({{"generator", generator_state()}});
  const auto sink = core::open_sink(file(), core::Content::Binary);
  const formats::Header header{
      .producer = producer, .arguments = arguments, .seed = trainer.options().seed, .parents = {}};
  formats::write_checkpoint(*sink, header, info,
                            {parameters.views(), buffers.views(), state.views(), generator.views()[0].data});
  sink->finish();
}

void CheckpointFolder::restore(Trainer& trainer) const {
  const auto loaded = formats::read_checkpoint(core::open_source(file()));
  const auto& saved = loaded.content;
  learn::expect_same_run(saved, loaded.header.seed, describe(trainer), trainer.options().seed, file());
  copy_into(trainer.network().parameters(), saved.parameters, file());
  copy_into(trainer.network().buffers(), saved.buffers, file());
  copy_into(trainer.optimizer().state(), saved.optimizer_state, file());
  auto state = generator_state();
  copy_into({{"generator", state}}, std::span(&saved.generator, 1), file());
  set_generator_state(state);
  try {
    auto& compressed = trainer.compressed();
    compressed.restore(learn::CompressionState::from(saved));
    if (trainer.options().compression.budget > 0) {
      compressed.plan_budget(saved.adaptation.at("budget"));
      compressed.bound_memory();
    }
  } catch (const Error& error) {
    throw Error(error.code(), file() + ": " + error.what());
  }
  trainer.set_steps_done(saved.step);
}

}  // namespace terse::train
