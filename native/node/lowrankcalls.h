// The functions of lowrank.h for JavaScript: see LowRankAlgebra in src/engine/dense.ts.
#ifndef TSKEOPS_LOWRANKCALLS_H
#define TSKEOPS_LOWRANKCALLS_H

#include "node/densecalls.h"

struct ChoosePivots : DenseWork {
  explicit ChoosePivots(const Arguments &);
};
struct Extend : DenseWork {
  explicit Extend(const Arguments &);
};
struct GramOf : DenseWork {
  explicit GramOf(const Arguments &);
};
struct SubtractTall : DenseWork {
  explicit SubtractTall(const Arguments &);
};
struct LowRankSolve : DenseWork {
  explicit LowRankSolve(const Arguments &);
};

#endif
