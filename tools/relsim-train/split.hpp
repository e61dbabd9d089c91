#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "terse/relsim/kb/knowledge_base.hpp"

namespace CLI {
class App;
}

namespace terse::tools {

/// Training facts and held-out ones.
struct Split {
  relsim::KnowledgeBase kb;  ///< triples: the training facts
  std::vector<relsim::Triple> held_out;
};

/// The inputs of a training command, in every form that triples come in.
void add_triples(CLI::App& command, std::vector<std::string>& inputs);

/// Splits of the same facts, which are read once, for the first.
class SplitSource {
 public:
  /// As read_split() has them. @param splits  how often next() will be called
  SplitSource(std::vector<std::string> inputs, std::string valid, double share, std::int64_t splits);
  /// Until the next call; by then it may be moved from.
  Split& next(std::uint64_t seed);

 private:
  void read_valid();

  std::vector<std::string> inputs_;
  std::string valid_;
  double share_;
  std::int64_t left_;
  std::optional<Split> split_;
  std::vector<relsim::Triple> all_;  // facts of the inputs, where another share will be held out
};

/// Reads `inputs`; holds out the facts in the file `valid`, those that name what is not known left out with a warning,
/// or, where it is empty, a random `share` of the inputs.
Split read_split(const std::vector<std::string>& inputs, const std::string& valid, double share, std::uint64_t seed);

}  // namespace terse::tools
