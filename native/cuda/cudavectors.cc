#include "cuda/cuda.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "run/memory.h"

namespace cuda {

namespace {

constexpr int THREADS = 256;
constexpr int64 MOST_COLUMNS = 65535, MOST_BLOCKS = (int64(1) << 31) - 1;
constexpr std::size_t MOST_STEPS = sizeof(ScalarSteps::steps) / sizeof(ScalarStep);

struct Grid {
  int64 x = 1, y = 1, z = 1;
};
Grid perNumber(const VectorSizes &s) { return {ceilDivide(s.rows * s.columns, THREADS)}; }
Grid perColumn(const VectorSizes &s) { return {ceilDivide(s.columns, THREADS)}; }
Grid perPart(const VectorSizes &s) { return {s.parts, s.columns}; }
Grid perComponent(const VectorSizes &s) { return {ceilDivide(s.rank, THREADS), s.parts, s.columns}; }
Grid perWarp(const VectorSizes &s) { return {ceilDivide(s.rows * s.columns * 32, THREADS)}; }
Grid perTallNumber(const VectorSizes &s) { return {ceilDivide(s.rows * s.rank, THREADS)}; }

// What an operand holds: v a vector of the dtype, f and d one of floats and doubles; s a scalar, z [rank] of them; p
// and q the same for every part; t [rows][rank] of the dtype, u doubles [rank][rank]; x [rank] of the dtype; o int32s
// [rank], i [rows], b [rows + 1].
struct Operation {
  const char *name, *operands;
  Grid (*grid)(const VectorSizes &);
};
constexpr Operation TABLE[] = {
    {"fill", "v", perNumber},
    {"axpy", "svv", perNumber},
    {"xpay", "vsv", perNumber},
    {"add", "vv", perNumber},
    {"take", "xiv", perNumber},
    {"pick", "oii", perNumber},
    {"convert", "iv", perNumber},
    {"scatter", "xobv", perNumber},
    {"narrow", "df", perNumber},
    {"widen", "fd", perNumber},
    {"dot", "vvp", perPart},
    {"peak", "vp", perPart},
    {"sum", "ps", perColumn},
    {"largest", "ps", perColumn},
    {"project", "tvq", perComponent},
    {"complete", "tzvv", perWarp},
    {"triangular", "tut", perTallNumber},
};

// In double, where no product of sizes overflows.
double bytesOf(char kind, const VectorSizes &s, int64 realBytes) {
  const double rows = double(s.rows), columns = double(s.columns), rank = double(s.rank), parts = double(s.parts);
  switch (kind) {
    case 'v': return rows * columns * double(realBytes);
    case 'f': return rows * columns * 4;
    case 'd': return rows * columns * 8;
    case 's': return columns * 8;
    case 'p': return columns * parts * 8;
    case 'z': return rank * columns * 8;
    case 'q': return rank * columns * parts * 8;
    case 'x': return rank * double(realBytes);
    case 'o': return rank * 4;
    case 'i': return rows * 4;
    case 'b': return (rows + 1) * 4;
    case 't': return rows * rank * double(realBytes);
    default: return rank * rank * 8;
  }
}

void refuseUnlent(Device &device, Address address, double bytes, const std::string &where) {
  if (bytes > double(int64(1) << 53) || !device.owns(address, static_cast<int64>(bytes)))
    throw std::out_of_range(where + ": expected memory that device " + std::to_string(device.number) + " has lent, got other or freed memory");
}

const Operation &operationOf(const std::string &name) {
  for (const Operation &operation : TABLE)
    if (name == operation.name) return operation;
  throw std::out_of_range("vectors: expected an operation of the table, got " + name);
}

}  // namespace

VectorRoutines loadVectors(Device &device, const void *image, int64 realBytes) {
  const Device::Use use(device);
  VectorRoutines routines{device, realBytes, {}, nullptr};
  const Module module = device.load(image);
  for (const Operation &operation : TABLE) routines.functions.push_back(device.function(module, (std::string("keops_") + operation.name).c_str()));
  routines.steps = device.function(module, "keops_steps");
  return routines;
}

void runVectors(const VectorRoutines &routines, const std::string &name, const VectorSizes &sizes, double number,
                const std::vector<Address> &operands) {
  const Operation &operation = operationOf(name);
  if (sizes.parts < 1) throw std::out_of_range(name + ": expected at least one part");
  if (operands.size() != std::strlen(operation.operands)) throw std::out_of_range(name + ": expected other operands");
  VectorJob job{sizes.rows, sizes.columns, sizes.rank, sizes.parts, number, {}};
  for (std::size_t n = 0; n < operands.size(); n++) {
    refuseUnlent(routines.device, operands[n], bytesOf(operation.operands[n], sizes, routines.realBytes), name);
    job.operands[n] = operands[n];
  }
  const Grid grid = operation.grid(sizes);
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  if (grid.x > MOST_BLOCKS || grid.y > MOST_COLUMNS || grid.z > MOST_COLUMNS) throw std::out_of_range(name + ": expected fewer columns");
  void *arguments[] = {&job};
  const Device::Use use(routines.device);
  routines.device.launch(routines.functions[&operation - TABLE], static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y),
                         static_cast<unsigned>(grid.z), THREADS, arguments);
}

void runSteps(const VectorRoutines &routines, int64 columns, const std::vector<ScalarStep> &steps) {
  for (const ScalarStep &step : steps) {
    const int used = step.operation == STEP_DIVIDE ? 2 : step.operation == STEP_SELECT ? 4 : 0;
    for (int n = 0; n < used; n++) refuseUnlent(routines.device, step.operands[n], double(columns) * 8, "steps");
    refuseUnlent(routines.device, step.out, double(columns) * 8, "steps");
  }
  if (columns == 0) return;
  const Device::Use use(routines.device);
  for (std::size_t first = 0; first < steps.size(); first += MOST_STEPS) {
    ScalarSteps all{columns, static_cast<int64>(std::min(MOST_STEPS, steps.size() - first)), {}};
    std::copy_n(steps.begin() + static_cast<std::ptrdiff_t>(first), all.count, all.steps);
    void *arguments[] = {&all};
    routines.device.launch(routines.steps, static_cast<unsigned>(ceilDivide(columns, THREADS)), 1, 1, THREADS, arguments);
  }
}

}  // namespace cuda
