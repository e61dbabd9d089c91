#include "terse/core/decompress.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "terse/core/error.hpp"
#include "terse/core/limits.hpp"

namespace terse::core {

namespace {

constexpr std::size_t kInputBytes = 128u << 10;
constexpr std::size_t kMagicBytes = 4;

/// A source whose first bytes were read already.
class PeekedSource : public ByteSource {
 public:
  PeekedSource(Bytes first, std::unique_ptr<ByteSource> rest)
      : ByteSource(rest->name()), first_(std::move(first)), rest_(std::move(rest)) {}

  std::size_t read(std::span<std::byte> into) override {
    const std::size_t count = std::min(into.size(), first_.size() - at_);
    std::copy_n(first_.begin() + static_cast<std::ptrdiff_t>(at_), count, into.begin());
    at_ += count;
    return count + (count < into.size() ? rest_->read(into.subspan(count)) : 0);
  }

 private:
  Bytes first_;
  std::size_t at_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

/// What both formats share: an input buffer, and the loop that fills the caller's.
class Decompressor : public ByteSource {
 public:
  explicit Decompressor(std::unique_ptr<ByteSource> packed)
      : ByteSource(packed->name()), packed_(std::move(packed)), input_(kInputBytes) {}

  std::size_t read(std::span<std::byte> into) override {
    std::size_t total = 0;
    while (total < into.size()) {
      if (pending_.empty()) {
        const std::size_t count = packed_->read(input_);
        pending_ = std::span(input_).first(count);
        received_ += count;
      }
      const std::size_t before = pending_.size();
      const std::size_t written = unpack(pending_, into.subspan(total));
      total += written;
      unpacked_ += written;
      require_within_limit(unpacked_, received_, name() + ": its compressed data");
      if (written > 0 || pending_.size() < before) continue;
      // Nothing in, nothing out: the end, which must be a frame's end, too.
      if (!at_frame_end()) throw damaged("the compressed data is cut short");
      break;
    }
    return total;
  }

 protected:
  /// Unpacks some of `input` (shortened by what was taken) into `into`. @return bytes written
  virtual std::size_t unpack(std::span<const std::byte>& input, std::span<std::byte> into) = 0;
  virtual bool at_frame_end() const = 0;
  Error damaged(const std::string& what) const { return Error(Error::BadInput, name() + ": " + what); }

 private:
  std::unique_ptr<ByteSource> packed_;
  Bytes input_;
  std::span<const std::byte> pending_;
  std::uint64_t received_ = 0, unpacked_ = 0;
};

class GzipSource : public Decompressor {
 public:
  explicit GzipSource(std::unique_ptr<ByteSource> packed) : Decompressor(std::move(packed)) {
    constexpr int kGzipOnly = 15 + 16;  // largest window, gzip's header
    if (::inflateInit2(&stream_, kGzipOnly) != Z_OK) throw Error(Error::OutOfMemory, name() + ": out of memory");
  }
  ~GzipSource() override { ::inflateEnd(&stream_); }

 protected:
  std::size_t unpack(std::span<const std::byte>& input, std::span<std::byte> into) override {
    if (input.empty()) return 0;
    if (member_ended_) {
      // Another member follows: gzip files may be joined by cat.
      ::inflateReset(&stream_);
      member_ended_ = false;
    }
    const auto capacity = static_cast<uInt>(std::min<std::size_t>(into.size(), 1u << 30));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data()));
    stream_.avail_in = static_cast<uInt>(input.size());
    stream_.next_out = reinterpret_cast<Bytef*>(into.data());
    stream_.avail_out = capacity;
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      member_ended_ = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      throw damaged(std::string("damaged gzip data (") + (stream_.msg ? stream_.msg : "inflate failed") + ")");
    }
    input = input.last(stream_.avail_in);
    return capacity - stream_.avail_out;
  }
  bool at_frame_end() const override { return member_ended_; }

 private:
  z_stream stream_{};
  bool member_ended_ = false;
};

class ZstdSource : public Decompressor {
 public:
  explicit ZstdSource(std::unique_ptr<ByteSource> packed)
      : Decompressor(std::move(packed)), context_(::ZSTD_createDCtx(), ::ZSTD_freeDCtx) {
    if (!context_) throw Error(Error::OutOfMemory, name() + ": out of memory");
  }

 protected:
  std::size_t unpack(std::span<const std::byte>& input, std::span<std::byte> into) override {
    // A frame that has ended has nothing left to give; without input the call would begin another.
    if (input.empty() && frame_ended_) return 0;
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{into.data(), into.size(), 0};
    const std::size_t result = ::ZSTD_decompressStream(context_.get(), &out, &in);
    if (::ZSTD_isError(result)) {
      throw damaged(std::string("damaged zstd data (") + ::ZSTD_getErrorName(result) + ")");
    }
    frame_ended_ = result == 0;
    input = input.subspan(in.pos);
    return out.pos;
  }
  bool at_frame_end() const override { return frame_ended_; }

 private:
  std::unique_ptr<ZSTD_DCtx, decltype(&::ZSTD_freeDCtx)> context_;
  bool frame_ended_ = false;
};

bool is_gzip(const Bytes& magic) {
  return magic.size() >= 2 && magic[0] == std::byte{0x1F} && magic[1] == std::byte{0x8B};
}

bool is_zstd(const Bytes& magic) {
  if (magic.size() < kMagicBytes) return false;
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < kMagicBytes; ++i) word |= std::to_integer<std::uint32_t>(magic[i]) << (8 * i);
  return word == ZSTD_MAGICNUMBER || (word & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

}  // namespace

std::unique_ptr<ByteSource> decompressing_source(std::unique_ptr<ByteSource> source) {
  Bytes magic(kMagicBytes);
  magic.resize(source->read(magic));
  const bool gzip = is_gzip(magic), zstd = is_zstd(magic);
  auto whole = std::make_unique<PeekedSource>(std::move(magic), std::move(source));
  if (gzip) return std::make_unique<GzipSource>(std::move(whole));
  if (zstd) return std::make_unique<ZstdSource>(std::move(whole));
  return whole;
}

}  // namespace terse::core
