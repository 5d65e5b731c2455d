#include "linalg/session.h"

#include "generated/instructionsets.h"

#define DECLARE_SET(isa, ...) extern const KernelSet kernels_##isa;
EACH_INSTRUCTION_SET(DECLARE_SET)

namespace {

#define LIST_SET(isa, ...) &kernels_##isa,
const KernelSet *const SETS[] = {EACH_INSTRUCTION_SET(LIST_SET)};

thread_local LinalgSession *currentSession = nullptr;

}  // namespace

LinalgSession::LinalgSession(Watch &watch, int instructionSet) : watch(watch), set(*SETS[instructionSet]) {
  watch.begin(0);
  currentSession = this;
}

LinalgSession::~LinalgSession() { currentSession = nullptr; }

LinalgSession &LinalgSession::current() { return *currentSession; }
