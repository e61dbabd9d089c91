#include "gact_control.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "terse/core/parallel.hpp"
#include "terse/core/philox.hpp"

namespace terse::bench {

namespace {

constexpr std::int64_t kGroup = 256;
constexpr std::size_t kGroupsAtOnce = 256;
constexpr float kEpsilon = 2e-6f;  // theirs, so that a constant group does not divide by zero

/// Codes one a byte: what they cost is bytes(), as theirs are packed.
class GactTensor final : public act::StoredTensor {
 public:
  GactTensor(const at::Tensor& tensor, const GactOptions& options, std::uint32_t stream)
      : sizes_(tensor.sizes().vec()), type_(tensor.scalar_type()), bits_(options.bits) {
    const at::NoGradGuard no_grad;
    const at::Tensor x = tensor.detach().contiguous().to(at::kFloat);
    count_ = x.numel();
    const auto groups = static_cast<std::size_t>((count_ + kGroup - 1) / kGroup);
    codes_.resize(groups * kGroup);
    minimum_.resize(groups);
    scale_.resize(groups);
    const float* data = x.const_data_ptr<float>();
    core::parallel_for(groups, kGroupsAtOnce, [&](std::size_t begin, std::size_t end) {
      for (std::size_t group = begin; group < end; ++group) encode(data, group, {options.seed, stream, 0});
    });
  }

  at::Tensor restore() override {
    const at::NoGradGuard no_grad;
    at::Tensor x = at::empty(sizes_, at::kFloat);
    float* out = x.mutable_data_ptr<float>();
    core::parallel_for(scale_.size(), kGroupsAtOnce, [&](std::size_t begin, std::size_t end) {
      const std::size_t last = std::min(end * kGroup, static_cast<std::size_t>(count_));
      for (std::size_t i = begin * kGroup; i < last; ++i) {
        out[i] = static_cast<float>(codes_[i]) / scale_[i / kGroup] + minimum_[i / kGroup];
      }
    });
    return x.to(type_);
  }

  std::uint64_t bytes() const {
    return codes_.size() * static_cast<std::uint64_t>(bits_) / 8 + scale_.size() * 2 * c10::elementSize(type_);
  }

 private:
  void encode(const float* x, std::size_t group, const core::RandomKey& key) {
    float padded[kGroup] = {};
    const std::size_t first = group * kGroup;
    std::copy(x + first, x + std::min(first + kGroup, static_cast<std::size_t>(count_)), padded);
    const auto [low, high] = std::minmax_element(padded, padded + kGroup);
    minimum_[group] = *low;
    scale_[group] = static_cast<float>((1 << bits_) - 1) / (*high - *low + kEpsilon);
    for (std::size_t i = 0; i < kGroup; i += 4) {
      const auto random = core::random_block(key, (first + i) / 4);
      for (std::size_t k = 0; k < 4; ++k) {
        const float noise = core::to_unit_float(random[k]);
        const float place = std::fmax((padded[i + k] - minimum_[group]) * scale_[group] + noise - 0.5f, 0.0f);
        codes_[first + i + k] = static_cast<std::uint8_t>(std::nearbyint(place));
      }
    }
  }

  std::vector<std::int64_t> sizes_;
  at::ScalarType type_;
  int bits_;
  std::int64_t count_ = 0;
  std::vector<std::uint8_t> codes_;
  std::vector<float> minimum_, scale_;
};

bool holds_two_values(const at::Tensor& tensor) {
  if (tensor.scalar_type() == at::kBool) return true;
  if (!tensor.is_floating_point() || tensor.requires_grad() || tensor.numel() < kGroup) return false;
  const at::NoGradGuard no_grad;
  const at::Tensor x = tensor.detach();
  return x.eq(0).logical_or_(x.eq(x.max())).all().item<bool>();
}

}  // namespace

GactSink::GactSink(GactOptions options, const act::OwnedTensors& owned) : options_(options) {
  owned.index_into(owned_);
}

bool GactSink::is_quantized(const at::Tensor& tensor) const {
  const auto type = tensor.scalar_type();
  return (type == at::kFloat || type == at::kHalf) && tensor.requires_grad() && tensor.dim() >= 2 &&
         tensor.dim() <= 4 && tensor.numel() > 0;
}

std::shared_ptr<act::StoredTensor> GactSink::pack(const at::Tensor& tensor) {
  ++figures_.tensors;
  const auto op = operators_.describe(tensor).op;
  if (owned_.contains(tensor.storage().unsafeGetStorageImpl()) || !is_quantized(tensor)) return keep(tensor);
  auto stored = quantize(tensor);
  if (op == "aten::relu" || op == "aten::relu_") count_lost_units(tensor, *stored);
  return stored;
}

std::shared_ptr<act::StoredTensor> GactSink::keep(const at::Tensor& tensor) {
  if (!owned_.contains(tensor.storage().unsafeGetStorageImpl())) {
    const std::uint64_t bytes = kept_.charge(tensor.storage());
    const bool mask = bytes > 0 && holds_two_values(tensor);
    figures_.stored_bytes += mask ? (static_cast<std::uint64_t>(tensor.numel()) + 7) / 8 : bytes;
  }
  return std::make_shared<act::KeptTensor>(tensor, "control");
}

std::shared_ptr<act::StoredTensor> GactSink::quantize(const at::Tensor& tensor) {
  if (options_.duplicates) {
    if (const auto* entry = seen_.find(tensor, {})) return entry->stored.lock();
  }
  auto stored = std::make_shared<GactTensor>(tensor, options_for(number_), number_);
  ++number_;
  figures_.elements.push_back(static_cast<std::uint64_t>(tensor.numel()));
  figures_.stored_bytes += stored->bytes();
  if (options_.duplicates) seen_.add(tensor, {stored, "", {}, false});
  return stored;
}

GactOptions GactSink::options_for(std::uint32_t number) const {
  GactOptions options = options_;
  if (number < options_.bits_of.size()) options.bits = options_.bits_of[number];
  if (number == options_.redrawn) ++options.seed;
  return options;
}

void GactSink::count_lost_units(const at::Tensor& exact, act::StoredTensor& stored) {
  const at::NoGradGuard no_grad;
  const at::Tensor live = exact.detach().gt(0);
  figures_.live_units += static_cast<std::uint64_t>(live.sum().item<std::int64_t>());
  figures_.lost_units +=
      static_cast<std::uint64_t>(live.logical_and(stored.restore().le(0)).sum().item<std::int64_t>());
}

}  // namespace terse::bench
