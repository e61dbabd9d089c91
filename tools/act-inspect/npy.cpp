#include "act-inspect/npy.hpp"

#include <string>
#include <string_view>

#include "terse/quant/lanes/lane.hpp"

namespace terse::tools::act_inspect {
namespace {

constexpr std::size_t kAlignment = 64;  // of the elements within the file

std::string_view descriptor(core::DType dtype) {
  switch (dtype) {
    case core::DType::Float32:
    case core::DType::BFloat16:
      return "<f4";
    case core::DType::Float16:
      return "<f2";
    case core::DType::Float64:
      return "<f8";
    case core::DType::UInt8:
      return "|u1";
    case core::DType::Int8:
      return "|i1";
    case core::DType::Int16:
      return "<i2";
    case core::DType::Int32:
      return "<i4";
    case core::DType::Int64:
      return "<i8";
    case core::DType::Bool:
      return "|b1";
  }
  return "|V1";
}

std::string header(const formats::TensorInfo& info) {
  std::string text = "{'descr': '" + std::string(descriptor(info.dtype)) + "', 'fortran_order': False, 'shape': (";
  for (const auto extent : info.shape) text += std::to_string(extent) + ", ";
  if (info.shape.size() > 1) text.resize(text.size() - 2);  // (3,) but (3, 4)
  if (info.shape.size() == 1) text.pop_back();
  text += "), }";
  constexpr std::string_view kMagic("\x93NUMPY\x01\x00", 8);
  const std::size_t unpadded = kMagic.size() + 2 + text.size() + 1;
  text.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  text += '\n';
  std::string out(kMagic);
  out += static_cast<char>(text.size() & 255);
  out += static_cast<char>(text.size() >> 8);
  return out + text;
}

}  // namespace

void write_npy(core::ByteSink& sink, const formats::Tensor& tensor) {
  const std::string head = header(tensor.info);
  sink.write(core::as_bytes(head.data(), head.size()));
  if (tensor.info.dtype != core::DType::BFloat16) {
    sink.write(tensor.data);
    return;
  }
  std::vector<float> wide;
  wide.reserve(tensor.data.size() / 2);
  for (const auto bits : tensor.as<std::uint16_t>()) wide.push_back(quant::lane::from_bfloat16(bits));
  sink.write(core::as_bytes(wide.data(), wide.size()));
}

}  // namespace terse::tools::act_inspect
