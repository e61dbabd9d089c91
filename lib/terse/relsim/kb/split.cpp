#include "terse/relsim/kb/split.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "terse/core/error.hpp"
#include "terse/relsim/kb/triple_reader.hpp"

namespace terse::relsim {

SplitSource::SplitSource(SplitOptions options, std::int64_t splits) : options_(std::move(options)), left_(splits) {
  if (options_.valid == "-" && std::ranges::find(options_.inputs, "-") != options_.inputs.end()) {
    throw Error(Error::Usage, "standard input is given twice: as an input and to --valid");
  }
}

Split& SplitSource::next(std::uint64_t seed) {
  const bool first = !split_;
  if (first) {
    split_.emplace();
    split_->kb = read_knowledge_base(options_.inputs);
    if (!options_.valid.empty()) {
      std::tie(split_->held_out, split_->skipped) = read_known_facts(options_.valid, split_->kb);
    }
  }
  if (options_.valid.empty()) {
    auto& triples = split_->kb.triples;
    if (first) all_ = std::move(triples);
    std::tie(triples, split_->held_out) = hold_out(all_, options_.share, seed);
    if (--left_ == 0) all_ = {};
  }
  return *split_;
}

Split read_split(SplitOptions options, std::uint64_t seed) {
  return std::move(SplitSource(std::move(options), 1).next(seed));
}

}  // namespace terse::relsim
