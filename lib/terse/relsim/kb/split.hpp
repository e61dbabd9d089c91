#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// Training facts and held-out ones.
struct Split {
  KnowledgeBase kb;  ///< triples: the training facts
  std::vector<Triple> held_out;
  std::uint64_t skipped = 0;  ///< held-out facts left out because they name what the training facts do not
};

/// What facts are split.
struct SplitOptions {
  std::vector<std::string> inputs;  ///< as read_knowledge_base() takes them
  std::string valid;                ///< an input of held-out facts; empty: a random share of `inputs` is held out
  double share = 0;                 ///< of the facts; see hold_out()
};

/// Splits of the same facts, which are read once, for the first.
class SplitSource {
 public:
  /// @param splits  how often next() will be called
  /// @throws Error::Usage where standard input is both an input and the held-out facts
  SplitSource(SplitOptions options, std::int64_t splits);
  /// Valid until the next call; callers may move from it.
  Split& next(std::uint64_t seed);

 private:
  SplitOptions options_;
  std::int64_t left_;
  std::optional<Split> split_;
  std::vector<Triple> all_;  // facts of the inputs, where another share will be held out
};

/// The only split. @param seed  of the share that is held out
Split read_split(SplitOptions options, std::uint64_t seed);

}  // namespace terse::relsim
