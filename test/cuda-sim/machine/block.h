// One block of threads at work. All threads that stand at the same instruction execute it together; those that stand
// furthest back go first, so that threads which took different ways meet again. Knows no driver.
#pragma once
#include <cstdlib>
#include <memory>
#include <vector>

#include "devicememory.h"
#include "instruction.h"
#include "program.h"
#include "sharedmemory.h"

namespace cudasim {

struct Statistics {
  uint64_t instructions = 0;  // of threads: one instruction that a warp of 32 executes counts 32
  uint64_t globalLoads = 0, globalStores = 0, sharedLoads = 0, sharedStores = 0;
  uint64_t approximations = 0;  // ex2, rcp, sin and their kin: one special-function result each
  uint64_t atomics = 0, barriers = 0;
};

struct Launch {
  Dim grid, block;
  unsigned dynamicShared = 0;
  std::vector<uint8_t> parameters;
  bool checkRaces = true;
  bool perturb = false;  // moves every approximation by up to 2 ulp
};

// The threads that execute an instruction.
struct Lanes {
  bool all = true;
  int count = 0;
  std::vector<int> list;  // ascending; used unless `all`

  int first() const { return all ? 0 : list[0]; }
  int last() const { return all ? count - 1 : list[static_cast<size_t>(count) - 1]; }
  template <typename F>
  void each(F&& body) const {
    if (all) {
#pragma GCC ivdep  // rows are the same or disjoint, and lane t touches cell t alone
      for (int t = 0; t < count; t++) body(t);
    } else
      for (int k = 0; k < count; k++) body(list[static_cast<size_t>(k)]);
  }
};

class Block {
 public:
  Block(const Program& program, const Launch& launch, DeviceMemory& memory, Statistics& statistics);
  void run(Dim index);  // throws Fault

  // For handlers.
  const Lanes& lanes() const { return *active_; }
  Statistics& statistics;
  const Launch& launch;
  SharedMemory shared;

  template <typename T>
  CellOf<T>* row(const Instruction& in, int k) {
    return reinterpret_cast<CellOf<T>*>(unit(in.rows[static_cast<size_t>(k)]));
  }
  uint64_t read(const Instruction& in, int k, int lane) {  // zero-extended, whatever the width of the row
    return in.isWide(k) ? row<uint64_t>(in, k)[lane] : row<uint32_t>(in, k)[lane];
  }
  void write(const Instruction& in, int k, int lane, uint64_t value) {
    if (in.isWide(k)) row<uint64_t>(in, k)[lane] = value;
    else row<uint32_t>(in, k)[lane] = static_cast<uint32_t>(value);
  }

  // The bytes that an access of `size` bytes at row k + offset touches, after all checks.
  uint8_t* locate(const Instruction& in, int k, int lane, unsigned size, Use use);
  // The same for a load of one place of shared memory by all active threads.
  uint8_t* locateForAll(const Instruction& in, int k, unsigned size);
  uint64_t addressOf(const Instruction& in, int k, int lane) { return read(in, k, lane) + static_cast<uint64_t>(in.offset); }

  uint8_t* carries() { return carries_.data(); }
  int threads() const { return threads_; }
  bool exited(int lane) const { return state_[static_cast<size_t>(lane)] == State::Exited; }
  double nudge();  // 1 + up to 2 ulp of a float, for perturbed approximations

 private:
  enum class State : uint8_t { Ready, Waiting, Exited };

  uint32_t* unit(uint32_t index) { return file_.get() + static_cast<size_t>(index) * stride_; }
  void fillRows();
  void fillSpecial(const Program::Special& special, Dim index);
  void start(Dim index);
  bool gather();
  void runGroup();
  bool guardHolds(const Instruction& in, int lane);
  bool applyGuard(const Instruction& in);
  bool goOn(uint32_t pc);
  bool steer(const Instruction& in);
  bool branch(const Instruction& in);
  void branchTable(const Instruction& in);
  void call(const Instruction& in);
  void fetchResults(const Instruction& in);
  void comeBack(const Instruction& in);
  void exit(const Instruction& in);
  void wait(const Instruction& in);
  void releaseBarrier();
  void reduce(const Instruction& in);
  void scatter(uint32_t pc);
  void checkAlignment(uint64_t address, unsigned size, int lane) const;
  uint8_t* locateParameter(uint64_t address, int lane, uint64_t size, Use use);

  const Program& program_;
  DeviceMemory& memory_;
  int threads_;
  size_t stride_;
  struct Free {
    void operator()(uint32_t* p) const { std::free(p); }
  };
  std::unique_ptr<uint32_t, Free> file_;
  std::vector<uint8_t> local_, parameters_, carries_;

  std::vector<uint32_t> pcs_;
  std::vector<State> state_;
  int exited_ = 0;
  Lanes group_, guarded_;              // the threads that go on together, and those of them whose guard holds
  const Lanes* active_ = &group_;
  uint32_t pc_ = 0;      // of the group
  uint32_t others_ = 0;  // the least pc of the ready threads outside the group
  uint64_t random_ = 88172645463325252u;
  DeviceMemory::Cache cache_;
};

}  // namespace cudasim
