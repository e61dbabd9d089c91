#include "terse/core/temporaries.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstring>
#include <iterator>
#include <vector>

#include "terse/core/error.hpp"

namespace terse::core {

namespace {

constexpr int kSlots = 64;

/// What ends a process that does nothing about it, but for SIGKILL and the real-time signals.
constexpr int kEnding[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,    SIGTRAP, SIGABRT, SIGBUS,    SIGFPE,
                           SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE,   SIGALRM, SIGTERM, SIGSTKFLT, SIGXCPU,
                           SIGXFSZ, SIGIO,   SIGPROF, SIGVTALRM, SIGPWR,  SIGSYS};

enum SlotState : int { Free, Claimed, Live };

struct Slot {
  std::atomic<int> state{Free};
  pid_t owner = 0;  // a forked child must not unlink its parent's files
  char path[PATH_MAX] = {};
};
static_assert(std::atomic<int>::is_always_lock_free, "the signal handler reads the state");

// Never destroyed: a signal may come while static objects are.
constinit Slot slots[kSlots];

void unlink_and_die(int signal_number) {
  const int saved_errno = errno;
  const pid_t self = ::getpid();
  for (Slot& slot : slots) {
    if (slot.state.load(std::memory_order_acquire) == Live && slot.owner == self) ::unlink(slot.path);
  }
  // Blocked while this handler runs; delivered with the default action as soon as it returns.
  ::signal(signal_number, SIG_DFL);
  ::raise(signal_number);
  errno = saved_errno;
}

}  // namespace

int remember_temporary(const std::string& path) {
  if (path.size() >= PATH_MAX) throw Error(Error::OutputFailed, path + ": the name is too long");
  for (int i = 0; i < kSlots; ++i) {
    Slot& slot = slots[i];
    int expected = Free;
    if (!slot.state.compare_exchange_strong(expected, Claimed, std::memory_order_acquire)) continue;
    slot.owner = ::getpid();
    std::memcpy(slot.path, path.c_str(), path.size() + 1);
    slot.state.store(Live, std::memory_order_release);
    return i;
  }
  throw Error(Error::OutputFailed, path + ": more than " + std::to_string(kSlots) + " output files at once");
}

void forget_temporary(int slot) { slots[slot].state.store(Free, std::memory_order_release); }

void remove_temporaries_on_signal() {
  std::vector<int> ending(std::begin(kEnding), std::end(kEnding));
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) ending.push_back(number);
  struct sigaction action {};
  action.sa_handler = unlink_and_die;
  // One signal at a time, so that a second one cannot end the process half-way through the table.
  sigemptyset(&action.sa_mask);
  for (const int number : ending) sigaddset(&action.sa_mask, number);
  for (const int number : ending) {
    struct sigaction old {};
    if (::sigaction(number, nullptr, &old) != 0 || (old.sa_flags & SA_SIGINFO) != 0 || old.sa_handler != SIG_DFL) {
      continue;
    }
    ::sigaction(number, &action, nullptr);
  }
}

}  // namespace terse::core
