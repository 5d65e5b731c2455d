// What the addon can do on a GPU: load routines, run checked calls, operations on vectors, compile. Plans are those
// of the processor (cpu.h), with one block of threads for every block of rows and part of the columns. Must know
// nothing of JavaScript.
#ifndef TSKEOPS_CUDA_H
#define TSKEOPS_CUDA_H

#include <memory>
#include <string>
#include <vector>

#include "cuda/cudadevice.h"
#include "run/plan.h"
#include "run/watch.h"
#include "text/cuda/launch.h"

namespace cuda {

// A loaded routine; `shape` has its table and none of its functions.
struct CudaRoutine {
  Device &device;
  ::Routine shape;
  int threads;
  Function reduce = nullptr, finish = nullptr, block = nullptr;
};

// An array in the memory of the machine or of the device.
struct Placed {
  void *data;
  int64 length;
  bool isResident;
};
struct PlacedOutput {
  Placed numbers;
  Placed indices{nullptr, 0, false};  // int32s, of reductions that have some
};

// Rows that a block of threads reduces, and over which intervals of columns; the intervals of ranges, or one of all
// columns.
struct RowBlock {
  int64 firstRow, endRow, firstInterval, endInterval;
};
// Of every entry, in the order of rows.
std::vector<RowBlock> rowBlocksOf(const Plan &);
// That a block visits, in double: no product of sizes overflows.
double pairsOf(const Plan &, const RowBlock &);

// A plan as a device runs it, with its tables in the device's memory: sent once, for all calls that it is used for.
class PlacedPlan {
 public:
  // Throws DeviceFailure.
  PlacedPlan(const CudaRoutine &, std::shared_ptr<const Plan>);

  const CudaRoutine &routine;
  const std::shared_ptr<const Plan> plan;
  const std::vector<RowBlock> blocks;
  const double pairsPerBlock;             // on the average
  Address offsets = 0, rowBlocks = 0, intervals = 0;  // as launch.h has them; 0 where there are none

 private:
  template <class T>
  Address table(const std::vector<T> &);

  std::vector<Memory> tables;
};

// Some entries of a call, and some blocks of each; all blocks where there are several entries, so that what a part
// writes lies together.
struct Part {
  int64 firstEntry, endEntry, firstBlock, endBlock;
};

// `table` as that of a compiled routine, but for what only the image knows. Throws DeviceFailure.
CudaRoutine loadRoutine(Device &, const void *image, std::vector<int64> table, int threads);

// Write `out`, or throw Interrupted (then `out` is partly written) or DeviceFailure. Arguments must have been checked.
// A result that is resident may still be on its way when they return.
void reduce(const PlacedPlan &, const std::vector<Placed> &, const PlacedOutput &, Watch &);
void reduce(const PlacedPlan &, const Part &, const std::vector<Placed> &, const PlacedOutput &, Watch &);
// The same on several devices, each with a routine of the same source; nothing is resident. Waits for all.
void reduceOnAll(const std::vector<const CudaRoutine *> &, const std::shared_ptr<const Plan> &, const std::vector<Placed> &,
                 const PlacedOutput &, Watch &);
void block(const CudaRoutine &, const Rectangle &, const std::vector<Placed> &, const PlacedOutput &, Watch &);

// Vectors and scalars of a solver in the memory of a GPU: the functions of native/text/cuda/vectorscuda.h, each held
// against the table of its operands before it is queued. Nothing here waits for the device.

// The functions for one dtype, loaded on one device.
struct VectorRoutines {
  Device &device;
  int64 realBytes;
  std::vector<Function> functions;  // in the order of the table
  Function steps;
};
VectorRoutines loadVectors(Device &, const void *image, int64 realBytes);

struct VectorSizes {
  int64 rows, columns, rank, parts;
};

// Queues one operation of the table. Throws std::out_of_range unless it exists and every operand is memory that the
// device has lent, of the size that the table says; DeviceFailure where it cannot be queued.
void runVectors(const VectorRoutines &, const std::string &operation, const VectorSizes &, double number, const std::vector<Address> &operands);

// Steps on scalars, for every column; operands that a step does not use are 0.
void runSteps(const VectorRoutines &, int64 columns, const std::vector<ScalarStep> &);

// NVRTC, NVIDIA's compiler as a library: opened from the first of these paths that has it. Its version, or 0 and why
// not.
struct Compiler {
  int version = 0;  // 1204 for 12.4
  std::vector<int> architectures;
  std::string why;
};
const Compiler &openCompiler(const std::vector<std::string> &paths);
// CUDA C++ to an image: a CUBIN where the options name a real architecture (sm_90), else PTX. Throws
// std::runtime_error with the log.
std::string compile(const std::string &source, const std::vector<std::string> &options, bool isReal);

}  // namespace cuda

#endif
