// Reducers of log-sum-exp and softmax (reductions.h); their sums are those of sums.h.

INLINE double powerOfTwo(double a) { return lane(exp2(splat((scalar)a)), 0); }
INLINE double logarithm(double a) { return lane(log(splat((scalar)a)), 0); }
constexpr double LARGEST_REFERENCE = KEOPS_DOUBLE ? 1.7976931348623157e308 : 3.4028234663852886e38;

// sum[k] * 2^reference; for SOFTMAX sum[0] is the sum of the weights and the others are divided by it.
template <int D, bool SOFTMAX> struct ExponentialAccumulator {
  double reference, sum[D];
  MEMBER void merge(const ExponentialAccumulator &later) {
    const double common = reference > later.reference ? reference : later.reference;
    const double own = powerOfTwo(reference - common), others = powerOfTwo(later.reference - common);
    for (int k = 0; k < D; k++) sum[k] = sum[k] * own + later.sum[k] * others;
    reference = common;
  }
  MEMBER void finish(scalar *out, int32 *) const {
    const double shift = reference * 0.69314718055994530942;
    for (int k = SOFTMAX ? 1 : 0; k < D; k++)
      if (SOFTMAX) out[k - 1] = sum[k] / sum[0];
      else out[k] = sum[k] > 0 ? logarithm(sum[k]) + shift : logarithm(sum[k]);
  }
};

// Sums of 2^exponent * weight. The reference is lazy: it follows the largest exponent only when one exceeds it by HEADROOM.
template <int D, bool SOFTMAX> struct Exponentials {
  using Accumulator = ExponentialAccumulator<D, SOFTMAX>;
  static constexpr scalar HEADROOM = 20;
  Tile reference;
  Sum<D, false, Told::Total> sums;

  template <class Column> INLINE_MEMBER void begin(Column firstColumn) {
    reference = Tile(splat((scalar)-LARGEST_REFERENCE));
    sums.begin(firstColumn);
  }
  // 2^exponent, as the sums take it until the next one comes.
  INLINE_MEMBER Tile power(Tile exponent) {
    follow(exponent);
    return exp2(exponent - reference);
  }
  template <int C> INLINE_MEMBER Columns<Tile, C> power(const Columns<Tile, C> &exponents) {
    Tile largest = exponents.of[0];
    UNROLLED for (int c = 1; c < C; c++) EACH largest.v[u] = larger(exponents.of[c].v[u], largest.v[u]);
    follow(largest);
    return exp2(exponents - reference);
  }
  template <class Values> INLINE_MEMBER void add(int k, Values values) { sums.add(k, values, 0); }
  INLINE_MEMBER void flush(int64 columns) { sums.flush(columns); }
  MEMBER void store(Accumulator *to, int64 count) const {
    for (int l = 0; l < TILE_LANES && l < count; l++) {
      to[l].reference = lane(reference, l);
      PER_COMPONENT for (int k = 0; k < D; k++) to[l].sum[k] = sums.totals[k][l];
    }
  }

 private:
  INLINE_MEMBER void follow(Tile exponent) {
    EACH if (any(lt(reference.v[u] + HEADROOM, exponent.v[u]))) rescale(u, exponent.v[u]);
  }
  // An infinite exponent leaves the reference finite, so that its power is infinite and not NaN.
  MEMBER void rescale(int u, real a) {
    const real next = larger(smaller(splat((scalar)LARGEST_REFERENCE), a), reference.v[u]);
    const real factor = exp2(reference.v[u] - next);
    reference.v[u] = next;
    for (int k = 0; k < D; k++) {
      sums.partial[k].v[u] = sums.partial[k].v[u] * factor;
      for (int l = 0; l < LANES; l++) sums.totals[k][u * LANES + l] *= lane(factor, l);
    }
  }
};
