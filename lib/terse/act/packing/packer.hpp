#pragma once

#include <deque>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "terse/act/operators/operator_tracker.hpp"
#include "terse/act/packing/derivations.hpp"
#include "terse/act/packing/hook.hpp"
#include "terse/act/packing/options.hpp"
#include "terse/act/packing/shared_tensors.hpp"
#include "terse/act/stored/encoder.hpp"
#include "terse/act/stored/substitution.hpp"
#include "terse/act/tensor/owned_tensors.hpp"
#include "terse/act/tensor/saved_tensor.hpp"
#include "terse/act/tensor/storage_ledger.hpp"

namespace terse::act {

class Packer;
class Recomputation;

/// The context of a packer's step: the graph, and with it what is recomputed, may outlive both.
struct PackerStep final : StepContext {
  Packer* packer = nullptr;  ///< null once the step has ended
  std::weak_ptr<Recomputation> run_again_last = {};
};

/// Decides what becomes of each saved tensor of a step, and keeps the books. One thread at a time (StepTurn).
class Packer final : public PackSink {
 public:
  explicit Packer(CompressionOptions options);

  OwnedTensors& owned() { return owned_; }
  OwnedTensors& batch() { return batch_; }
  void observe(PackObserver observer) { observer_ = std::move(observer); }

  void set_bits(std::map<std::string, int> bits_of);
  void probe(std::set<std::string> ids) { to_probe_ = std::move(ids); }
  std::vector<Probe> take_probes() { return std::exchange(probes_, {}); }

  void begin(std::uint32_t step);
  void end();
  bool in_step() const { return step_ != nullptr; }

  std::shared_ptr<StoredTensor> pack(const at::Tensor& tensor) override;

  // For recomputed blocks (recompute.hpp).
  const std::shared_ptr<PackerStep>& step() const { return step_; }
  /// Stores what a block is to be run on once more: without loss.
  std::shared_ptr<StoredTensor> pack_input(const at::Tensor& tensor, std::uint32_t occurrence, std::size_t index);
  std::uint32_t count_block() { return step_->operators->count("recompute"); }
  bool lives_anyway(const at::Tensor& tensor) const;
  /// Enters a tensor in the books that nothing is stored of. @return its place in saved()
  std::size_t defer(const at::Tensor& tensor);
  /// Stores it after all, as pack() would have: the second run of its block saves it.
  std::shared_ptr<StoredTensor> pack_deferred(const at::Tensor& tensor, std::size_t place);
  /// Follows the second run where it saves what needs no storing.
  std::shared_ptr<StoredTensor> pass_over(const at::Tensor& tensor);
  /// What pack_input() gave is `tensor` again, perhaps in other memory: whatever saves it shares it.
  void restored_input(const at::Tensor& tensor, const std::shared_ptr<StoredTensor>& stored, std::string id);

  const Totals& totals() const { return totals_; }
  const std::vector<SavedTensor>& saved() const { return saved_; }

 private:
  /// A saved tensor on its way: what the graph will hold, what the books and the observer will see.
  struct Packing {
    const at::Tensor& tensor;
    SavedTensor info;
    Requirement need = {};
    std::shared_ptr<StoredTensor> stored = nullptr;
    std::shared_ptr<EncodedTensor> encoded = nullptr;    // where there are bytes to show,
    at::Tensor content = {};                             // and what they encode, where that is not the tensor
    std::shared_ptr<EncodedTensor> positives = nullptr;  // that it was encoded with
    bool still_written = false;                          // by the operator that saves it, once it runs
    bool has_rule = true;                                // its operator, for it
  };

  SavedTensor describe(const at::Tensor& tensor);
  void decide(Packing& packing);
  std::optional<Reason> reason_to_keep(const Packing& packing) const;
  bool keeps_all() const;
  Requirement requirement_of(const SavedTensor& info) const;
  quant::AffineOptions affine_for(const SavedTensor& info) const;  ///< bits 32: exact
  bool is_minor(const SavedTensor& info) const;                    ///< next to nothing of what the step saves
  std::optional<quant::AffineOptions> refine(Packing& packing, const at::Tensor& content,
                                             quant::AffineOptions affine) const;
  bool share(Packing& packing);
  bool share_memory(Packing& packing);
  bool derive(Packing& packing);
  bool derive_own(Packing& packing);
  bool adopt(Packing& packing, std::optional<Derivations::Found> derived);
  void keep(Packing& packing, Reason reason);
  void refer(Packing& packing, Reason reason);
  void keep_exact(Packing& packing, const quant::AffineOptions& affine);
  void encode(Packing& packing, const quant::AffineOptions& affine);
  void probe(const Packing& packing);
  void follow(const Packing& packing, const std::shared_ptr<StoredTensor>& content);
  bool encode_window(Packing& packing);
  bool encode_rows(Packing& packing, const quant::AffineOptions& affine);
  void encode_negative(Packing& packing, quant::AffineOptions affine);
  std::optional<Reason> encode_image(Packing& packing, const quant::AffineOptions& affine);
  EncodeRequest request_for(const Packing& packing, const quant::AffineOptions& affine) const;
  void adopt(Packing& packing, Encoded encoded, std::shared_ptr<StoredTensor> stored = nullptr);
  void record(Packing& packing);
  void show(const Packing& packing) const;
  void swap_out(const Packing& packing);
  const RunningOperator& running() const { return step_->operators->running(); }

  CompressionOptions options_;
  OwnedTensors owned_, batch_;
  PackObserver observer_;
  std::set<std::string> to_probe_;  // in the step to come
  std::vector<Probe> probes_;       // of the step

  std::uint32_t step_index_ = 0;
  std::shared_ptr<PackerStep> step_;  // null between steps
  std::optional<StepAdoption> adoption_;
  std::optional<OperatorTracker> tracker_;
  std::optional<SinkScope> sink_;
  std::unordered_map<const c10::StorageImpl*, Reason> owned_storages_;
  SharedTensors shared_;
  Derivations derivations_;
  StorageLedger exact_, kept_;                               // storages charged to exact_bytes and to stored_bytes
  std::unordered_map<std::size_t, std::uint64_t> deferred_;  // exact bytes of all before, by place
  std::optional<std::uint64_t> exact_before_;                // what is_minor() goes by, in a second run
  std::optional<Swapper> swapper_;
  std::deque<std::shared_ptr<EncodedTensor>> signs_;  // saved last, still in memory
  Totals totals_;
  std::vector<SavedTensor> saved_;
};

}  // namespace terse::act
