#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "terse/act/packing/options.hpp"
#include "terse/act/stored/substitution.hpp"
#include "terse/act/tensor/module_scope.hpp"
#include "terse/act/tensor/saved_tensor.hpp"
#include "terse/act/tensor/torch.hpp"

namespace terse::act {

/// Activation compressed training for any code that runs forward and backward.
///
///     terse::act::Compression compression({.level = terse::act::Level::L1});
///     compression.own(*model);                       // parameters and buffers cost nothing to keep
///     for (…) {
///       auto step = compression.step();              // guard around forward and backward
///       loss(model->forward(x)).backward();
///     }
///
/// Source: GACT (ICML 2022) section 4; differs in: operator context, exact dedup, every byte
/// classified, counter-based randomness.
class Compression {
  struct State;

 public:
  /// @throws Error::Usage for bits or a group that the codecs do not have
  explicit Compression(CompressionOptions options);
  ~Compression();
  Compression(const Compression&) = delete;
  Compression& operator=(const Compression&) = delete;

  /// Registers a model's parameters and buffers, or single tensors, as living anyway.
  void own(const torch::nn::Module& module);
  void own(const at::Tensor& tensor, Reason reason);
  /// The batch of the coming step (replaces the last one's).
  void batch(const std::vector<at::Tensor>& tensors);

  /// While a Step lives, tensors that this thread saves for backward go through the hook. The backward pass may run on
  /// another thread, while this one waits: two that save tensors of one step at the same time are an error
  /// (Error::Usage). What the graph holds stays valid after the step. Nesting is an error (Error::Usage).
  class [[nodiscard]] Step {
   public:
    ~Step();
    Step(Step&&) noexcept;
    Step& operator=(Step&&) = delete;

   private:
    friend class Compression;
    explicit Step(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;  // null once moved from
  };
  /// Starts step `index` (the random stream's step); without a number: one more than the last.
  [[nodiscard]] Step step();
  [[nodiscard]] Step step(std::uint32_t index);

  /// From the next step on, bits by SavedTensor::id: 1 to 8, or 32 to keep exact; others as the options say.
  /// @throws Error::Usage for other bits
  void set_bits(std::map<std::string, int> bits_of);
  /// In the next step, these tensors are stored in a second form, for a GradientProbe.
  void probe(std::set<std::string> ids);
  /// The probes of the current step, where they were asked for and the tensors can be rounded. Moves them out.
  std::vector<Probe> take_probes();

  void observe(PackObserver observer);  ///< called for each saved tensor; empty to stop
  const Totals& totals() const;         ///< of the current or last step
  /// Every saved tensor of the current or last step, in order of saving.
  const std::vector<SavedTensor>& saved() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace terse::act
