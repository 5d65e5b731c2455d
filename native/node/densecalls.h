// The functions of linalg/cholesky.h for JavaScript: see Dense in src/engine/dense.ts. Constructors check every length and overlap; they throw
// C++ exceptions, as values.h does.
#ifndef TSKEOPS_DENSECALLS_H
#define TSKEOPS_DENSECALLS_H

#include "node/calls.h"

// What the dense algebra is to run, with the instruction set of its environment, and how many multiplications that takes.
class DenseWork : public Work {
 public:
  explicit DenseWork(const Arguments &arguments) : instructionSet(instructionSetOf(arguments.Env())) {}
  double cost() const override { return multiplications / 16; }
  double run() override;

 protected:
  const int instructionSet;
  std::function<double()> work;
  double multiplications = 0;
};

struct Cholesky : DenseWork {
  explicit Cholesky(const Arguments &);
};
struct CholeskySolve : DenseWork {
  explicit CholeskySolve(const Arguments &);
};

#endif
