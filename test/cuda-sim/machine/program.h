// A kernel ready to run: the entry and all functions it calls, linked into one list of instructions over one register
// file. Functions come before their callers, so that "who stands furthest back goes first" lets threads return before
// others go on.
#pragma once
#include <string>
#include <vector>

#include "instruction.h"
#include "specials.h"

namespace cudasim {

// Where the other spaces lie among generic addresses.
constexpr uint64_t SHARED_WINDOW = 1ull << 40, LOCAL_WINDOW = 2ull << 40, PARAM_WINDOW = 3ull << 40, WINDOW_SIZE = 1ull << 40;
// In the space of parameters: the kernel's from 0 on, the same for all threads; those of functions from here on, per
// thread.
constexpr uint64_t THREAD_PARAMETERS = 1 << 20;

struct Parameter {
  uint64_t offset, size;
};

struct CopiedParameter {
  uint64_t from, to, size;
};

// A call of a function in one place: what is copied in, what comes back, and where it goes on.
struct CallSite {
  std::vector<CopiedParameter> arguments, results;
  uint32_t returnRow = 0;  // of the function: the call site to which each thread returns
};

struct Program {
  std::string name;
  std::vector<Instruction> code;
  uint32_t entry = 0;
  uint32_t units = 0;  // of the register file: one is a 32-bit cell per thread

  struct Constant {
    uint32_t unit;
    bool wide;
    uint64_t bits;
  };
  struct Special {
    uint32_t unit;
    bool wide;
    const SpecialRow* row;
  };
  std::vector<Constant> constants;
  std::vector<Special> specials;
  std::vector<CallSite> calls;
  std::vector<std::vector<uint32_t>> branchTables;

  uint64_t staticShared = 0, dynamicSharedAt = 0;  // bytes
  uint64_t localSize = 0, threadParameterSize = 0;
  std::vector<Parameter> parameters;  // of the kernel, in the order of its text
  uint64_t parameterSize = 0;
  unsigned maxThreads = 0;
};

// `addresses`: where the module's variables lie in global memory, by their index. Throws PtxError.
Program link(const Module& module, const Function& entry, const std::vector<uint64_t>& addresses);

}  // namespace cudasim
