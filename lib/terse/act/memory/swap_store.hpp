#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace terse::act {

/// Memory whose content can go to the second tier.
class SwapMemory {
 public:
  virtual ~SwapMemory() = default;
  virtual std::span<std::byte> bytes() = 0;
};

struct SwapOptions {
  std::string directory;                    ///< of the file, which has no name: its space goes with the process
  std::uint64_t resident_bytes = 64 << 20;  ///< bound on what the store holds in memory: not written yet, or read ahead
  std::uint64_t least_bytes = 16 << 10;     ///< smaller memory is not worth a write: who fills the store leaves it out
};

/// Sums since the store was made.
struct SwapFigures {
  std::uint64_t swapped_bytes = 0;  ///< handed over by put()
  double wait_seconds = 0;          ///< that put() and take() waited, or read for themselves
  std::uint64_t file_bytes = 0;     ///< length of the file
};

/// A second tier for memory that is used again in the reverse of the order in which it was given away, as a backward
/// pass uses what the forward pass saved. One thread of its own writes what comes in and reads ahead of what will be
/// asked for next; a bound holds on what is in memory for either. Contents never depend on timing. Thread-safe.
class SwapStore : public std::enable_shared_from_this<SwapStore> {
 public:
  class Region;
  /// One content in the store; its space is free again when the last copy of the handle goes. Keeps the store alive.
  using Handle = std::shared_ptr<Region>;
  using Allocate = std::function<std::shared_ptr<SwapMemory>(std::size_t bytes)>;

  /// Makes the file and starts the thread.
  /// @param allocate  memory for contents that are read; called on any thread
  /// @throws Error::OutputFailed naming the directory where the file cannot be made
  static std::shared_ptr<SwapStore> open(const SwapOptions& options, Allocate allocate);
  ~SwapStore();
  SwapStore(const SwapStore&) = delete;
  SwapStore& operator=(const SwapStore&) = delete;

  const SwapOptions& options() const;

  /// Takes in the content of `memory`, which must not change from now on; the store lets go of it once it is written
  /// and not among the next to be used. Waits while more than resident_bytes are held.
  /// @throws Error::OutputFailed naming the directory where this or an earlier write failed
  Handle put(std::shared_ptr<SwapMemory> memory);

  /// Notes one more use to come, before all others noted so far. put() notes the first.
  /// @param present  memory with the content, where the caller knows of some: spares a read
  void expect(const Handle& region, std::shared_ptr<SwapMemory> present = nullptr);

  /// The content for its next use; the memory stays valid as long as it is held.
  /// @param present  as in expect()
  /// @throws Error::OutputFailed as put(), and where the content cannot be read
  std::shared_ptr<SwapMemory> take(const Handle& region, std::shared_ptr<SwapMemory> present = nullptr);

  /// @throws Error::OutputFailed where a write failed
  SwapFigures figures() const;

 private:
  class Implementation;
  SwapStore(const SwapOptions& options, Allocate allocate);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace terse::act
