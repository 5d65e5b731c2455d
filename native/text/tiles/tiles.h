// What run/tileroutine.cc and the precompiled kernels tell each other. The kernels are generated from the operation
// table when the package is built, one file per instruction set and dtype (src/codegen/tilekernels.ts): each does one
// operation on one component of a tile. No header is included, and nothing here has code that is linked: the kernels'
// files are compiled for instruction sets that the rest of the addon must not use.
#ifndef TSKEOPS_TILES_H
#define TSKEOPS_TILES_H

#include "text/common/routine.h"

// One component of a value on a tile: where it begins, and how many reals on its next vector stands. A splat is one
// real per vector.
struct Span {
  const void *data;
  int64 step;
};

// Writes `vectors` vectors. Sums have `terms` groups of arguments, of which each argument steps alike; with `add` they
// add to `out`.
using TileKernel = void (*)(void *out, const Span *arguments, int64 terms, int64 vectors, bool add);

// How an argument steps: from vector to vector, not at all, or from splat to splat.
enum class Steps { Vectors, Fixed, Splats };
enum { KINDS_OF_STEPS = 3, VARIANTS = 27 };  // of at most three arguments

struct KernelEntry {
  const char *name;
  int64 arguments;
  bool isSum;
  TileKernel variants[VARIANTS];  // by the digits, to base 3, of how the arguments step, the first one lowest; null where all are splats
};

// What a reducer takes: the dim of its result, the K of the K best, and what weights are. Of those that take weights, k
// is how many values are weighted: one with all weights, or as many as there are weights, each with its own.
enum class Weights : int32 { None, Vectors, Splats };
struct Extent {
  int64 dim, k;
  Weights weights;  // if there are some, they come behind what is weighted among the values of a tile
};

// A reduction on tiles. State belongs to one tile of rows; accumulators are what parts of the columns leave behind, one
// per row.
class TileReducer {
 public:
  virtual bool takesWeights() const = 0;
  // Whether the index of each column comes from a variable of the loop, whose place is behind the values of a tile.
  virtual bool takesRanks() const = 0;
  virtual int64 resultDim(const Extent &) const = 0;
  virtual int64 indexDim(const Extent &) const = 0;
  virtual int64 stateBytes(const Extent &) const = 0;
  virtual int64 accumulatorBytes(const Extent &) const = 0;
  virtual void begin(void *state, const Extent &, int64 firstColumn) const = 0;
  virtual void add(void *state, const Extent &, const Span *values, int64 columns, int64 firstColumn) const = 0;
  virtual void store(const void *state, const Extent &, void *accumulators, int64 count) const = 0;
  virtual void finish(const Extent &, int64 rows, void *accumulators, int64 parts, int64 partBytes, void *out,
                      int32 *indices) const = 0;

 protected:
  ~TileReducer() = default;
};

struct ReducerEntry {
  const char *name;
  const TileReducer *reducer;
};

enum { MOST_TILE_COLUMNS = 128 };

struct TileLibrary {
  const char *isa;
  int64 realBytes, lanes;
  const KernelEntry *kernels;
  int64 kernelCount;
  const ReducerEntry *reducers;
  int64 reducerCount;
};

#endif
