#include "terse/act/stored/encoder.hpp"

#include <ATen/EmptyTensor.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "terse/act/tensor/dtype.hpp"
#include "terse/core/error.hpp"
#include "terse/quant/affine/sparse.hpp"
#include "terse/quant/entropy/entropy.hpp"

namespace terse::act {

namespace {

constexpr double kSparseGain = 0.02;   // share of the codes that zeros apart must save to be worth their work
constexpr double kLargestBound = 1e4;  // stands for an infinite bound: every floating type has numbers around it

Reason reason_of(quant::Codec codec) {
  switch (codec) {
    case quant::Codec::Affine:
    case quant::Codec::Sparse:
      return Reason::Quantized;
    case quant::Codec::Mask:
    case quant::Codec::Sign:
      return Reason::Mask;
    case quant::Codec::Integer:
      return Reason::Integer;
    case quant::Codec::Constant:
      return Reason::Constant;
    case quant::Codec::Raw:
      break;
  }
  return Reason::Exact;
}

/// The elements to encode: the tensor's own memory, or a compact copy of it.
struct Source {
  Geometry geometry;
  at::Tensor copy;  // undefined where the tensor's memory serves
  const void* data;
  std::uint64_t count;
  core::DType dtype;

  explicit Source(const at::Tensor& tensor)
      : geometry(Geometry::of(tensor)), dtype(from_torch(tensor.scalar_type()).value()) {
    if (geometry.has_gaps) copy = compact(tensor, geometry);
    data = (geometry.has_gaps ? copy : tensor).const_data_ptr();
    count = static_cast<std::uint64_t>(geometry.encoded_count);
  }
};

class Encoding {
 public:
  Encoding(const at::Tensor& tensor, const EncodeRequest& request)
      : source_(tensor), type_(tensor.scalar_type()), request_(request) {}

  Encoded run() {
    if (request_.survey) look();
    if (!core::is_floating(source_.dtype)) {
      look();
      return finish(attempt(quant::lossless_layout(survey_, source_.count, source_.dtype)));
    }
    if (request_.need.need == Need::Sign || request_.need.need == Need::Positive) {
      if (attempt(bit_layout(quant::Codec::Sign, source_.dtype))) return finish(true);
      look();
      return finish(false);
    }
    if (request_.need.need == Need::Inside || request_.need.need == Need::Within) return finish(attempt_interval());
    if (request_.need.need == Need::Signum) return finish(attempt_signum());
    if (request_.need.need == Need::Exact) return finish(attempt_lossless());
    const quant::AffineOptions& options = request_.affine;
    const auto layout = quant::choose_layout(source_.data, source_.count, source_.dtype, options);
    if ((request_.sparse && attempt_sparse(layout)) || attempt_finer(layout) || attempt(layout)) return finish(true);
    // The sample that the layout was chosen from missed something.
    look();
    if (survey_.non_finite == 0) {
      quant::Layout layout = quant::lossless_layout(survey_, source_.count, source_.dtype);
      if (layout.codec == quant::Codec::Raw) {
        layout = quant::affine_layout(survey_, source_.count, source_.dtype, options);
      }
      if (attempt(layout)) return finish(true);
    }
    return finish(false);
  }

 private:
  void look() {
    if (looked_) return;
    survey_ = quant::survey(source_.data, source_.count, source_.dtype);
    looked_ = true;
  }

  quant::Layout bit_layout(quant::Codec codec, core::DType dtype) const {
    quant::Layout layout;
    layout.codec = codec;
    layout.dtype = dtype;
    layout.count = source_.count;
    layout.bits = 1;
    return layout;
  }

  bool attempt(const quant::Layout& layout) { return attempt(layout, source_.data); }

  bool attempt(const quant::Layout& layout, const void* elements) {
    if (layout.codec == quant::Codec::Raw) return false;
    layout_ = layout;
    bytes_ = EncodedTensor::allocate(layout);
    return quant::try_encode(elements, layout, request_.key, EncodedTensor::payload_of(bytes_, layout),
                             EncodedTensor::metadata_of(bytes_, layout));
  }

  /// More levels than the layout has, entropy coded into no more bytes.
  bool attempt_finer(const quant::Layout& affine) {
    if (!request_.entropy || affine.codec != quant::Codec::Affine) return false;
    const auto finer = quant::finer_layout(source_.data, affine, /*zeros=*/true);
    return finer.fields && attempt(finer) && code_within(quant::payload_bytes(affine));
  }

  /// Codes what was just encoded. @return false where that takes more than `most` bytes
  bool code_within(std::uint64_t most) {
    const auto codes = EncodedTensor::codes_of(bytes_, layout_);
    const at::Tensor room = allocate_bytes(quant::entropy_bound(codes.size()));
    const std::uint64_t size = quant::entropy_encode(codes, span_of(room));
    if (size > most) return false;
    const std::uint64_t head = static_cast<std::uint64_t>(bytes_.numel()) - codes.size();
    const at::Tensor coded = EncodedTensor::allocate(head + size);
    std::memcpy(coded.data_ptr(), bytes_.const_data_ptr(), head);
    std::memcpy(span_of(coded).data() + head, room.const_data_ptr(), size);
    bytes_ = coded;
    coded_ = true;
    return true;
  }

  static at::Tensor allocate_bytes(std::uint64_t size) {
    return at::Tensor(at::detail::empty_cpu({static_cast<std::int64_t>(size)}, at::kByte));
  }

  /// The layout with its zeros apart, where that is smaller.
  bool attempt_sparse(const quant::Layout& affine) {
    if (affine.codec != quant::Codec::Affine || !quant::has_sparse_form(source_.dtype)) return false;
    const auto* positives = request_.positives.get();
    const double mask_cost = positives ? 0 : 1.0 / affine.bits;  // as a share of the codes
    const double least = mask_cost + kSparseGain;
    at::Tensor mask;
    std::uint64_t kept;
    if (positives) {
      mask = positives->plain();  // a bit an element is all that it has
      kept = quant::count_kept(span_of(mask), source_.count);
    } else {
      if (quant::zero_share(source_.data, source_.count, source_.dtype) < least) return false;
      mask = allocate_bytes(quant::mask_bytes(source_.count));
      kept = quant::mask_nonzero(source_.data, source_.count, source_.dtype, span_of(mask));
    }
    const double zeros = 1 - static_cast<double>(kept) / static_cast<double>(source_.count);
    if (kept == 0 || zeros < least) return false;
    if (!attempt_finer_masked(affine, kept, mask) && !attempt_masked(quant::sparse_layout(affine, kept), mask)) {
      return false;
    }
    if (positives) {
      request_.positives->live_in(bytes_, quant::metadata_bytes(layout_));
      shared_bytes_ = static_cast<std::uint64_t>(mask.numel());
    }
    return true;
  }

  bool attempt_finer_masked(const quant::Layout& affine, std::uint64_t kept, const at::Tensor& mask) {
    if (!request_.entropy) return false;
    const auto finer = quant::finer_layout(source_.data, affine, /*zeros=*/false);
    const auto most = quant::payload_bytes(quant::sparse_layout(affine, kept)) - quant::mask_bytes(source_.count);
    return finer.fields && attempt_masked(quant::sparse_layout(finer, kept), mask) && code_within(most);
  }

  bool attempt_masked(const quant::Layout& sparse, const at::Tensor& mask) {
    layout_ = sparse;
    bytes_ = EncodedTensor::allocate(layout_);
    const auto payload = EncodedTensor::payload_of(bytes_, layout_);
    std::memset(payload.data() + quant::mask_bytes(source_.count) - 8, 0, 8);
    std::memcpy(payload.data(), mask.const_data_ptr(), static_cast<std::size_t>(mask.numel()));
    return quant::try_encode_masked(source_.data, layout_, request_.key, payload,
                                    EncodedTensor::metadata_of(bytes_, layout_));
  }

  static std::span<std::byte> span_of(const at::Tensor& bytes) {
    return {static_cast<std::byte*>(bytes.data_ptr()), static_cast<std::size_t>(bytes.numel())};
  }

  /// The source's elements as a tensor of one dimension. Read only: from_blob has no form for constant memory.
  at::Tensor elements() const {
    return at::from_blob(const_cast<void*>(source_.data), {static_cast<std::int64_t>(source_.count)},
                         at::TensorOptions(type_));
  }

  at::Tensor as_shaped(const at::Tensor& elements) const {
    return elements.as_strided(source_.geometry.sizes, source_.geometry.encoded_strides);
  }

  /// Two values or one, if a sample says so.
  bool attempt_lossless() {
    const auto layout = quant::choose_layout(source_.data, source_.count, source_.dtype, request_.affine);
    return quant::fidelity_of(layout.codec) == quant::Fidelity::Exact && attempt(layout);
  }

  /// -1, 0 and 1 lie on a grid of three points whatever group they are in: exact, as two values or three.
  bool attempt_signum() {
    const at::NoGradGuard no_grad;
    const at::Tensor signs = elements().sgn();
    const auto found = quant::survey(signs.const_data_ptr(), source_.count, source_.dtype);
    quant::Layout layout = quant::lossless_layout(found, source_.count, source_.dtype);
    if (layout.codec == quant::Codec::Raw) {
      quant::AffineOptions three;
      three.levels = 3;
      layout = quant::affine_layout(found, source_.count, source_.dtype, three);
    }
    if (request_.survey) content_ = as_shaped(signs);
    if (attempt(layout, signs.const_data_ptr())) return true;
    look();
    return false;
  }

  /// A mask of two values of the element type, one that lies in the interval and one that does not.
  bool attempt_interval() {
    const auto need = request_.need.need;
    const double lower = request_.need.lower, upper = request_.need.upper;
    const at::Tensor values = interval_values(need, lower, upper);
    const at::NoGradGuard no_grad;
    const at::Tensor x = elements();
    if (!values.defined() || x.isnan().any().item<bool>()) {
      look();
      return false;
    }
    const at::Tensor inside =
        need == Need::Inside ? x.gt(lower).logical_and_(x.lt(upper)) : x.ge(lower).logical_and_(x.le(upper));
    layout_ = bit_layout(quant::Codec::Mask, source_.dtype);
    bytes_ = EncodedTensor::allocate(layout_);
    std::memcpy(EncodedTensor::metadata_of(bytes_, layout_).data(), values.const_data_ptr(), values.nbytes());
    if (request_.survey) content_ = as_shaped(at::where(inside, values[1], values[0]));
    // The bits of a mask are those of the signs of its truth values.
    return quant::try_encode(inside.const_data_ptr(), bit_layout(quant::Codec::Sign, core::DType::Bool), {},
                             EncodedTensor::payload_of(bytes_, layout_), {});
  }

  /// (outside, inside) as the element type has them; undefined where it has no such numbers.
  at::Tensor interval_values(Need need, double lower, double upper) const {
    const double low = std::max(lower, -kLargestBound), high = std::min(upper, kLargestBound);
    const double inside = low / 2 + high / 2;
    const double outside = std::isfinite(lower) ? low - std::abs(low) - 1 : high + std::abs(high) + 1;
    const at::Tensor values = at::tensor({outside, inside}, at::kDouble).to(type_);
    const auto is_in = [&](double x) {
      return need == Need::Inside ? lower < x && x < upper : lower <= x && x <= upper;
    };
    const at::Tensor stored = values.to(at::kDouble);
    const auto* as_stored = stored.const_data_ptr<double>();
    return is_in(as_stored[1]) && !is_in(as_stored[0]) ? values : at::Tensor();
  }

  Encoded finish(bool encoded) {
    if (!encoded) {
      const Reason reason = survey_.non_finite > 0             ? Reason::NonFinite
                            : core::is_floating(source_.dtype) ? Reason::Exact
                                                               : Reason::Integer;
      return {nullptr, reason, {}, survey_};
    }
    auto strides = source_.geometry.encoded_strides;
    return {std::make_shared<EncodedTensor>(std::move(source_.geometry), type_, layout_, std::move(bytes_), coded_),
            request_.need.need == Need::Signum ? Reason::Mask : reason_of(layout_.codec),
            layout_,
            survey_,
            std::move(content_),
            shared_bytes_,
            std::move(strides)};
  }

  Source source_;
  at::ScalarType type_;
  const EncodeRequest& request_;
  quant::Survey survey_;
  bool looked_ = false;
  quant::Layout layout_;
  at::Tensor bytes_;
  bool coded_ = false;  // its codes
  at::Tensor content_;
  std::uint64_t shared_bytes_ = 0;
};

}  // namespace

Encoded encode(const at::Tensor& tensor, const EncodeRequest& request) { return Encoding(tensor, request).run(); }

Encoded copy_out(const at::Tensor& tensor, Reason reason) {
  Source source(tensor);
  quant::Layout layout;
  layout.codec = quant::Codec::Raw;
  layout.dtype = source.dtype;
  layout.count = source.count;
  at::Tensor bytes = EncodedTensor::allocate(layout);
  quant::encode(source.data, layout, {}, EncodedTensor::payload_of(bytes, layout),
                EncodedTensor::metadata_of(bytes, layout));
  auto strides = source.geometry.encoded_strides;
  auto stored =
      std::make_shared<EncodedTensor>(std::move(source.geometry), tensor.scalar_type(), layout, std::move(bytes));
  return {std::move(stored), reason, layout, {}, {}, 0, std::move(strides)};
}

}  // namespace terse::act
