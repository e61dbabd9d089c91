// Writes an artifact of each kind, with content that the scripts beside this file know, into the folder
// given.
#include <cmath>
#include <filesystem>
#include <string>

#include "terse/core/atomic_file.hpp"
#include "terse/core/philox.hpp"
#include "terse/formats/kinds/checkpoint.hpp"
#include "terse/formats/kinds/clusters.hpp"
#include "terse/formats/kinds/dump.hpp"
#include "terse/formats/kinds/facts.hpp"
#include "terse/formats/kinds/model.hpp"
#include "terse/formats/kinds/profile.hpp"
#include "terse/formats/kinds/similarity.hpp"
#include "terse/quant/codec.hpp"

using namespace terse;
using namespace terse::formats;

namespace {

std::string folder;

template <class Write>
void file(const std::string& name, Write write) {
  core::AtomicFile sink(folder + "/" + name);
  write(sink);
  sink.finish();
}

Header header(std::string producer) {
  Header result;
  result.producer = std::move(producer);
  result.arguments = {"--level", "L1"};
  result.seed = 7;
  return result;
}

// 0, 1/8, 2/8 … of 64 elements, two of 4 rows: what is known exactly without a quantizer.
std::vector<float> ramp(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i % 64) / 8;
  return values;
}

DumpEntry entry(std::uint64_t step, std::string id, std::string op, std::string reason,
                std::vector<std::int64_t> shape) {
  DumpEntry e;
  e.step = step;
  e.id = std::move(id);
  e.op = std::move(op);
  e.role = "result";
  e.reason = std::move(reason);
  e.shape = std::move(shape);
  return e;
}

/// @param rows  exact copy to keep, row by row; empty: none
void add_encoded(DumpWriter& dump, DumpEntry e, const void* x, const quant::Layout& layout,
                 std::span<const std::byte> rows) {
  core::Bytes payload(quant::payload_bytes(layout)), metadata(quant::metadata_bytes(layout));
  quant::encode(x, layout, {.seed = 7, .stream = core::stream_of(e.id.c_str())}, payload, metadata);
  const auto survey = quant::survey(x, layout.count, layout.dtype);
  e.dtype = layout.dtype;
  e.layout = layout;
  e.exact_bytes = layout.count * core::size_of(layout.dtype);
  e.stored_bytes = payload.size() + metadata.size();
  e.minimum = survey.minimum;
  e.maximum = survey.maximum;
  e.zeros = survey.zeros;
  dump.add(e, payload, metadata, rows);
}

void write_dump(core::ByteSink& sink, float scale) {
  DumpWriter dump(sink, header("act-train 0.1.0"), Value::Map{{"model", "mlp"}, {"data", "random"}, {"batch", 4}});
  std::vector<float> values = ramp(1024);
  for (auto& value : values) value *= scale;
  const auto survey = quant::survey(values.data(), values.size(), core::DType::Float32);
  const auto affine = quant::affine_layout(survey, values.size(), core::DType::Float32, {});
  for (const std::uint64_t step : {0u, 1u}) {
    add_encoded(dump, entry(step, "fc1/addmm#1:input", "aten::addmm", "quantized", {4, 256}), values.data(), affine,
                step == 0 ? core::as_bytes(values.data(), values.size()) : std::span<const std::byte>{});
    const std::vector<std::int64_t> labels{3, 1, 2, 3, 0, 9, 5, 7};
    const auto integers = quant::survey(labels.data(), labels.size(), core::DType::Int64);
    add_encoded(dump, entry(step, "nll#1:target", "aten::nll_loss_forward", "integer", {8}), labels.data(),
                quant::lossless_layout(integers, labels.size(), core::DType::Int64), {});
    DumpEntry shared = entry(step, "relu#1:result", "aten::relu", "shared", {4, 256});
    shared.shared_with = "fc1/addmm#1:input";
    dump.add(shared, {}, {});
    DumpEntry weight = entry(step, "fc1/addmm#1:weight", "aten::addmm", "parameter", {16, 256});
    dump.add(weight, {}, {});
  }
  dump.finish();
}

DumpEntry view(std::string id, std::vector<std::int64_t> shape, std::vector<std::int64_t> strides) {
  DumpEntry e = entry(0, std::move(id), "aten::mul", "quantized", std::move(shape));
  e.strides = std::move(strides);
  return e;
}

/// A transposed matrix of rounded numbers, and one row of integers that is expanded to three.
void write_views(core::ByteSink& sink) {
  DumpWriter dump(sink, header("act-train 0.1.0"), Value::Map{{"model", "mlp"}});
  const std::vector<float> memory = ramp(1024);
  std::vector<float> rows;
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 256; ++j) rows.push_back(memory[i + 4 * j]);
  }
  const auto survey = quant::survey(memory.data(), memory.size(), core::DType::Float32);
  add_encoded(dump, view("mul#1:transposed", {4, 256}, {1, 4}), memory.data(),
              quant::affine_layout(survey, memory.size(), core::DType::Float32, {}),
              core::as_bytes(rows.data(), rows.size()));
  const std::vector<std::int64_t> row{7, 9, 8, 15};
  const auto integers = quant::survey(row.data(), row.size(), core::DType::Int64);
  add_encoded(dump, view("gather#1:expanded", {3, 4}, {0, 1}), row.data(),
              quant::lossless_layout(integers, row.size(), core::DType::Int64), {});
  dump.finish();
}

/// What no program writes: four terabytes in four bytes, and strides that lead out of the tensor.
void write_huge(core::ByteSink& sink) {
  DumpWriter dump(sink, header("act-train 0.1.0"), Value::Map{{"model", "mlp"}});
  DumpEntry huge = view("mul#1:huge", {std::int64_t{1} << 40}, {});
  huge.layout.codec = quant::Codec::Constant;
  dump.add(huge, {}, core::Bytes(4));
  dump.finish();
}
void write_strides_beyond(core::ByteSink& sink) {
  DumpWriter dump(sink, header("act-train 0.1.0"), Value::Map{{"model", "mlp"}});
  dump.add(view("mul#1:beyond", {2, 3}, {4, 1}), core::Bytes(24), {});
  dump.finish();
}

/// Zeros apart, and a mask that has one bit more than the entry says.
void write_wrong_mask(core::ByteSink& sink) {
  DumpWriter dump(sink, header("act-train 0.1.0"), Value::Map{{"model", "mlp"}});
  std::vector<float> values = ramp(1024);
  for (std::size_t i = 0; i < values.size(); i += 2) values[i] = 0;
  DumpEntry e = view("mul#1:mask", {1024}, {});
  const auto survey = quant::survey(values.data(), values.size(), e.dtype);
  const auto layout = quant::sparse_layout(quant::affine_layout(survey, values.size(), e.dtype, {}), 512);
  core::Bytes payload(quant::payload_bytes(layout)), metadata(quant::metadata_bytes(layout));
  quant::encode(values.data(), layout, {}, payload, metadata);
  payload[0] |= std::byte{1};
  e.layout = layout;
  dump.add(e, payload, metadata);
  e.id = "mul#1:count";
  e.layout.kept = 2000;
  dump.add(e, payload, metadata);
  e.id = "mul#1:length";
  e.layout.kept = 300;
  dump.add(e, payload, metadata);
  dump.finish();
}

Model model(float first) {
  Model m;
  m.spec = "mlp:hidden=2";
  m.data = "random:3";
  m.classes = {"cat", "dog"};
  m.metrics = Value::Map{{"accuracy", 0.5}, {"step", 10}};
  m.parameters = {make_tensor("fc.weight", {2, 3}, std::vector<float>{first, 2, 3, 4, 5, 6}),
                  make_tensor("fc.bias", {2}, std::vector<float>{0.25f, -1})};
  m.buffers = {make_tensor("norm.count", {}, std::vector<std::int64_t>{10})};
  return m;
}

/// 16 MiB of weights that do not compress.
Model large_model() {
  core::RandomSequence random({.seed = 7});
  std::vector<float> values(std::size_t{1} << 22);
  for (auto& value : values) value = static_cast<float>(random.uniform());
  Model m;
  m.spec = "mlp:hidden=2048";
  m.data = "random:3";
  m.parameters = {make_tensor("big.weight", {static_cast<std::int64_t>(values.size())}, values)};
  return m;
}

Checkpoint checkpoint() {
  Checkpoint c;
  c.model = "mlp:hidden=2";
  c.data = "random:3";
  c.step = 12;
  c.epoch = 1;
  c.optimizer = "adamw";
  c.hyperparameters = Value::Map{{"lr", 0.01}};
  c.scheduler = "cosine";
  c.parameters = model(1).parameters;
  c.optimizer_state = {make_tensor("fc.bias/exp_avg", {2}, std::vector<float>{0, 1})};
  c.generator = Tensor{{"generator", core::DType::UInt8, {4}}, core::Bytes(4)};
  return c;
}

Profile profile() {
  Profile p;
  p.model = "mlp";
  p.data = "random:3";
  p.batch = 4;
  p.sensitivity_method = "exact";
  p.sensitivity_draws = 8;
  ProfiledTensor t;
  t.id = "fc1/addmm#1:input";
  t.op = "aten::addmm";
  t.role = "input";
  t.shape = {4, 256};
  t.exact_bytes = 4096;
  t.reason = "quantized";
  t.maximum = 7.875;
  t.zeros = 16;
  t.distinct = 3;
  t.sensitivity = 0.125;
  t.sensitivity_error = 0.01;
  p.tensors = {t};
  t.id = "relu#1:result";
  t.reason = "shared";
  t.shared_with = "fc1/addmm#1:input";
  t.exact_bytes = 0;
  t.sensitivity.reset();
  t.sensitivity_error.reset();
  p.tensors.push_back(t);
  p.peak_allocated_bytes = 1 << 20;
  return p;
}

Facts facts() {
  Facts f;
  f.entities = {"a", "b", "c", "d"};
  f.relations = {"likes", "knows", "liked_by"};
  f.counts = {3, 5, 2};
  const std::size_t entities = 4, relations = 3, dim = 2, hidden = 3;
  const auto weight = [&](const std::string& name, std::size_t rows, std::size_t columns) {
    std::vector<std::int64_t> shape{static_cast<std::int64_t>(rows)};
    if (columns > 0) shape.push_back(static_cast<std::int64_t>(columns));
    const std::vector<float> values(rows * std::max<std::size_t>(columns, 1), 0.5f);
    f.weights.push_back(make_tensor(name, shape, values));
  };
  weight("entity", entities, dim);
  weight("relation", relations, dim);
  for (const std::string mlp : {"head", "tail"}) {
    weight(mlp + ".0.weight", hidden, dim);
    weight(mlp + ".0.bias", hidden, 0);
    weight(mlp + ".2.weight", hidden, hidden);
    weight(mlp + ".2.bias", hidden, 0);
    weight(mlp + ".4.weight", dim, hidden);
    weight(mlp + ".4.bias", dim, 0);
  }
  f.hyperparameters = Value::Map{{"dim", 2}, {"hidden", 3}};
  return f;
}

Similarity similarity() {
  Similarity s;
  s.relations = {"likes", "knows", "liked_by"};
  s.counts = {3, 5, 2};
  s.divergence = {0, 1, 4, 2, 0, 5, 6, 7, 0};
  s.swapped = {3, 8, 0.25, 8, 3, 9, 0.5, 9, 3};
  s.method = "exact";
  return s;
}

Clusters clusters() {
  Clusters c;
  c.relations = {"likes", "knows", "liked_by"};
  c.cluster = {0, 1, 0};
  c.swapped = {0, 0, 1};
  c.representatives = {0, 1};
  c.merges = {Merge{0, 2, 0.5, 0.9, true, "inverse"}};
  c.linkage = "average";
  c.threshold = 0.75;
  return c;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  folder = argv[1];
  std::filesystem::create_directories(folder);
  file("net.dump", [](core::ByteSink& sink) { write_dump(sink, 1); });
  file("other.dump", [](core::ByteSink& sink) { write_dump(sink, 2); });
  file("views.dump", write_views);
  file("net.model", [](core::ByteSink& sink) { write_model(sink, header("act-train 0.1.0"), model(1)); });
  file("other.model", [](core::ByteSink& sink) { write_model(sink, header("act-train 0.1.0"), model(1.5f)); });
  file("large.model", [](core::ByteSink& sink) { write_model(sink, header("act-train 0.1.0"), large_model()); });
  file("net.checkpoint", [](core::ByteSink& sink) { write_checkpoint(sink, header("act-train 0.1.0"), checkpoint()); });
  file("net.profile", [](core::ByteSink& sink) { write_profile(sink, header("act-profile 0.1.0"), profile()); });
  file("kb.facts", [](core::ByteSink& sink) { write_facts(sink, header("relsim-train 0.1.0"), facts()); });
  file("kb.similarity",
       [](core::ByteSink& sink) { write_similarity(sink, header("relsim-score 0.1.0"), similarity()); });
  file("kb.clusters", [](core::ByteSink& sink) { write_clusters(sink, header("relsim-dedup 0.1.0"), clusters()); });
  // Beside the samples: what scripts do to every sample does not go with these.
  folder += ".damaged";
  std::filesystem::create_directories(folder);
  file("huge.dump", write_huge);
  file("beyond.dump", write_strides_beyond);
  file("mask.dump", write_wrong_mask);
  return 0;
}
