#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "terse/act/swap_store.hpp"
#include "terse/act/torch.hpp"
#include "terse/core/dtype.hpp"
#include "terse/quant/codec.hpp"

namespace terse::act {

/// Compression levels, named as GACT names them: L0 off, L1 4 bits, L1.1 8 bits, L1.2 2 bits; bits that differ from
/// tensor to tensor (Compression::set_bits), at their average: L2 4, L2.1 3, L2.2 2.
enum class Level { L0, L1, L1_1, L1_2, L2, L2_1, L2_2 };

Level level_from_string(std::string_view name);  ///< "L0", "L1.1" …; @throws Error::Usage
/// Levels with a second tier, as GACT names them: "L3" is L2 with one, "L4bit-swap" L1, "swap" L0. Others are given
/// back.
/// @param swaps  set to whether the name asks for a second tier
std::string_view level_beside_swap(std::string_view name, bool& swaps);
std::string_view to_string(Level level);
/// Average bits of an adaptive level; 0 for the others.
int average_bits(Level level);
/// Whether a level codes entropy (CompressionOptions::entropy) where nothing else is asked for: L2.1 and L2.2, at which
/// bytes count for more than a few percent of time.
bool codes_entropy(Level level);

/// What became of a saved tensor, and why.
enum class Reason : std::uint8_t {
  Quantized,   ///< floating, lossy
  Mask,        ///< two values, or an operand of which backward asks one yes or no an element: exact, 1 bit
  Integer,     ///< integers at their true width (indices of max-pool: within the window): lossless
  Constant,    ///< one value: lossless
  Shared,      ///< the same memory at the same version as an earlier saved tensor, with its shape or another
  Parameter,   ///< a parameter of the model: reference kept, costs nothing
  Buffer,      ///< a buffer of the model
  Batch,       ///< the batch itself
  Small,       ///< below CompressionOptions::small_bytes: kept as it is
  NonFinite,   ///< holds NaN or infinity: kept raw
  Device,      ///< not a dense CPU tensor: kept as it is
  Exact,       ///< level L0, 32 bits asked for, or no smaller form exists
  Shape,       ///< backward needs its sizes alone: nothing stored
  Critical,    ///< rounding would spoil the gradient (divisors, logarithms, statistics): kept as it is
  Derived,     ///< computed again from what is stored of `shared_with`, its operand: a layer norm's result, an
               ///< attention's, a smooth activation's, a dropout's (recipes.hpp)
  Recomputed,  ///< inside a recomputed block (recompute.hpp) that has not run again: nothing stored
};
inline constexpr int kReasonCount = 16;
std::string_view to_string(Reason reason);  ///< "quantized", "mask", "non-finite" …

/// One saved tensor of one step.
struct SavedTensor {
  std::string id;         ///< "relu#3:result", in a ModuleScope "layer1.0/relu#1:result"; stable over steps
  std::string op = {};    ///< operator that saved it: "aten::relu"
  std::string role = {};  ///< "input", "result", …: as far as known
  core::DType dtype = core::DType::Float32;
  std::vector<std::int64_t> shape = {};
  std::optional<std::uint64_t> node =
      {};  ///< sequence number of the graph's node that saves it; none of a block's input
  Reason reason = Reason::Exact;
  std::string shared_with = {};  ///< id of the saved tensor that holds the content, or what it is derived from
  quant::Layout layout = {};     ///< of the encoded elements; codec Raw and count 0 where nothing was encoded
  /// Element (i, j, …) of the tensor is encoded element i*strides[0] + j*strides[1] + …: a permuted tensor is encoded
  /// in the order of its memory, an expanded dimension (stride 0) once.
  std::vector<std::int64_t> strides = {};
  /// What keeping the tensor would newly hold alive: its whole storage where it is the first saved tensor of that
  /// storage in the step, else 0; 0 for parameter, buffer, batch.
  std::uint64_t exact_bytes = 0;
  /// Payload and metadata, less what an earlier saved tensor has of them (the mask of a ReLU whose result is encoded
  /// with its zeros apart); or what is kept.
  std::uint64_t stored_bytes = 0;
  std::uint64_t shared_bytes = 0;  ///< that earlier tensor's part
  quant::Survey survey = {};       ///< of the whole content; taken only while an observer is set, it costs a pass
};

struct CompressionOptions {
  Level level = Level::L1;
  int bits = 0;                             ///< 0: the level's; else 1, 2, 4, 8 or 32
  std::map<std::string, int> bits_of = {};  ///< by SavedTensor::id; overrides bits; 32 keeps exact
  int levels = 0;                           ///< grid points of rounded tensors, 2 to 256, where bits_of says nothing;
                                            ///< 0: 2^bits
  std::uint32_t group = 256;
  bool dither = true;    ///< quant::AffineOptions::dither: half the variance for the same bytes
  bool sparse = true;    ///< store zeros apart where that is smaller
  bool entropy = false;  ///< finer grids, entropy coded, in the bytes that the bits take (quant/entropy.hpp)
  bool derive = true;    ///< compute results again from what their operands are stored as (Reason::Derived)
  std::uint64_t seed = 0;
  std::uint64_t small_bytes = 1024;      ///< tensors below this are kept as they are
  std::shared_ptr<SwapStore> swap = {};  ///< where stored tensors go; null: they stay in memory
};

/// Sums over the saved tensors of the current or last step.
struct Totals {
  std::uint64_t tensors = 0;
  std::uint64_t exact_bytes = 0;  ///< distinct live bytes after forward without compression
  std::uint64_t stored_bytes = 0;
  std::uint64_t bytes_by_reason[kReasonCount] = {};  ///< exact bytes
  std::uint64_t count_by_reason[kReasonCount] = {};
  std::uint64_t non_finite = 0;
};

/// Sees each saved tensor as it is packed, with its exact content and its encoded form.
struct PackedView {
  const SavedTensor& info;
  const at::Tensor& exact;             ///< as saved (may be non-contiguous); what was encoded in its place
                                       ///< otherwise: window positions of a max-pool, two values of a clamp
  std::span<const std::byte> payload;  ///< empty where the tensor is kept or shared
  std::span<const std::byte> metadata;
};
using PackObserver = std::function<void(const PackedView&)>;

struct Probe;

/// Activation compressed training for any code that runs forward and backward on this thread.
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

  /// While a Step lives, tensors that this thread saves for backward go through the hook. It ends on the thread that
  /// started it. What the graph holds stays valid afterwards. Nesting is an error (Error::Usage).
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

/// A module path for the operators that this thread runs while the scope lives ("layer1.0.conv1"): becomes part of
/// the ids. The path is whole: an inner scope replaces the outer one until it ends.
class ModuleScope {
 public:
  explicit ModuleScope(std::string_view path);
  ~ModuleScope();
  ModuleScope(const ModuleScope&) = delete;
  ModuleScope& operator=(const ModuleScope&) = delete;

 private:
  std::string outer_;
};

}  // namespace terse::act
