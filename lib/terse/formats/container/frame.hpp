#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "terse/core/bytes.hpp"

namespace terse::formats {

/// Largest zstd frame that a record of kLargestRawRecord raw bytes can need.
std::uint32_t largest_frame_bytes();

/// Packs byte ranges into zstd frames: one frame a call, its raw size in the header and a checksum at the end.
/// Not thread-safe; one compressor a thread. Same input, same bytes, for one version of libzstd.
class FrameCompressor {
 public:
  FrameCompressor();
  ~FrameCompressor();
  FrameCompressor(FrameCompressor&&) noexcept;

  /// @param raw   1 to kLargestRawRecord bytes
  /// @param into  becomes the frame
  void compress(std::span<const std::byte> raw, core::Bytes& into);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Unpacks such frames.
class FrameDecompressor {
 public:
  FrameDecompressor();
  ~FrameDecompressor();

  /// Checks that `frame` is exactly one frame with a checksum whose raw size is `into.size()`, and unpacks it.
  /// @throws Error::BadInput otherwise, or where it is damaged
  void decompress(std::span<const std::byte> frame, std::span<std::byte> into);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace terse::formats
