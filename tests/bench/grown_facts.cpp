// Makes a fact model of any size from a trained one: grown_facts FACTS ENTITIES RELATIONS > GROWN
// Entities and relations are those of the model over and over, each copy moved a little, so that distributions and
// active units are those of a trained model. Names are numbers; there are no facts.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/core/philox.hpp"
#include "terse/formats/kinds/facts.hpp"
#include "terse/relsim/facts/fact_artifact.hpp"

namespace {

using namespace terse;

/// `count` rows: those of `from` in turn, copies after the first with a tenth of their spread added.
at::Tensor grown_rows(const at::Tensor& from, std::int64_t count, const char* purpose) {
  const auto spread = 0.1 * from.std().item<double>();
  core::RandomSequence random({1, core::stream_of(purpose), 0});
  auto rows = at::empty({count, from.size(1)});
  for (std::int64_t i = 0; i < count; ++i) {
    auto row = rows[i];
    row.copy_(from[i % from.size(0)]);
    if (i < from.size(0)) continue;
    auto* values = row.data_ptr<float>();
    for (std::int64_t k = 0; k < from.size(1); ++k) values[k] += static_cast<float>(spread * random.normal());
  }
  return rows;
}

std::vector<std::string> numbers(const char* prefix, std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

}  // namespace

int main(int argc, char** argv) {
  const auto entities = argc == 4 ? std::atoll(argv[2]) : 0, relations = argc == 4 ? std::atoll(argv[3]) : 0;
  if (entities < 1 || relations < 1) {
    std::fputs("usage: grown_facts FACTS ENTITIES RELATIONS > GROWN\n", stderr);
    return 2;
  }
  auto model = relsim::load_fact_model(formats::read_facts(core::open_source(argv[1])).content, argv[1]);
  const auto had = model.shape().relations;
  model.query = at::cat({grown_rows(model.query.narrow(0, 0, had), relations, "relation"),
                         grown_rows(model.query.narrow(0, had, had), relations, "inverse")});
  model.entity = grown_rows(model.entity, entities, "entity");
  formats::Facts facts;
  facts.entities = numbers("e", entities);
  facts.relations = numbers("r", relations);
  facts.counts.assign(static_cast<std::size_t>(relations), 1);
  facts.weights = relsim::store_fact_model(model);
  facts.hyperparameters = formats::Value::Map{{"model", "neural"}};
  facts.metrics = formats::Value::Map{};
  const auto sink = core::open_sink("-", core::Content::Binary);
  formats::Header header;
  header.producer = "grown_facts";
  write_facts(*sink, header, facts);
  sink->finish();
}
