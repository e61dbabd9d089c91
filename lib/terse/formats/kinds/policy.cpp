#include "terse/formats/kinds/policy.hpp"

#include "terse/formats/artifact/fields.hpp"

namespace terse::formats {

namespace {
constexpr std::uint64_t kMostBits = 32;
int bits_of(const Document& row) { return static_cast<int>(row.count_up_to("bits", kMostBits)); }
}  // namespace

Value to_value(const Rung& rung) { return Value::Map{{"bits", rung.bits}, {"bytes", rung.bytes}}; }
Rung rung_from(const Document& row) { return {bits_of(row), row.count("bytes")}; }

Value to_value(const PolicyTensor& tensor) {
  Value::Array rungs;
  for (const Rung& rung : tensor.rungs) rungs.push_back(to_value(rung));
  return Value::Map{{"id", tensor.id},
                    {"bits", tensor.bits},
                    {"sensitivity", tensor.sensitivity},
                    {"variance", tensor.variance},
                    {"draws", tensor.draws},
                    {"gradient", tensor.gradient},
                    {"passed", tensor.passed},
                    {"passing", tensor.passing},
                    {"cost", tensor.cost},
                    {"probed", tensor.probed},
                    {"derived", tensor.derived},
                    {"rungs", std::move(rungs)}};
}

PolicyTensor policy_tensor_from(const Document& row) {
  PolicyTensor tensor;
  tensor.id = row.text("id");
  tensor.bits = bits_of(row);
  tensor.sensitivity = row.non_negative("sensitivity");
  tensor.variance = row.non_negative("variance");
  tensor.draws = row.count("draws");
  if (row.has("gradient")) tensor.gradient = row.non_negative("gradient");
  if (row.has("passed")) tensor.passed = row.non_negative("passed");
  if (row.has("passing")) tensor.passing = row.non_negative("passing");
  tensor.cost = row.non_negative("cost");
  tensor.probed = row.count("probed");
  if (row.has("derived")) tensor.derived = row.count("derived");
  for (const Document& rung : row.rows("rungs")) tensor.rungs.push_back(rung_from(rung));
  return tensor;
}

std::string write_policy(core::ByteSink& sink, Header header, const Policy& policy) {
  ArtifactWriter writer(sink, header_for(Kind::Policy, std::move(header)));
  writer.document("policy", Value::Map{{"model", policy.model},
                                       {"data", policy.data},
                                       {"batch", policy.batch},
                                       {"level", policy.level},
                                       {"budget", policy.budget}});
  write_rows(writer, "tensors", policy.tensors.size(), [&](std::size_t i) { return to_value(policy.tensors[i]); });
  return writer.finish();
}

Loaded<Policy> read_policy(std::unique_ptr<core::ByteSource> source, ArtifactReader::Limits limits) {
  ArtifactReader reader(std::move(source), limits);
  Loaded<Policy> loaded{reader.expect(Kind::Policy), {}, {}};
  Policy& policy = loaded.content;
  bool found = false;
  while (const auto item = reader.next()) {
    if (item->name == "policy") {
      const Document document(reader, *item);
      policy.model = document.text("model");
      policy.data = document.text("data");
      policy.batch = document.count("batch");
      policy.level = document.text("level");
      policy.budget = document.count("budget");
      found = true;
    } else if (within(item->name, "tensors")) {
      for (const Document& row : Document(reader, *item).rows("rows"))
        policy.tensors.push_back(policy_tensor_from(row));
    }
  }
  require_item(reader, found, "policy");
  loaded.digest = reader.digest();
  return loaded;
}

}  // namespace terse::formats
