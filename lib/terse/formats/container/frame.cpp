#include "terse/formats/container/frame.hpp"

#include <zstd.h>

#include <string>

#include "terse/core/error.hpp"
#include "terse/formats/container/record.hpp"

namespace terse::formats {
namespace {

// Saved tensors are compressed already; level 1 takes what is left without slowing training down.
constexpr int kLevel = 1;

std::size_t check(std::size_t result) {
  if (ZSTD_isError(result)) throw Error(Error::Internal, std::string("zstd: ") + ZSTD_getErrorName(result));
  return result;
}

}  // namespace

std::uint32_t largest_frame_bytes() {
  static const auto bytes = static_cast<std::uint32_t>(ZSTD_compressBound(kLargestRawRecord));
  return bytes;
}

struct FrameCompressor::State {
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context{ZSTD_createCCtx(), &ZSTD_freeCCtx};
};

FrameCompressor::FrameCompressor() : state_(std::make_unique<State>()) {
  if (!state_->context) throw std::bad_alloc();
  check(ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_compressionLevel, kLevel));
  check(ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_checksumFlag, 1));
}

FrameCompressor::~FrameCompressor() = default;
FrameCompressor::FrameCompressor(FrameCompressor&&) noexcept = default;

void FrameCompressor::compress(std::span<const std::byte> raw, core::Bytes& into) {
  into.resize(ZSTD_compressBound(raw.size()));
  into.resize(check(ZSTD_compress2(state_->context.get(), into.data(), into.size(), raw.data(), raw.size())));
}

struct FrameDecompressor::State {
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context{ZSTD_createDCtx(), &ZSTD_freeDCtx};
};

FrameDecompressor::FrameDecompressor() : state_(std::make_unique<State>()) {
  if (!state_->context) throw std::bad_alloc();
}

FrameDecompressor::~FrameDecompressor() = default;

void FrameDecompressor::decompress(std::span<const std::byte> frame, std::span<std::byte> into) {
  constexpr std::byte kChecksumFlag{4};
  // Magic number 4 bytes, then the descriptor (RFC 8878 section 3.1.1.1.1).
  if (frame.size() < 5 || ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size())
    throw Error(Error::BadInput, "not exactly one zstd frame");
  if ((frame[4] & kChecksumFlag) == std::byte{0}) throw Error(Error::BadInput, "zstd frame without a checksum");
  if (ZSTD_getFrameContentSize(frame.data(), frame.size()) != into.size())
    throw Error(Error::BadInput, "zstd frame of another raw length than the record's header says");
  const std::size_t got =
      ZSTD_decompressDCtx(state_->context.get(), into.data(), into.size(), frame.data(), frame.size());
  if (ZSTD_isError(got)) throw Error(Error::BadInput, std::string("zstd frame: ") + ZSTD_getErrorName(got));
  if (got != into.size()) throw Error(Error::BadInput, "zstd frame ends too early");
}

}  // namespace terse::formats
