// What steers: branches, calls, returns, barriers. Their meaning is the block's; here is which opcode is which.
#include "block.h"
#include "table.h"

namespace cudasim {
namespace {

void runNothing(Block&, const Instruction&) {}

Semantics nothing(const Statement&) { return {&runNothing, {}}; }

// bar.sync id. A count of threads would make it a barrier of some of them, which is not simulated.
Semantics barrier(const Statement& s) {
  if (s.operands.size() > 1) throw PtxError(s.line, "a barrier of some threads is not simulated: " + s.text);
  return {nullptr, {4}};
}

// bar.red.popc.u32 d, id, predicate
Semantics barrierReduce(const Statement& s) {
  if (s.operands.size() != 3) throw PtxError(s.line, "a barrier of some threads is not simulated: " + s.text);
  return {nullptr, {4, 4, 4}};
}

constexpr OpcodeRow ROWS[] = {
    {"bra", "uni", nullptr, Flow::Branch},
    {"brx", "idx uni", nullptr, Flow::BranchTable},
    {"call", "uni", nullptr, Flow::Call},
    {"ret", "uni", nullptr, Flow::Return},
    {"exit", "", nullptr, Flow::Exit},
    {"trap", "", nullptr, Flow::Trap},
    {"bar", "sync cta", barrier, Flow::Barrier},
    {"barrier", "sync cta aligned", barrier, Flow::Barrier},
    {"bar.red", "red cta popc and or", barrierReduce, Flow::BarrierReduce},
    {"barrier.red", "red cta aligned popc and or", barrierReduce, Flow::BarrierReduce},
    // Threads of a block run in one order here, so that fences have nothing to do, and nobody sleeps.
    {"membar", "cta gl sys", nothing},
    {"fence", "sc acq_rel cta gpu sys", nothing},
    {"nanosleep", "", nothing},
    {"pmevent", "", nothing},
    {"discard", "global L2", nothing},
};

}  // namespace

std::span<const OpcodeRow> flowRows() { return ROWS; }

}  // namespace cudasim
