#include "node/interrupt.h"

#include <csignal>
#include <pthread.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

namespace {

std::atomic<std::uint32_t> count{0};
std::atomic<bool> open{false};
struct sigaction before;

// Handlers that only end the process are the default one and the one-shot one that node installs at its start. They are
// not called: the interrupted call throws instead, and the process ends with that error unless somebody catches it.
void passOn(int signal, siginfo_t *info, void *context) {
  if (before.sa_flags & SA_RESETHAND) return;
  if (before.sa_flags & SA_SIGINFO) return before.sa_sigaction(signal, info, context);
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) before.sa_handler(signal);
}

void onInterrupt(int signal, siginfo_t *info, void *context) {
  if (open) {
    count++;
    passOn(signal, info, context);
  } else {
    // Somebody has saved this handler during a call and put it back later: step aside for good.
    sigaction(SIGINT, &before, nullptr);
    raise(signal);
  }
}

bool isOurs(const struct sigaction &action) { return (action.sa_flags & SA_SIGINFO) && action.sa_sigaction == onInterrupt; }

}  // namespace

const std::atomic<std::uint32_t> &interruptCount() { return count; }

bool onMainThread() {
#ifdef __linux__
  return getpid() == syscall(SYS_gettid);
#else
  return pthread_main_np() != 0;
#endif
}

InterruptScope::InterruptScope() : isOutermost(!open) {
  if (!isOutermost) return;
  struct sigaction now, ours {};
  sigaction(SIGINT, nullptr, &now);
  if (!(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_IGN) return;
  open = true;
  if (isOurs(now)) return;
  before = now;
  ours.sa_sigaction = onInterrupt;
  ours.sa_flags = SA_SIGINFO | SA_RESTART;
  sigemptyset(&ours.sa_mask);
  sigaction(SIGINT, &ours, nullptr);
}

InterruptScope::~InterruptScope() {
  if (!isOutermost || !open) return;
  struct sigaction now;
  sigaction(SIGINT, nullptr, &now);
  if (isOurs(now)) sigaction(SIGINT, &before, nullptr);  // whoever has installed another one meanwhile keeps it
  open = false;
}
