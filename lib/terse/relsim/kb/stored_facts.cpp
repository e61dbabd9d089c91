#include "terse/relsim/kb/stored_facts.hpp"

#include <utility>

#include "terse/core/error.hpp"

namespace terse::relsim {

std::vector<Triple> triples_of(const formats::Facts& facts) {
  std::vector<Triple> triples(facts.triples.size() / 3);
  for (std::size_t i = 0; i < triples.size(); ++i) {
    triples[i] = {facts.triples[3 * i], facts.triples[3 * i + 1], facts.triples[3 * i + 2]};
  }
  return triples;
}

bool only_counts(const formats::Facts& facts) {
  const auto* model = facts.hyperparameters.find("model");
  return model && model->is_string() && model->as_string() == "counts";
}

StoredFacts read_stored_facts(const std::string& path) {
  auto read = formats::read_facts(core::open_source(path));
  StoredFacts stored{path, std::move(read.digest), read.header.seed, std::move(read.content), {}};
  stored.triples = triples_of(stored.facts);
  if (stored.triples.empty()) throw Error(Error::BadInput, path + ": holds no triples");
  return stored;
}

}  // namespace terse::relsim
