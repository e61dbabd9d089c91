#include "terse/act/memory/swap_store.hpp"

#include <sys/resource.h>

#include <atomic>
#include <cstring>
#include <vector>

#include "temporary_folder.hpp"
#include "terse/act/memory/file_space.hpp"
#include "terse/core/philox.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::act {

namespace {

/// Memory that is counted while it lives.
class CountedMemory final : public SwapMemory {
 public:
  explicit CountedMemory(std::size_t bytes) : bytes_(bytes) {
    const auto now = alive += bytes;
    auto peak = highest.load();
    while (now > peak && !highest.compare_exchange_weak(peak, now)) {
    }
  }
  ~CountedMemory() override { alive -= bytes_.size(); }
  std::span<std::byte> bytes() override { return bytes_; }

  static inline std::atomic<std::size_t> alive = 0, highest = 0;

 private:
  std::vector<std::byte> bytes_;
};

std::shared_ptr<SwapMemory> filled(std::size_t bytes, std::uint64_t seed) {
  auto memory = std::make_shared<CountedMemory>(bytes);
  core::RandomSequence sequence({seed, 0, 0});
  for (std::byte& one : memory->bytes()) one = static_cast<std::byte>(256 * sequence.uniform());
  return memory;
}

bool holds(SwapMemory& memory, std::size_t bytes, std::uint64_t seed) {
  const auto expected = filled(bytes, seed);
  return memory.bytes().size() == bytes && std::memcmp(memory.bytes().data(), expected->bytes().data(), bytes) == 0;
}

std::shared_ptr<SwapStore> open_store(const test::TemporaryFolder& folder, std::uint64_t resident_bytes) {
  return SwapStore::open({.directory = folder.path().string(), .resident_bytes = resident_bytes},
                         [](std::size_t bytes) { return std::make_shared<CountedMemory>(bytes); });
}

constexpr std::size_t kBytes = 10'000;

std::size_t size_of(std::uint64_t i) { return kBytes + 1000 * (i % 7); }
constexpr std::size_t kLargest = kBytes + 6000;

}  // namespace

TEST_CASE("File space is taken again where it was given back, and grows only where none is long enough", "[swap]") {
  FileSpace space;
  const auto a = space.take(5000), b = space.take(4096), c = space.take(1);
  CHECK(a == 0);
  CHECK(b == 8192);
  CHECK(c == 12288);
  CHECK(space.end() == 16384);
  space.give_back(a, 5000);
  CHECK(space.take(4096) == 0);
  CHECK(space.take(4097) == 16384);
  space.give_back(b, 4096);  // joins what a left behind it
  CHECK(space.take(8192) == 4096);
  space.give_back(c, 1);
  space.give_back(4096, 8192);
  CHECK(space.take(12288) == 4096);
  CHECK(space.end() == 24576);
}

TEST_CASE("Contents come back in reverse, whatever may be in memory at a time", "[swap]") {
  const test::TemporaryFolder folder;
  const auto resident =
      GENERATE(std::uint64_t{0}, std::uint64_t{30'000}, std::uint64_t{100'000}, std::uint64_t{1} << 30);
  const auto store = open_store(folder, resident);
  CHECK(folder.entries() == 0);
  std::uint64_t file_bytes = 0;
  for (std::uint64_t step = 0; step < 5; ++step) {
    std::vector<SwapStore::Handle> handles;
    for (std::uint64_t i = 0; i < 40; ++i) handles.push_back(store->put(filled(size_of(i), 100 * step + i)));
    for (std::uint64_t i = 40; i-- > 0;) {
      CHECK(holds(*store->take(handles[i]), size_of(i), 100 * step + i));
      handles.pop_back();
    }
    if (step == 0) file_bytes = store->figures().file_bytes;
  }
  CHECK(store->figures().file_bytes == file_bytes);
  CHECK(store->figures().swapped_bytes >= 5 * 40 * kBytes);
  CHECK(CountedMemory::alive == 0);
}

TEST_CASE("What the store holds in memory stays within its bound", "[swap]") {
  const test::TemporaryFolder folder;
  constexpr std::uint64_t kResident = 100'000;
  const auto store = open_store(folder, kResident);
  CountedMemory::highest = 0;
  std::vector<SwapStore::Handle> handles;
  for (std::uint64_t i = 0; i < 60; ++i) handles.push_back(store->put(filled(size_of(i), i)));
  for (std::uint64_t i = 60; i-- > 0;) {
    const auto memory = store->take(handles[i]);
    handles.pop_back();
  }
  // Beside the bound: what put() is given, and what take() has given.
  CHECK(CountedMemory::highest <= kResident + 2 * kLargest);
}

TEST_CASE("A content is there for each of its uses, in any order", "[swap]") {
  const test::TemporaryFolder folder;
  const auto store = open_store(folder, 40'000);
  core::RandomSequence random({7, 0, 0});
  std::vector<std::pair<std::uint64_t, SwapStore::Handle>> live;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const auto pick = [&] { return static_cast<std::size_t>(random.uniform() * static_cast<double>(live.size())); };
    const double what = random.uniform();
    if (live.empty() || what < 0.35) {
      live.emplace_back(i, store->put(filled(size_of(i), i)));
    } else if (what < 0.5) {
      store->expect(live[pick()].second);
    } else if (what < 0.55) {
      auto& [seed, handle] = live[pick()];
      store->expect(handle, filled(size_of(seed), seed));
    } else if (what < 0.75) {
      const auto& [seed, handle] = live[pick()];
      REQUIRE(holds(*store->take(handle), size_of(seed), seed));
    } else {
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(pick()));
    }
  }
  live.clear();
  CHECK(store->figures().file_bytes < 2000 * kLargest / 4);
}

TEST_CASE("A second use nearby finds the content in memory", "[swap]") {
  const test::TemporaryFolder folder;
  const auto store = open_store(folder, 1 << 20);
  const auto first = store->put(filled(kBytes, 1)), second = store->put(filled(kBytes, 2));
  store->expect(first);
  const auto taken = store->take(first);
  (void)store->take(second);
  CHECK(store->take(first) == taken);
}

TEST_CASE("The directory is named where its file cannot be made or written", "[swap]") {
  const test::TemporaryFolder folder;
  CHECK(test::throws(Error::OutputFailed, folder.file("none") + ": No such file or directory", [&] {
    SwapStore::open({.directory = folder.file("none")}, [](std::size_t bytes) { return filled(bytes, 0); });
  }));

  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto store = open_store(folder, 40'000);
  const rlimit small{100'000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  std::vector<SwapStore::Handle> handles;
  const auto error = test::error_of([&] {
    for (std::uint64_t i = 0; i < 40; ++i) handles.push_back(store->put(filled(size_of(i), i)));
  });
  setrlimit(RLIMIT_FSIZE, &before);
  REQUIRE(error);
  CHECK(error->code() == Error::OutputFailed);
  CHECK(error->what() == folder.path().string() + ": swap file: File too large");
  CHECK(test::throws(Error::OutputFailed, "File too large", [&] { store->figures(); }));
  CHECK(test::throws(Error::OutputFailed, "File too large", [&] { store->take(handles.front()); }));
}

}  // namespace terse::act
