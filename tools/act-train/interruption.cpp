#include "interruption.hpp"

#include <csignal>
#include <cstdlib>

namespace terse::tools::act_train {

namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM};
volatile std::sig_atomic_t g_signal = 0;
struct sigaction g_previous[2];

// A second signal is for users who do not want to wait: it ends the process at once.
void remember(int signal) {
  if (g_signal != 0) {
    // By the handler that was there before, which removes temporary files.
    for (int i = 0; i < 2; ++i) {
      if (kSignals[i] == signal) sigaction(signal, &g_previous[i], nullptr);
    }
    std::raise(signal);
  }
  g_signal = signal;
}

}  // namespace

Interruption::Interruption(bool wanted) : wanted_(wanted) {
  if (!wanted_) return;
  g_signal = 0;
  struct sigaction action = {};
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;
  for (int i = 0; i < 2; ++i) sigaction(kSignals[i], &action, &g_previous[i]);
}

Interruption::~Interruption() {
  if (!wanted_) return;
  for (int i = 0; i < 2; ++i) sigaction(kSignals[i], &g_previous[i], nullptr);
}

int Interruption::signal() { return g_signal; }

void end_by_signal(int signal) {
  std::signal(signal, SIG_DFL);
  std::raise(signal);
  std::_Exit(128 + signal);
}

}  // namespace terse::tools::act_train
