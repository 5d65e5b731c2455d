// The functions of dense.h for JavaScript: see Dense in src/engine/native.ts. Constructors check every length and overlap; they throw
// C++ exceptions, as values.h does.
#ifndef TSKEOPS_DENSECALLS_H
#define TSKEOPS_DENSECALLS_H

#include "calls.h"

// What dense.h is to run, and how many multiplications that takes.
class DenseWork : public Work {
 public:
  double cost() const override { return multiplications / 16; }
  double run() override;

 protected:
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
