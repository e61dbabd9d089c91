#include <algorithm>
#include <cmath>
#include <vector>

#include "terse/act/bits/bit_allocation.hpp"
#include "terse/act/bits/sensitivity.hpp"
#include "terse/act/packing/packer.hpp"
#include "terse/act/stored/negative_part.hpp"
#include "terse/act/stored/normalised_tensor.hpp"
#include "terse/act/stored/pool_window.hpp"
#include "terse/act/tensor/graph.hpp"
#include "terse/core/error.hpp"
#include "terse/core/spread.hpp"

// The forms in which a packer stores a tensor that it neither keeps nor finds stored already.
namespace terse::act {

namespace {

// What is less than this share of all that the step has saved so far has these bits at least: they cost nothing, and
// such a tensor may be one that the whole gradient hangs on (the pooled features before the last layer).
constexpr std::uint64_t kMinorShare = 1024;
constexpr int kMinorBits = 8;

int bits_of(Level level) {
  switch (level) {
    case Level::L0:
      return kKeptBits;
    case Level::L1:
    case Level::L2:
      return 4;
    case Level::L1_1:
      return 8;
    case Level::L1_2:
    case Level::L2_2:
      return 2;
    case Level::L2_1:
      return 3;
  }
  throw Error(Error::Internal, "level without bits");
}

/// The fewest bits, 1 to 8, in which grid points of a group lie no further apart than `widest`; 0 where 8 do not do.
/// By some of the tensor's groups, which count by the fourth power of their step: what their bias adds to a squared
/// norm. One that spoils the gradient altogether counts no more for being wider still.
int bits_for_step(const at::Tensor& tensor, std::uint32_t group, double widest) {
  constexpr std::int64_t kGroups = 32;
  constexpr double kSpoiled = 50 * 50;  // times what one group's bias may be, squared
  const at::NoGradGuard no_grad;
  const bool dense = tensor.is_non_overlapping_and_dense();
  const at::Tensor flat = dense ? tensor.detach().as_strided({tensor.numel()}, {1}) : tensor.detach().reshape({-1});
  const std::int64_t length = std::min<std::int64_t>(group, flat.numel());
  std::vector<double> ranges;
  for (const std::int64_t g : core::spread_places(flat.numel() / length, kGroups)) {
    const at::Tensor some = flat.narrow(0, g * length, length).to(at::kFloat);
    const auto* x = some.const_data_ptr<float>();
    const auto [least, most] = std::minmax_element(x, x + length);
    const double range = static_cast<double>(*most) - static_cast<double>(*least);
    if (!std::isfinite(range)) return 1;  // the encoder finds that, too, and refuses
    ranges.push_back(range / widest);
  }
  for (const int bits : {1, 2, 3, 4, 5, 6, 8}) {
    double sum = 0;
    for (const double range : ranges) sum += std::min(kSpoiled, std::pow(range / (std::exp2(bits) - 1), 4));
    if (sum <= static_cast<double>(ranges.size())) return bits;
  }
  return 0;
}

/// Whether not the elements are encoded but what backward is linear in.
bool is_image(const Requirement& need) { return need.need == Need::Logarithm || need.need == Need::Power; }

at::Tensor root(const at::Tensor& x, int power) {
  if (power == 1) return x;
  const at::Tensor magnitude = x.abs().pow_(1.0 / power);
  return power % 2 == 0 ? magnitude : magnitude.copysign_(x);
}

}  // namespace

bool Packer::is_minor(const SavedTensor& info) const {
  std::uint64_t bytes = core::size_of(info.dtype);
  for (const std::int64_t size : info.shape) bytes *= static_cast<std::uint64_t>(size);
  return bytes < exact_before_.value_or(totals_.exact_bytes) / kMinorShare;
}

quant::AffineOptions Packer::affine_for(const SavedTensor& info) const {
  quant::AffineOptions affine;
  affine.group = options_.group;
  affine.dither = options_.dither;
  if (const auto found = options_.bits_of.find(info.id); found != options_.bits_of.end()) {
    affine.bits = found->second;
  } else {
    affine.bits = options_.bits != 0 ? options_.bits : bits_of(options_.level);
    affine.levels = options_.levels;
    const int least = std::max(rule_of(info.op, info.role).least_bits, is_minor(info) ? kMinorBits : 0);
    if (affine.bits < least || (affine.levels != 0 && affine.levels < 1 << least)) {
      affine.bits = std::max(affine.bits, least);
      affine.levels = 0;
    }
  }
  return affine;
}

EncodeRequest Packer::request_for(const Packing& packing, const quant::AffineOptions& affine) const {
  EncodeRequest request;
  request.need = packing.need;
  request.affine = affine;
  request.sparse = options_.sparse;
  request.entropy = options_.entropy;
  request.key = {options_.seed, core::stream_of(packing.info.id.c_str()), step_index_};
  request.survey = static_cast<bool>(observer_);
  if (packing.need.need == Need::Values && options_.sparse) {
    if (const auto* signs = shared_.find_made_for(packing.tensor, {Need::Positive})) {
      request.positives = std::dynamic_pointer_cast<EncodedTensor>(signs->stored.lock());
      if (request.positives && request.positives->layout().codec != quant::Codec::Sign) request.positives = nullptr;
    }
  }
  return request;
}

void Packer::encode(Packing& packing, const quant::AffineOptions& affine) {
  const bool floating = core::is_floating(packing.info.dtype);
  if (affine.bits == kKeptBits) return keep(packing, Reason::Exact);
  if (floating && packing.need.need == Need::Exact) return keep_exact(packing, affine);
  if (floating && packing.need.need == Need::Negative) return encode_negative(packing, affine);
  if (packing.need.need == Need::Window && encode_window(packing)) return;
  if (is_image(packing.need)) {
    if (const auto reason = encode_image(packing, affine)) keep(packing, *reason);
    return;
  }
  if (rule_of(packing.info.op, packing.info.role).rows && encode_rows(packing, affine)) return;
  const auto finer = floating ? refine(packing, packing.tensor, affine) : affine;
  if (!finer) return keep_exact(packing, affine);
  const EncodeRequest request = request_for(packing, *finer);
  packing.positives = request.positives;
  if (packing.positives && swapper_) packing.positives->bring_back();
  Encoded encoded = act::encode(packing.tensor, request);
  totals_.non_finite += encoded.survey.non_finite;
  packing.info.survey = encoded.survey;
  if (!encoded.stored) return keep(packing, encoded.reason);
  packing.content = encoded.content;
  adopt(packing, std::move(encoded));
}

/// Without loss, where it holds two values or one; otherwise a reference is kept.
void Packer::keep_exact(Packing& packing, const quant::AffineOptions& affine) {
  EncodeRequest request = request_for(packing, affine);
  request.need = {Need::Exact};
  request.positives = nullptr;
  Encoded encoded = act::encode(packing.tensor, request);
  packing.info.survey = encoded.survey;
  packing.need = {Need::Exact};
  if (encoded.stored) return adopt(packing, std::move(encoded));
  keep(packing, packing.has_rule ? Reason::Critical : Reason::NoRule);
}

/// In as many bits as the rule's widest step takes for `content`; nullopt where no number of bits does.
std::optional<quant::AffineOptions> Packer::refine(Packing& packing, const at::Tensor& content,
                                                   quant::AffineOptions affine) const {
  const auto widest_step = rule_of(packing.info.op, packing.info.role).widest_step;
  if (!widest_step || content.numel() == 0) return affine;
  const int least = bits_for_step(content, affine.group, widest_step(content, running()));
  if (least == 0) return std::nullopt;
  packing.info.least_bits = least;
  if (affine.bits < least || (affine.levels != 0 && affine.levels < 1 << least)) {
    affine.bits = std::max(affine.bits, least);
    affine.levels = 0;
  }
  return affine;
}

bool Packer::encode_window(Packing& packing) {
  const auto window = PoolWindow::of_running(running(), packing.tensor);
  if (!window) return false;
  at::Tensor positions = window->positions(packing.tensor);
  if (!positions.defined()) return false;
  Encoded encoded = act::encode(positions, request_for(packing, {}));
  if (!encoded.stored) return false;
  auto stored = std::make_shared<PoolIndices>(*window, encoded.stored, packing.tensor.strides().vec());
  packing.info.survey = encoded.survey;
  packing.content = std::move(positions);
  adopt(packing, std::move(encoded), std::move(stored));
  return true;
}

bool Packer::encode_rows(Packing& packing, const quant::AffineOptions& affine) {
  const NormalisedRows normalised = normalised_rows(packing.tensor, running());
  if (!normalised.rows.defined()) return false;
  const auto finer = refine(packing, normalised.rows, affine);
  if (!finer) return false;
  EncodeRequest request = request_for(packing, *finer);
  request.positives = nullptr;  // of the tensor, not of its rows
  Encoded encoded = act::encode(normalised.rows, request);
  if (!encoded.stored || encoded.reason != Reason::Quantized) return false;
  auto stored = std::make_shared<NormalisedTensor>(encoded.stored, normalised.length, packing.tensor);
  packing.info.survey = encoded.survey;
  packing.content = normalised.rows;
  adopt(packing, std::move(encoded), std::move(stored));
  return true;
}

void Packer::encode_negative(Packing& packing, quant::AffineOptions affine) {
  const at::Tensor depths = depths_of(packing.tensor);
  affine.dither = false;  // which leads to the other side of zero
  const auto finer = refine(packing, depths, affine);
  if (!finer) return keep_exact(packing, affine);
  EncodeRequest request = request_for(packing, *finer);
  request.need = {Need::Positive};
  Encoded signs = act::encode(depths, request);
  if (!signs.stored) return keep(packing, signs.reason);
  request.need = {Need::Values};
  request.positives = signs.stored;
  Encoded encoded = act::encode(depths, request);
  totals_.non_finite += encoded.survey.non_finite;
  if (!encoded.stored) return keep(packing, encoded.reason);
  const std::uint64_t apart = encoded.shared_bytes > 0 ? 0 : signs.stored->bytes();
  encoded.shared_bytes = 0;
  auto stored = std::make_shared<NegativePart>(std::move(signs.stored), encoded.stored, packing.tensor.scalar_type());
  packing.info.survey = encoded.survey;
  packing.content = depths;
  adopt(packing, std::move(encoded), std::move(stored));
  packing.info.stored_bytes += apart;
}

std::optional<Reason> Packer::encode_image(Packing& packing, const quant::AffineOptions& affine) {
  const at::NoGradGuard no_grad;
  const int power = packing.need.need == Need::Power ? packing.need.power : 0;
  at::Tensor image = power ? packing.tensor.detach().pow(power) : packing.tensor.detach().exp();
  // Without dither, which leads beyond the least: nothing below zero has a logarithm or an even root.
  auto request = request_for(packing, affine);
  request.affine.dither = false;
  Encoded encoded = act::encode(image, request);
  totals_.non_finite += encoded.survey.non_finite;
  if (!encoded.stored) return encoded.reason == Reason::NonFinite ? Reason::NonFinite : Reason::Critical;
  auto stored = std::make_shared<ImageOfTensor>(
      encoded.stored, [power](const at::Tensor& x) { return power ? root(x, power) : x.log(); });
  packing.info.survey = encoded.survey;
  packing.content = std::move(image);
  adopt(packing, std::move(encoded), std::move(stored));
  return std::nullopt;
}

void Packer::adopt(Packing& packing, Encoded encoded, std::shared_ptr<StoredTensor> stored) {
  SavedTensor& info = packing.info;
  info.reason = encoded.reason;
  info.layout = encoded.layout;
  info.strides = std::move(encoded.strides);
  info.exact_bytes = exact_.charge(packing.tensor.storage());
  info.stored_bytes = encoded.stored->bytes() - encoded.shared_bytes;
  info.shared_bytes = encoded.shared_bytes;
  packing.encoded = encoded.stored;
  packing.stored = stored ? std::move(stored) : std::move(encoded.stored);
  // What was stored for one need serves others only where it is the content itself.
  const Need need = packing.need.need;
  const bool is_content = need == Need::Values || need == Need::Exact || need == Need::Window;
  const bool exact = is_content && encoded.reason != Reason::Quantized;
  shared_.add(packing.tensor, {packing.stored, info.id, packing.need, exact});
}

/// Encodes a rounded tensor, or one that is kept although it could be rounded, once more.
void Packer::probe(const Packing& packing) {
  const SavedTensor& info = packing.info;
  const bool rounded = info.reason == Reason::Quantized;
  if (!rounded && (info.reason != Reason::Exact || packing.need.need != Need::Values)) return;
  quant::AffineOptions affine = affine_for(info);
  affine.bits = kProbeBits;
  affine.levels = 0;
  EncodeRequest request = request_for(packing, affine);
  request.positives = nullptr;  // they live with the first form
  request.entropy = false;
  request.key.stream = core::stream_of((info.id + "?").c_str());
  if (is_image(packing.need) || packing.need.need == Need::Negative) request.affine.dither = false;
  NormalisedRows rows;
  if (!rounded && rule_of(info.op, info.role).rows) rows = normalised_rows(packing.tensor, running());
  const at::Tensor& content = packing.content.defined() ? packing.content
                              : rows.rows.defined()     ? rows.rows
                                                        : packing.tensor;
  Encoded other = act::encode(content, request);
  if (!other.stored || other.reason != Reason::Quantized) return;
  const double noise = rounding_variance(other.layout) + (rounded ? rounding_variance(info.layout) : 0);
  ProbeForms forms{rounded ? packing.encoded : packing.stored, std::move(other.stored)};
  if (rows.rows.defined()) {
    auto normalised = std::make_shared<NormalisedTensor>(std::static_pointer_cast<EncodedTensor>(forms.other),
                                                         rows.length, packing.tensor);
    normalised->with_mean(std::make_shared<KeptTensor>(rows.mean, info.id));
    normalised->with_rstd(std::make_shared<KeptTensor>(rows.rstd, info.id));
    forms.other = std::move(normalised);
  }
  probes_.push_back({info.id, {std::move(forms)}, noise, {saving_node()}, step_});
}

/// A further node holds what is probed: `content`, a view of it, or what is computed from it.
void Packer::follow(const Packing& packing, const std::shared_ptr<StoredTensor>& content) {
  for (Probe& probe : probes_) {
    const auto form = std::find_if(probe.forms.begin(), probe.forms.end(),
                                   [&](const auto& one) { return content->draws_on(*one.stored); });
    if (form == probe.forms.end()) continue;
    if (packing.stored != content && form->stored == content) {
      auto other = std::dynamic_pointer_cast<EncodedTensor>(form->other);
      if (!other) continue;
      probe.forms.push_back({packing.stored, std::make_shared<ReshapedTensor>(std::move(other), packing.tensor)});
    }
    if (const NodeId node = saving_node(); probe.nodes.back() != node) probe.nodes.push_back(node);
  }
}

}  // namespace terse::act
