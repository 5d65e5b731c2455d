// What the tile evaluator (tileroutine.cc) runs: a program of precompiled kernels, as it is once it has been read and
// checked.
//
// A program computes values in slots of four regions: once per call, per tile of lanes, per interval of the loop, per
// pair. It is a list of integers that src/codegen/tileprogram.ts writes:
//   isBlock, columns, slots of each region [4], reducer, dim, k, weights (in the form `block` only dim counts of these),
//   count of variables, (kind, dim) each,
//   count of loads, (variable, component, slot) each: the region is that of the variable,
//   for every region: count of instructions, each (kernel, slot, terms, add, then (region, index) per argument of every term),
//   count of results, (region, index) each.
// Region 4 + v stands for variable v of the loop, read where it is: its index is a component. Constants are the first
// slots of calls.
#ifndef TSKEOPS_TILEPROGRAM_H
#define TSKEOPS_TILEPROGRAM_H

#include <vector>

#include "run/memory.h"
#include "text/tiles/tiles.h"

namespace tiles {

enum Region { CALL, LANE, LOOP, PAIR, REGIONS };

struct Load {
  int64 variable, component, slot;
};
struct Operand {
  int64 region, index, step;
};
struct Instruction {
  TileKernel kernel;
  int64 slot, terms;
  bool add;
  int64 firstOperand;
};

struct Program {
  const TileLibrary &library;
  bool isBlock;
  int64 columns, slots[REGIONS];
  const TileReducer *reducer = nullptr;
  Extent extent;
  std::vector<int64> kinds, dims;
  std::vector<double> constants;
  std::vector<Load> loads;
  std::vector<Instruction> instructions[REGIONS];
  std::vector<Operand> operands;
  std::vector<int64> moving;  // operands that are read from a variable of the loop
  int64 firstResult, results;

  explicit Program(const TileLibrary &library) : library(library) {}
  int64 laneKind() const { return isBlock ? KIND_COLUMN : KIND_ROW; }
  Region regionOf(int64 variable) const {
    if (kinds[variable] == KIND_PARAMETER) return CALL;
    return kinds[variable] == laneKind() ? LANE : LOOP;
  }
  int64 realsPerSlot(int64 region) const {
    if (region == LOOP) return columns;
    return region == PAIR ? columns * library.lanes : library.lanes;
  }
  int64 bytes(int64 region) const { return roundUp(slots[region] * realsPerSlot(region) * library.realBytes, 64); }
  int64 resultDim() const { return isBlock ? extent.dim : reducer->resultDim(extent); }
  int64 indexDim() const { return isBlock ? 0 : reducer->indexDim(extent); }
  int64 bytesOfAll() const {
    int64 sum = stateBytes();
    for (int64 region = CALL; region < REGIONS; region++) sum += bytes(region);
    return sum + operands.size() * sizeof(Span);
  }
  int64 stateBytes() const { return isBlock ? 0 : roundUp(reducer->stateBytes(extent), 64); }
};

// Throws std::out_of_range for whatever would read or write beyond what the program has: nothing is checked while it
// runs.
Program programOf(const TileLibrary &library, const std::vector<int64> &code, const std::vector<double> &constants);

}  // namespace tiles

#endif
