// Yardstick: the Gaussian sum in 3-D, float32, written by hand with the vector functions of generated code: what the
// generator should come near. Built by bench/run.mjs, with routine.h and keops.h in front; same form as a generated
// routine.
struct HandAccumulator { double total; };
enum { U = TILE };

extern "C" const int64 keops_table[] = {TSKEOPS_ABI, sizeof(scalar), TILE_LANES, sizeof(double), 1, 0, 0, 4,
                                        KIND_ROW, 3, KIND_COLUMN, 3, KIND_COLUMN, 1, KIND_PARAMETER, 1};

extern "C" void keops_reduce(const Job *job, const Block *block, void *accumulators) {
  const scalar *x = (const scalar *)job->arguments[0], *y = (const scalar *)job->arguments[1], *b = (const scalar *)job->arguments[2];
  const scalar c = -(scalar)1.4426950408889634 * ((const scalar *)job->arguments[3])[0];
  const int64 begin = block->intervals[0], end = block->intervals[1];
  for (int64 row = block->firstRow; row < block->endRow; row += TILE_LANES) {
    Tile points[3];
    load(points, x, row, job->rows);
    double totals[TILE_LANES] = {};
    for (int64 first = begin; first < end; first += 256) {
      const int64 last = end - first < 256 ? end : first + 256;
      real sums[U] = {};
      for (int64 j = first; j < last; j++)
        UNROLLED for (int u = 0; u < U; u++) {
          const real d0 = points[0].v[u] - y[3 * j], d1 = points[1].v[u] - y[3 * j + 1], d2 = points[2].v[u] - y[3 * j + 2];
          sums[u] += exp2((d0 * d0 + d1 * d1 + d2 * d2) * c) * b[j];
        }
      for (int l = 0; l < TILE_LANES; l++) totals[l] += ((scalar *)sums)[l];
    }
    for (int l = 0; l < TILE_LANES && l < block->endRow - row; l++) ((double *)accumulators)[row - block->firstRow + l] = totals[l];
  }
}

extern "C" void keops_finish(int64 rows, void *accumulators, int64 parts, int64 partBytes, void *out, int32 *) {
  for (int64 n = 0; n < rows; n++) {
    double &total = ((double *)accumulators)[n];
    for (int64 part = 1; part < parts; part++) total += ((const double *)((const char *)accumulators + part * partBytes))[n];
    ((scalar *)out)[n] = (scalar)total;
  }
}
