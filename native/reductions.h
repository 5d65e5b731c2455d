// Prelude of routines of the form `reduce`: what a block of rows keeps while it runs over the columns, one struct per family.
//
//   Reducer(firstColumn)           the neutral element; firstColumn is the first column that will come, or -1
//   reducer.add(k, value, column)  component k of one column enters
//   reducer.flush(columns)         after every block of that many columns
//   reducer.store(to, count)       the first `count` rows as accumulators
// and on accumulators, one per row, when all parts of the columns are done:
//   accumulator.merge(later)       parts come in the order of their columns
//   accumulator.finish(out, indices)

// ---- sums ------------------------------------------------------------------------------------------------------------------

// What is told of a sum in the end.
enum class Told { Total, Mean, IsPositive, IsZero };

// Of a mean, the last total is the number of columns.
template <int D, Told TOLD> struct SumAccumulator {
  static constexpr int TOTALS = D + (TOLD == Told::Mean);
  double total[TOTALS];
  void merge(const SumAccumulator &later) {
    for (int k = 0; k < TOTALS; k++) total[k] += later.total[k];
  }
  double told(double sum) const {
    if (TOLD == Told::Mean) return sum / total[TOTALS - 1];
    if (TOLD == Told::IsPositive) return sum > 0;
    return TOLD == Told::IsZero ? sum == 0 : sum;
  }
  void finish(scalar *out, int32 *) const {
    for (int k = 0; k < D; k++) out[k] = told(total[k]);
  }
};

// Partial sums in the dtype of the data; at every flush they go to totals in double. With KAHAN each addition is compensated.
template <int D, bool KAHAN, Told TOLD> struct Sum {
  using Accumulator = SumAccumulator<D, TOLD>;
  Tile partial[D] = {}, lost[KAHAN ? D : 1] = {};
  double totals[D][TILE_LANES] = {};
  double columns = 0;

  explicit Sum(int64) {}
  INLINE_MEMBER void add(int k, Tile value, int64) {
    if (KAHAN) addCompensated(partial[k], lost[k], value);
    else partial[k] = partial[k] + value;
  }
  INLINE_MEMBER void flush(int64 count) {
    columns += count;
    for (int k = 0; k < D; k++) {
      for (int l = 0; l < TILE_LANES; l++) totals[k][l] += ((scalar *)&partial[k])[l];
      partial[k] = Tile{};
    }
    for (int k = 0; KAHAN && k < D; k++) lost[k] = Tile{};
  }
  void store(Accumulator *to, int64 count) const {
    for (int l = 0; l < TILE_LANES && l < count; l++) {
      for (int k = 0; k < D; k++) to[l].total[k] = totals[k][l];
      if (TOLD == Told::Mean) to[l].total[D] = columns;
    }
  }
};

// ---- products --------------------------------------------------------------------------------------------------------------

template <int D> struct ProductAccumulator {
  double product[D];
  void merge(const ProductAccumulator &later) {
    for (int k = 0; k < D; k++) product[k] *= later.product[k];
  }
  void finish(scalar *out, int32 *) const {
    for (int k = 0; k < D; k++) out[k] = product[k];
  }
};

// Products in double from the first factor on: in float a few factors would leave the range.
template <int D> struct Product {
  using Accumulator = ProductAccumulator<D>;
  double products[D][TILE_LANES];

  explicit Product(int64) {
    for (int k = 0; k < D; k++)
      for (int l = 0; l < TILE_LANES; l++) products[k][l] = 1;
  }
  INLINE_MEMBER void add(int k, Tile value, int64) {
    for (int l = 0; l < TILE_LANES; l++) products[k][l] *= ((scalar *)&value)[l];
  }
  void flush(int64) {}
  void store(Accumulator *to, int64 count) const {
    for (int l = 0; l < TILE_LANES && l < count; l++)
      for (int k = 0; k < D; k++) to[l].product[k] = products[k][l];
  }
};

// ---- smallest and largest values, and where they are -----------------------------------------------------------------------

// The K smallest values of each component in order, ties by index; with SIGN -1 the largest. An index of -1 marks an empty place.
template <int D, int K, int SIGN, bool VALUES, bool INDICES> struct BestAccumulator {
  double value[D][K];
  int64 index[D][K];

  bool comesBefore(double a, int64 at, double b, int64 other) const { return at >= 0 && (other < 0 || a < b); }
  void merge(const BestAccumulator &later) {
    for (int k = 0; k < D; k++)
      for (int n = 0; n < K; n++) insert(k, later.value[k][n], later.index[k][n]);
  }
  void insert(int k, double candidate, int64 at) {
    if (!comesBefore(candidate, at, value[k][K - 1], index[k][K - 1])) return;
    int place = K - 1;
    for (; place > 0 && comesBefore(candidate, at, value[k][place - 1], index[k][place - 1]); place--) {
      value[k][place] = value[k][place - 1];
      index[k][place] = index[k][place - 1];
    }
    value[k][place] = candidate;
    index[k][place] = at;
  }
  void finish(scalar *out, int32 *indices) const {
    for (int n = 0; n < K; n++)
      for (int k = 0; k < D; k++) {
        if (VALUES) out[n * D + k] = SIGN * value[k][n];
        if (INDICES) indices[n * D + k] = index[k][n];
      }
  }
};

template <int D, int K, int SIGN, bool VALUES, bool INDICES> struct Best {
  using Accumulator = BestAccumulator<D, K, SIGN, VALUES, INDICES>;
  Tile value[D][K];
  TileMask index[D][K];

  // With K = 1 the first column stands in for "none yet": it wins if all others are infinite, too.
  explicit Best(int64 firstColumn) {
    for (int k = 0; k < D; k++)
      for (int n = 0; n < K; n++) {
        value[k][n] = Tile(infinity());
        index[k][n] = TileMask(mask{} + integer(K == 1 ? firstColumn : -1));
      }
  }
  INLINE_MEMBER void add(int k, Tile candidates, int64 column) {
    EACH {
      const real candidate = SIGN > 0 ? candidates.v[u] : -candidates.v[u];
      if (K == 1) keepSmaller(k, u, candidate, mask{} + integer(column));
      else if (any(isBetter(k, u, candidate))) insert(k, u, candidate, mask{} + integer(column));
    }
  }
  void flush(int64) {}
  void store(Accumulator *to, int64 count) const {
    for (int l = 0; l < TILE_LANES && l < count; l++)
      for (int k = 0; k < D; k++)
        for (int n = 0; n < K; n++) {
          to[l].value[k][n] = ((const scalar *)&value[k][n])[l];
          to[l].index[k][n] = ((const integer *)&index[k][n])[l];
        }
  }

 private:
  INLINE_MEMBER void keepSmaller(int k, int u, real candidate, mask column) {
    const mask better = lt(candidate, value[k][0].v[u]);
    value[k][0].v[u] = select(better, candidate, value[k][0].v[u]);
    index[k][0].v[u] = better ? column : index[k][0].v[u];
  }
  // Better than the last of the K, or the last place is empty; NaN never is.
  INLINE_MEMBER mask isBetter(int k, int u, real candidate) {
    return lt(candidate, value[k][K - 1].v[u]) | (eq(candidate, candidate) & (index[k][K - 1].v[u] < 0));
  }
  // From the first place on: where the candidate wins it takes the place, and what stood there goes on as the next candidate.
  void insert(int k, int u, real candidate, mask column) {
    mask moved = mask{}, possible = isBetter(k, u, candidate);
    for (int n = 0; n < K; n++) {
      real &place = value[k][n].v[u];
      mask &at = index[k][n].v[u];
      moved = possible & (moved | lt(candidate, place) | (at < 0));
      const real displaced = place;
      const mask from = at;
      place = select(moved, candidate, place);
      at = moved ? column : at;
      candidate = select(moved, displaced, candidate);
      column = moved ? from : column;
    }
  }
};

// ---- log-sum-exp and softmax -----------------------------------------------------------------------------------------------

INLINE double powerOfTwo(double a) { return exp2(splat((scalar)a))[0]; }
constexpr double LARGEST_REFERENCE = KEOPS_DOUBLE ? 1.7976931348623157e308 : 3.4028234663852886e38;

// sum[k] * 2^reference; for SOFTMAX sum[0] is the sum of the weights and the others are divided by it.
template <int D, bool SOFTMAX> struct ExponentialAccumulator {
  double reference, sum[D];
  void merge(const ExponentialAccumulator &later) {
    const double common = reference > later.reference ? reference : later.reference;
    const double own = powerOfTwo(reference - common), others = powerOfTwo(later.reference - common);
    for (int k = 0; k < D; k++) sum[k] = sum[k] * own + later.sum[k] * others;
    reference = common;
  }
  void finish(scalar *out, int32 *) const {
    const double shift = reference * 0.69314718055994530942;
    for (int k = SOFTMAX ? 1 : 0; k < D; k++)
      if (SOFTMAX) out[k - 1] = sum[k] / sum[0];
      else out[k] = sum[k] > 0 ? log(splat((scalar)sum[k]))[0] + shift : log(splat((scalar)sum[k]))[0];
  }
};

// Sums of 2^exponent * weight. The reference is lazy: it follows the largest exponent only when one exceeds it by HEADROOM.
template <int D, bool SOFTMAX> struct Exponentials {
  using Accumulator = ExponentialAccumulator<D, SOFTMAX>;
  static constexpr scalar HEADROOM = 20;
  Tile reference, power;
  Sum<D, false, Told::Total> sums;

  explicit Exponentials(int64 firstColumn)
      : reference(splat((scalar)-LARGEST_REFERENCE)), power(real{}), sums(firstColumn) {}
  INLINE_MEMBER void exponent(Tile a) {
    EACH if (any(lt(reference.v[u] + HEADROOM, a.v[u]))) rescale(u, a.v[u]);
    power = exp2(a - reference);
  }
  INLINE_MEMBER void addPower(int k) { sums.add(k, power, 0); }
  INLINE_MEMBER void addWeighted(int k, Tile weight) { sums.add(k, power * weight, 0); }
  INLINE_MEMBER void flush(int64 columns) { sums.flush(columns); }
  void store(Accumulator *to, int64 count) const {
    for (int l = 0; l < TILE_LANES && l < count; l++) {
      to[l].reference = ((const scalar *)&reference)[l];
      for (int k = 0; k < D; k++) to[l].sum[k] = sums.totals[k][l];
    }
  }

 private:
  // An infinite exponent leaves the reference finite, so that its power is infinite and not NaN.
  void rescale(int u, real a) {
    const real next = larger(smaller(splat((scalar)LARGEST_REFERENCE), a), reference.v[u]);
    const real factor = exp2(reference.v[u] - next);
    reference.v[u] = next;
    for (int k = 0; k < D; k++) {
      sums.partial[k].v[u] = sums.partial[k].v[u] * factor;
      for (int l = 0; l < LANES; l++) sums.totals[k][u * LANES + l] *= factor[l];
    }
  }
};

// ---- the end of every reduction --------------------------------------------------------------------------------------------

// The first column that a block will see, or -1.
INLINE int64 firstColumn(const Block *block) {
  for (int64 n = 0; n < block->intervalCount; n++)
    if (block->intervals[2 * n] < block->intervals[2 * n + 1]) return block->intervals[2 * n];
  return -1;
}

template <class Accumulator>
INLINE void finishRows(int64 rows, const void *accumulators, int64 parts, int64 partBytes, scalar *out, int resultDim,
                       int32 *indices, int indexDim) {
  for (int64 row = 0; row < rows; row++) {
    Accumulator total = ((const Accumulator *)accumulators)[row];
    for (int64 part = 1; part < parts; part++)
      total.merge(((const Accumulator *)((const char *)accumulators + part * partBytes))[row]);
    total.finish(out + row * resultDim, indices + row * indexDim);
  }
}
