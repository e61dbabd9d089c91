#include "samples.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace terse::formats::test {
namespace {

std::vector<float> ramp(std::size_t count, float start, float step) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = start + step * static_cast<float>(i);
  return values;
}

core::Bytes counted_bytes(std::size_t count) {
  core::Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i * 37);
  return bytes;
}

void write_sample_dump(core::ByteSink& sink, std::string& digest) {
  DumpWriter writer(sink, sample_header(), Value::Map{{"level", "L1"}, {"model", "mlp"}});
  DumpEntry entry;
  entry.step = 7;
  entry.id = "layer1.relu:result";
  entry.op = "aten::relu";
  entry.role = "result";
  entry.shape = {2, 8};
  entry.reason = "quantized";
  entry.layout = {.codec = quant::Codec::Affine, .count = 16, .levels = 16, .bits = 4, .group = 256};
  entry.exact_bytes = 64;
  entry.stored_bytes = 12;
  entry.minimum = -1.5;
  entry.maximum = 2.25;
  entry.zeros = 3;
  const std::vector<float> exact = ramp(16, -1.5f, 0.25f);
  writer.add(entry, counted_bytes(8), counted_bytes(4), core::as_bytes(exact.data(), exact.size()));
  DumpEntry shared = entry;
  shared.id = "layer2.linear:input";
  shared.op = "aten::linear";
  shared.role = "input";
  shared.reason = "shared";
  shared.layout.codec = quant::Codec::Raw;
  shared.shared_with = entry.id;
  shared.exact_bytes = shared.stored_bytes = 0;
  writer.add(shared, {}, {});
  digest = writer.finish();
}

/// Hands out 1, 2, 3, … 97, 1, … bytes at a time underneath, whole reads above: a pipe behaves like this.
class PipeSource : public core::ByteSource {
 public:
  explicit PipeSource(std::span<const std::byte> bytes) : ByteSource("pipe"), bytes_(bytes) {}

  std::size_t read(std::span<std::byte> into) override {
    std::size_t got = 0;
    while (got < into.size() && !bytes_.empty()) {
      const std::size_t piece = std::min({into.size() - got, bytes_.size(), next_piece_});
      std::memcpy(into.data() + got, bytes_.data(), piece);
      bytes_ = bytes_.subspan(piece);
      got += piece;
      next_piece_ = next_piece_ % 97 + 1;
    }
    return got;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t next_piece_ = 1;
};

}  // namespace

Header sample_header() {
  Header header;
  header.producer = "terse-samples 1.0";
  header.arguments = {"--epochs", "3"};
  header.seed = 0xFEDCBA9876543210u;
  header.parents = {"00112233445566778899aabbccddeeff"};
  return header;
}

Model sample_model() {
  Model model;
  model.spec = "mlp:width=3";
  model.data = "random:4,classes=2";
  model.program_digest = "0123";
  model.classes = {"cat", "dog"};
  model.vocabulary = {"", "the", "größer"};
  model.inputs = Value::Map{{"shape", Value::Array{-1, 4}}};
  model.metrics = Value::Map{{"accuracy", 0.875}, {"final", true}};
  model.parameters = {make_tensor("fc.weight", {2, 4}, std::span<const float>(ramp(8, -1, 0.25f))),
                      make_tensor("fc.bias", {2}, std::span<const float>(ramp(2, 0, 1)))};
  const std::vector<std::int64_t> batches = {42};
  model.buffers = {make_tensor("norm.num_batches_tracked", {}, std::span<const std::int64_t>(batches))};
  return model;
}

Checkpoint sample_checkpoint() {
  Checkpoint c;
  c.model = "mlp:width=3";
  c.program_digest = "0123";
  c.data = "random:4,classes=2";
  c.data_digest = "4567";
  c.step = 120;
  c.epoch = 2;
  c.position = 20;
  c.optimizer = "adam";
  c.hyperparameters = Value::Map{{"lr", 1e-3}, {"betas", Value::Array{0.9, 0.999}}};
  c.scheduler = "cosine";
  c.scheduler_state = Value::Map{{"last_step", 120}};
  c.compression = Value::Map{{"level", "L1"}, {"bits_of", Value::Map{{"relu#1:result", 2}}}};
  c.threads = 2;
  c.options = Value::Map{{"batch", 16}};
  c.metrics = Value::Map{{"best", 0.5}};
  c.adaptation = Value::Map{{"credit", 2.5}};
  c.precision = sample_policy().tensors;
  c.parameters = sample_model().parameters;
  c.buffers = sample_model().buffers;
  c.optimizer_state = {make_tensor("fc.bias/exp_avg", {2}, std::span<const float>(ramp(2, 3, 1))),
                       make_tensor("fc.bias/step", {}, std::span<const float>(ramp(1, 120, 0)))};
  c.generator = {{"generator", core::DType::UInt8, {24}}, counted_bytes(24)};
  return c;
}

Profile sample_profile() {
  Profile p;
  p.model = "mlp:width=3";
  p.data = "random:4,classes=2";
  p.batch = 16;
  ProfiledTensor first;
  first.id = "fc:input";
  first.op = "aten::linear";
  first.role = "input";
  first.dtype = core::DType::BFloat16;
  first.shape = {16, 4};
  first.exact_bytes = 128;
  first.reason = "quantized";
  first.minimum = -3;
  first.maximum = 4;
  first.zeros = 5;
  first.non_finite = 1;
  first.distinct = 3;
  first.sensitivity = 0.125;
  first.sensitivity_error = 0.01;
  first.sensitivity_passed = 0.004;
  first.rungs = {{1, 12}, {4, 36}};
  ProfiledTensor second = first;
  second.id = "relu:result";
  second.reason = "shared";
  second.shared_with = first.id;
  second.sensitivity.reset();
  second.sensitivity_error.reset();
  second.sensitivity_passed.reset();
  second.rungs.clear();
  p.tensors = {first, second};
  p.sensitivity_method = "exact";
  p.sensitivity_draws = 8;
  p.timeline = {{1, 128, 0, 0}, {2, 64, -1, 1}, {2, -64, -1, 1}, {1, -128, 0, 0}};
  p.tags = {"aten::linear", "aten::relu"};
  p.backward_start = 2;
  p.fixed_resident_bytes = 1 << 20;
  p.parameter_bytes = 40;
  p.buffer_bytes = 8;
  p.gradient_bytes = 40;
  p.optimizer_bytes = 80;
  p.live_bytes_before = 168;
  p.peak_allocated_bytes = 360;
  p.peak_resident_bytes = 2 << 20;
  p.step_seconds = 0.25;
  p.gradient_variance = 1e-4;
  p.output_gradient = 0.5;
  p.quantization_variance_predicted = 2e-6;
  p.quantization_variance_measured = 2.5e-6;
  return p;
}

Facts sample_facts() {
  Facts f;
  f.entities = {"paris", "france", "köln"};
  f.relations = {"capital_of", "in"};
  f.counts = {1, 2};
  f.weights = {make_tensor("entity", {3, 2}, std::span<const float>(ramp(6, 0, 0.5f))),
               make_tensor("relation", {2, 2}, std::span<const float>(ramp(4, 1, 0.5f))),
               make_tensor("head.0.weight", {3, 2}, std::span<const float>(ramp(6, -1, 0.5f)))};
  f.hyperparameters = Value::Map{{"dim", 2}, {"lr", 5e-3}};
  f.metrics = Value::Map{{"epochs", Value::Array{5.5, 5.25}}, {"uniform", 5.75}};
  f.triples = {0, 0, 1, 0, 1, 1, 2, 1, 1};
  return f;
}

Similarity sample_similarity() {
  Similarity s;
  s.relations = {"capital_of", "in"};
  s.counts = {1, 2};
  s.divergence = {0, 0.5, 0.75, 0};
  s.swapped = {3, 2.5, 2.25, INFINITY};
  s.divergence_error = {0, 0.01, 0.02, 0};
  s.swapped_error = {0.1, 0.2, 0.3, 0.4};
  s.thin = {1, 0};
  s.method = "sampled";
  s.temperature = 8;
  s.details = Value::Map{{"heads", 20}};
  return s;
}

Clusters sample_clusters() {
  Clusters c;
  c.relations = {"capital_of", "has_capital", "in"};
  c.cluster = {0, 0, 1};
  c.swapped = {0, 1, 0};
  c.representatives = {0, 2};
  c.merges = {{0, 1, 0.25, 0.99, true, "swapped divergence within the threshold"}};
  c.linkage = "average";
  c.threshold = 1.5;
  return c;
}

Policy sample_policy() {
  Policy p;
  p.model = "mlp:width=3";
  p.data = "random:4,classes=2";
  p.batch = 16;
  p.level = "L2.2";
  p.budget = 1 << 20;
  p.tensors = {{"fc#1:input", 4, 0.125, 0.01, 3, 0.5, 0.0625, 0.75, 0.25, 90, 64, {{1, 12}, {4, 36}, {32, 256}}},
               {"softmax#1:result", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {{2, 20}}}};
  return p;
}

Sample make_sample(Kind kind) {
  Sample sample{kind, {}, {}};
  const auto sink = core::memory_sink(sample.bytes);
  switch (kind) {
    case Kind::Profile:
      sample.digest = write_profile(*sink, sample_header(), sample_profile());
      break;
    case Kind::Model:
      sample.digest = write_model(*sink, sample_header(), sample_model());
      break;
    case Kind::Checkpoint:
      sample.digest = write_checkpoint(*sink, sample_header(), sample_checkpoint());
      break;
    case Kind::Dump:
      write_sample_dump(*sink, sample.digest);
      break;
    case Kind::Facts:
      sample.digest = write_facts(*sink, sample_header(), sample_facts());
      break;
    case Kind::Similarity:
      sample.digest = write_similarity(*sink, sample_header(), sample_similarity());
      break;
    case Kind::Policy:
      sample.digest = write_policy(*sink, sample_header(), sample_policy());
      break;
    case Kind::Clusters:
      sample.digest = write_clusters(*sink, sample_header(), sample_clusters());
      break;
  }
  sink->finish();
  return sample;
}

std::vector<Sample> all_samples() {
  std::vector<Sample> samples;
  for (int kind = 0; kind < kKindCount; ++kind) samples.push_back(make_sample(static_cast<Kind>(kind)));
  return samples;
}

std::unique_ptr<core::ByteSource> pipe_source(std::span<const std::byte> bytes) {
  return std::make_unique<PipeSource>(bytes);
}

}  // namespace terse::formats::test
