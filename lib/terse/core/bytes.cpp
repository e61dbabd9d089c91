#include "terse/core/bytes.hpp"

#include <algorithm>
#include <cstring>

#include "terse/core/error.hpp"

namespace terse::core {

namespace {

class MemorySource : public ByteSource {
 public:
  MemorySource(std::span<const std::byte> bytes, std::string name) : ByteSource(std::move(name)), bytes_(bytes) {}

  std::size_t read(std::span<std::byte> into) override {
    const std::size_t count = std::min(into.size(), bytes_.size() - at_);
    if (count > 0) std::memcpy(into.data(), bytes_.data() + at_, count);
    at_ += count;
    return count;
  }
  std::optional<std::uint64_t> size() const override { return bytes_.size(); }
  void seek(std::uint64_t offset) override {
    at_ = static_cast<std::size_t>(std::min<std::uint64_t>(offset, bytes_.size()));
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
};

class MemorySink : public ByteSink {
 public:
  MemorySink(Bytes& into, std::string name) : ByteSink(std::move(name)), into_(into) {}

  void write(std::span<const std::byte> bytes) override { into_.insert(into_.end(), bytes.begin(), bytes.end()); }
  void finish() override {}

 private:
  Bytes& into_;
};

}  // namespace

void ByteSource::seek(std::uint64_t) { throw Error(Error::Internal, name_ + ": cannot seek"); }

std::unique_ptr<ByteSource> memory_source(std::span<const std::byte> bytes, std::string name) {
  return std::make_unique<MemorySource>(bytes, std::move(name));
}

std::unique_ptr<ByteSink> memory_sink(Bytes& into, std::string name) {
  return std::make_unique<MemorySink>(into, std::move(name));
}

Bytes read_all(ByteSource& source, std::uint64_t limit) {
  constexpr std::size_t kFirstStep = 64u << 10;
  Bytes bytes;
  std::size_t used = 0;
  for (;;) {
    // Grows with what has arrived, never with what a length field or a directory entry promises.
    if (used == bytes.size()) bytes.resize(std::max(kFirstStep, bytes.size() * 2));
    const std::size_t count = source.read(std::span(bytes).subspan(used));
    used += count;
    if (used > limit) {
      throw Error(Error::BadInput, source.name() + ": longer than " + std::to_string(limit) + " bytes");
    }
    if (used < bytes.size()) break;
  }
  bytes.resize(used);
  return bytes;
}

}  // namespace terse::core
