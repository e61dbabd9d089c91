// A plain main for fuzz targets: runs every file of the folders and files named, and mutations of each. The
// mutations are the same every time.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "terse/core/bytes.hpp"
#include "terse/core/philox.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using terse::core::Bytes;
using terse::core::RandomSequence;

constexpr int kMutationsPerFile = 400;
constexpr std::uint64_t kLargestFile = 1u << 20;

void run(const Bytes& bytes) {
  // A copy of its own size, so that AddressSanitizer sees a read past the end.
  std::vector<std::uint8_t> copy(bytes.size());
  std::ranges::transform(bytes, copy.begin(), [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

void mutate(Bytes& bytes, RandomSequence& random) {
  const auto place = [&] { return bytes.begin() + static_cast<std::ptrdiff_t>(random.below(bytes.size() + 1)); };
  if (bytes.empty()) {
    bytes.push_back(static_cast<std::byte>(random.word()));
    return;
  }
  std::byte& byte = bytes[random.below(bytes.size())];
  switch (random.below(6)) {
    case 0:
      byte ^= static_cast<std::byte>(1u << random.below(8));
      break;
    case 1:
      byte = static_cast<std::byte>(random.word());
      break;
    case 2:
      byte = std::byte{random.below(2) ? std::uint8_t{0xFF} : std::uint8_t{0x7F}};
      break;
    case 3:
      bytes.erase(place(), bytes.end());
      break;
    case 4:
      bytes.insert(place(), static_cast<std::byte>(random.word()));
      break;
    default: {
      auto from = place(), to = place();
      if (from > to) std::swap(from, to);
      to = std::min(to, from + 64);
      const Bytes piece(from, to);
      bytes.insert(place(), piece.begin(), piece.end());
    }
  }
}

void replay(const std::filesystem::path& file) {
  const auto source = terse::core::open_source(file.string());
  const Bytes original = terse::core::read_all(*source, kLargestFile);
  run(original);
  RandomSequence random({.seed = 1, .stream = terse::core::stream_of(file.filename().c_str()), .step = 0});
  for (int i = 0; i < kMutationsPerFile; ++i) {
    Bytes bytes = original;
    for (std::uint64_t edits = 1 + random.below(4); edits > 0; --edits) mutate(bytes, random);
    run(bytes);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      files.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i]))
      if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  if (files.empty()) {
    std::fprintf(stderr, "no input to replay\n");
    return 1;
  }
  for (const auto& file : files) replay(file);
  std::printf("replayed %zu files, %d mutations each\n", files.size(), kMutationsPerFile);
}
