// What JavaScript sees of linalg/cholesky.h: work that checks every length and overlap, then runs.
#include "node/densecalls.h"

#include "linalg/cholesky.h"
#include "linalg/session.h"
#include "node/denseviews.h"

double DenseWork::run() {
  const LinalgSession whileRunning(watch, instructionSet);
  const double result = work();
  if (watch.stopped()) throw Interrupted("dense algebra: interrupted");
  return result;
}

Cholesky::Cholesky(const Arguments &info) : DenseWork(info) {
  const int64 n = sizeAt(info, 1, "n");
  const auto a = matrixAt<double>(info, 0, "a", n, n);
  watch.control = toControl(info.Env(), info[2]);
  work = [=] { return static_cast<double>(cholesky(a.data, n)); };
  multiplications = double(n) * double(n) * double(n) / 6;
}

CholeskySolve::CholeskySolve(const Arguments &info) : DenseWork(info) {
  const int64 n = sizeAt(info, 2, "n"), columns = sizeAt(info, 3, "columns");
  const auto l = matrixAt<double>(info, 0, "l", n, n), x = matrixAt<double>(info, 1, "x", n, columns);
  refuseOverlap(x, l, "l");
  watch.control = toControl(info.Env(), info[4]);
  work = [=] {
    choleskySolve(l.data, x.data, n, columns);
    return 0.0;
  };
  multiplications = double(n) * double(n) * double(columns);
}
