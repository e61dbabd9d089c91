#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "terse/act/tensor/node_id.hpp"
#include "terse/act/tensor/step_context.hpp"

namespace terse::act {

class StoredTensor;

/// Two stored forms of one tensor that differ in their rounding alone.
struct ProbeForms {
  std::shared_ptr<StoredTensor> stored;  ///< what the graph holds
  std::shared_ptr<StoredTensor> other;   ///< rounded by other random numbers
};

/// Bits of a probe's other form.
inline constexpr int kProbeBits = 4;

/// A saved tensor whose effect on the gradient is to be measured.
struct Probe {
  std::string id;
  std::vector<ProbeForms> forms;           ///< of the tensor itself, then of views of it
  double noise = 0;                        ///< sum of both forms' S (sensitivity.hpp)
  std::vector<NodeId> nodes;               ///< of the graph, that hold any of them
  std::shared_ptr<StepContext> step = {};  ///< that saved it
};

/// While it lives, unpack hooks of this thread's step restore the other forms in place of the stored ones.
class Substitution {
 public:
  explicit Substitution(const std::vector<ProbeForms>& forms);

  /// What to restore on this thread in place of `stored`: mostly itself.
  static StoredTensor* of(StoredTensor* stored);
  static bool active();  ///< on this thread

 private:
  StepTurn turn_;
  Scoped<const std::vector<ProbeForms>*> forms_;
};

}  // namespace terse::act
