// Vectors and scalars of a solver in the memory of a GPU: the functions of native/text/cuda/vectorscuda.h, each held against the table of its
// operands before it is queued. Nothing here waits for the device. Must know nothing of JavaScript.
#ifndef TSKEOPS_CUDAVECTORS_H
#define TSKEOPS_CUDAVECTORS_H

#include <string>
#include <vector>

#include "cuda/cudadevice.h"

namespace cuda {

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

// Queues one operation of the table. Throws std::out_of_range unless it exists and every operand is memory that the device has lent, of the
// size that the table says; DeviceFailure where it cannot be queued.
void runVectors(const VectorRoutines &, const std::string &operation, const VectorSizes &, double number, const std::vector<Address> &operands);

// On scalars: out = a / b (operation 0), a > b ? above : otherwise (1), 0 (2); unused operands are 0.
struct ScalarStep {
  int64 operation;
  Address operands[5];  // a, b, above, otherwise, out
};
void runSteps(const VectorRoutines &, int64 columns, const std::vector<ScalarStep> &);

}  // namespace cuda

#endif
