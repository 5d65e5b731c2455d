// Ctrl-C during a synchronous call: while JavaScript cannot run, its own SIGINT handling cannot either.
// It must know nothing of what runs meanwhile: that watches the count.
#ifndef TSKEOPS_INTERRUPT_H
#define TSKEOPS_INTERRUPT_H

#include <atomic>
#include <cstdint>

// How often SIGINT came while an InterruptScope was open.
const std::atomic<std::uint32_t> &interruptCount();

// Whether this is the thread that the process began with.
bool onMainThread();

// Counts SIGINT while it is open, and passes it on to the handler that was there if that does more than end the
// process. For the main thread only: a call in a worker leaves Ctrl-C to whatever the idle main thread does about it.
// One inside another does nothing.
class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  InterruptScope(const InterruptScope &) = delete;

 private:
  const bool isOutermost;
};

#endif
