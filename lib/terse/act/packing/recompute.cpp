#include "terse/act/packing/recompute.hpp"

#include <sstream>

#include "terse/act/packing/hook.hpp"
#include "terse/act/packing/packer.hpp"
#include "terse/core/error.hpp"

namespace terse::act {

namespace {

/// While it lives, a block runs, and what it saves goes to a sink of its own.
class BlockScope {
 public:
  explicit BlockScope(PackSink& sink) : in_block_(StepContext::of_thread().in_block, true), sink_(sink) {}

 private:
  Scoped<bool> in_block_;
  SinkScope sink_;
};

at::Generator default_generator() { return at::globalContext().defaultGenerator(at::kCPU); }

/// Puts the default generator back to a state for as long as it lives.
class GeneratorScope {
 public:
  explicit GeneratorScope(const at::Tensor& state) : outer_(default_generator().get_state()) {
    default_generator().set_state(state);
  }
  // NOLINTNEXTLINE(bugprone-exception-escape): a state that get_state() gave is taken
  ~GeneratorScope() { default_generator().set_state(outer_); }
  GeneratorScope(const GeneratorScope&) = delete;
  GeneratorScope& operator=(const GeneratorScope&) = delete;

 private:
  at::Tensor outer_;
};

/// Puts buffers back to what they hold now. Their versions stay: saved references to them are as good as before.
class BufferScope {
 public:
  explicit BufferScope(const std::vector<at::Tensor>& buffers) {
    const at::NoGradGuard no_grad;
    for (const at::Tensor& buffer : buffers) held_.emplace_back(buffer.variable_data(), buffer.clone());
  }
  ~BufferScope() {
    const at::NoGradGuard no_grad;
    for (auto& [buffer, held] : held_) buffer.copy_(held);
  }
  BufferScope(const BufferScope&) = delete;
  BufferScope& operator=(const BufferScope&) = delete;

 private:
  std::vector<std::pair<at::Tensor, at::Tensor>> held_;
};

std::string describe(const at::Tensor& tensor) {
  std::ostringstream text;
  text << tensor.scalar_type() << ' ' << tensor.sizes();
  return text.str();
}

}  // namespace

/// A tensor that the first run of a block saved, and nothing of it until the block runs again.
class RecomputedTensor final : public StoredTensor {
 public:
  explicit RecomputedTensor(std::shared_ptr<Recomputation> block) : block_(std::move(block)) {}
  at::Tensor restore() override;

  void fill(std::shared_ptr<StoredTensor> content) { content_ = std::move(content); }

 private:
  std::shared_ptr<Recomputation> block_;
  std::shared_ptr<StoredTensor> content_;
};

/// One call of recompute(): what its block needs to run again, and who waits for it.
class Recomputation final : public std::enable_shared_from_this<Recomputation> {
 public:
  Recomputation(BlockFunction block, const std::vector<at::Tensor>& buffers, Packer& packer)
      : block_(std::move(block)),
        buffers_(buffers),
        generator_(default_generator().get_state()),
        step_(packer.step()) {}

  std::vector<at::Tensor> run_first(std::vector<at::Tensor> inputs);
  void run_again();
  /// Forgets what the second run saved: another block has run again since, so that what is left belongs to a graph that
  /// is kept.
  void empty() {
    for (const Slot& slot : slots_) {
      if (const auto waiting = slot.waiting.lock()) waiting->fill(nullptr);
    }
  }

 private:
  struct Input {
    std::shared_ptr<StoredTensor> stored;  // null where it is undefined
    std::string id;
    bool requires_grad;
  };
  struct Slot {
    std::weak_ptr<RecomputedTensor> waiting;  // none where the tensor lives anyway
    std::size_t place = 0;                    // in Packer::saved()
    at::ScalarType type;
    std::vector<std::int64_t> sizes;
  };

  class First final : public PackSink {
   public:
    explicit First(Recomputation& block, Packer& packer) : block_(block), packer_(packer) {}
    std::shared_ptr<StoredTensor> pack(const at::Tensor& tensor) override;

   private:
    Recomputation& block_;
    Packer& packer_;
  };

  class Again final : public PackSink {
   public:
    Again(Recomputation& block, Packer* packer) : block_(block), packer_(packer) {}
    std::shared_ptr<StoredTensor> pack(const at::Tensor& tensor) override;
    std::size_t count() const { return next_; }

   private:
    Recomputation& block_;
    Packer* packer_;  // null where the step is over
    std::size_t next_ = 0;
  };

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(Error::Usage, "the recomputed block " + (position_.scope.empty() ? "" : position_.scope + " ") +
                                  "does not do the same when it runs again: " + what);
  }

  BlockFunction block_;
  std::vector<at::Tensor> buffers_;
  at::Tensor generator_;
  std::shared_ptr<PackerStep> step_;
  TrackerPosition position_;
  std::vector<Input> inputs_;
  std::vector<Slot> slots_;
};

at::Tensor RecomputedTensor::restore() {
  if (!content_) block_->run_again();
  if (!content_) throw Error(Error::Internal, "a recomputed block left a saved tensor out");
  return content_->restore();
}

std::shared_ptr<StoredTensor> Recomputation::First::pack(const at::Tensor& tensor) {
  Slot slot{{}, 0, tensor.scalar_type(), tensor.sizes().vec()};
  std::shared_ptr<StoredTensor> stored;
  if (packer_.lives_anyway(tensor)) {
    stored = packer_.pack(tensor);
  } else {
    slot.place = packer_.defer(tensor);
    auto waiting = std::make_shared<RecomputedTensor>(block_.shared_from_this());
    slot.waiting = waiting;
    stored = std::move(waiting);
  }
  block_.slots_.push_back(std::move(slot));
  return stored;
}

std::shared_ptr<StoredTensor> Recomputation::Again::pack(const at::Tensor& tensor) {
  if (next_ >= block_.slots_.size()) block_.refuse("it saves more tensors");
  const Slot& slot = block_.slots_[next_++];
  if (slot.type != tensor.scalar_type() || tensor.sizes() != slot.sizes) {
    std::ostringstream then;
    then << slot.type << ' ' << at::IntArrayRef(slot.sizes);
    block_.refuse("it saves " + describe(tensor) + " where it saved " + then.str());
  }
  const auto waiting = slot.waiting.lock();
  if (!waiting) {
    // Lives anyway, or the backward pass is through with it.
    if (packer_) return packer_->pass_over(tensor);
    return std::make_shared<KeptTensor>(tensor, "tensor of a graph that is dropped");
  }
  auto stored = packer_ ? packer_->pack_deferred(tensor, slot.place)
                        : std::make_shared<KeptTensor>(tensor, "tensor of a recomputed block");
  waiting->fill(stored);
  return stored;
}

std::vector<at::Tensor> Recomputation::run_first(std::vector<at::Tensor> inputs) {
  Packer& packer = *step_->packer;
  const std::uint32_t occurrence = packer.count_block();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const at::Tensor& input = inputs[i];
    Input kept{nullptr, {}, input.defined() && input.requires_grad()};
    if (input.defined()) {
      kept.stored = packer.pack_input(input, occurrence, i);
      kept.id = packer.saved().back().id;
    }
    inputs_.push_back(std::move(kept));
  }
  position_ = step_->operators->position();
  First sink(*this, packer);
  const BlockScope scope(sink);
  return block_(inputs);
}

void Recomputation::run_again() {
  const StepAdoption here(step_);
  const StepTurn turn(*step_);
  // The books of a step that has ended, or while another block runs, have no room for it.
  Packer* packer = step_->sink == step_->packer ? step_->packer : nullptr;
  if (const auto last = step_->run_again_last.lock(); last && last.get() != this) last->empty();
  step_->run_again_last = weak_from_this();

  const at::AutoGradMode with_graph(true);
  std::vector<at::Tensor> inputs;
  for (const Input& input : inputs_) {
    at::Tensor& tensor = inputs.emplace_back();
    if (!input.stored) continue;
    tensor = input.stored->restore().detach();
    if (packer) packer->restored_input(tensor, input.stored, input.id);
    tensor.set_requires_grad(input.requires_grad);
  }
  const GeneratorScope generator(generator_);
  const BufferScope buffers(buffers_);
  const Scoped<std::string> path(step_->scope, position_.scope);
  std::optional<OperatorTracker> tracker;
  if (packer) tracker.emplace(position_.occurrences);
  Again sink(*this, packer);
  const BlockScope scope(sink);
  block_(inputs);
  if (sink.count() != slots_.size()) refuse("it saves fewer tensors");
}

std::vector<at::Tensor> recompute(const BlockFunction& block, std::vector<at::Tensor> inputs,
                                  const std::vector<at::Tensor>& buffers) {
  const StepContext& step = StepContext::of_thread();
  auto* packer = dynamic_cast<Packer*>(step.sink);
  if (!packer || step.in_block || !at::GradMode::is_enabled()) return block(inputs);
  return std::make_shared<Recomputation>(block, buffers, *packer)->run_first(std::move(inputs));
}

std::vector<at::Tensor> recompute_in_slices(const BlockFunction& block, const std::vector<at::Tensor>& inputs,
                                            std::int64_t slices) {
  const std::int64_t examples = inputs.at(0).size(0);
  if (slices < 2 || examples < 2) return recompute(block, inputs);
  const std::int64_t length = (examples + slices - 1) / slices;
  const auto count = static_cast<std::size_t>((examples + length - 1) / length);
  std::vector<std::vector<at::Tensor>> given(count);
  for (const at::Tensor& input : inputs) {
    const bool is_cut = input.defined() && input.dim() > 0 && input.size(0) == examples;
    const auto parts = is_cut ? at::split(input, length) : std::vector(count, input);
    for (std::size_t i = 0; i < count; ++i) given[i].push_back(parts[i]);
  }
  std::vector<std::vector<at::Tensor>> results;  // [results][count]
  for (auto& slice : given) {
    auto made = recompute(block, std::move(slice));
    results.resize(made.size());
    for (std::size_t k = 0; k < made.size(); ++k) results[k].push_back(std::move(made[k]));
  }
  std::vector<at::Tensor> joined;
  for (auto& parts : results) {
    joined.push_back(at::cat(parts));
    parts.clear();
  }
  return joined;
}

}  // namespace terse::act
