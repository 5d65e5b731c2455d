// Reducers of log-sum-exp and softmax (reductions.h); their sums are those of sums.h.

// What is told of the sums: their logarithms, alone or with what the dtype takes from them, or means of the weights.
enum class Form { Logarithm, TwoParts, Mean };

constexpr double LOG2E = 1.4426950408889634;
INLINE double exponential(double a) { return lane(exp2(splat((scalar)(a * LOG2E))), 0); }
INLINE double logarithm(double a) { return lane(log(splat((scalar)a)), 0); }
constexpr double LARGEST_REFERENCE = KEOPS_DOUBLE ? 1.7976931348623157e308 : 3.4028234663852886e38;

// The logarithm of sum e^reference, and as the bits of a float what the dtype takes from it: without that, gradients of
// large logarithms would be off by a factor.
INLINE void tellLogarithm(double sum, double reference, scalar *out, int32 *rest) {
  const double log = logarithm(sum);
  *out = sum > 0 ? reference + log : log;
  if (!rest) return;
  union { float value; int32 bits; } lost = {*out - *out == 0 ? (float)((reference - *out) + log) : 0};
  *rest = lost.bits;
}

// sum[e][k] e^reference[e]; of means sum[e][0] is the sum of the powers, by which the others are divided.
template <int E, int S, Form FORM> struct ExponentialAccumulator {
  double reference[E], sum[E][S];
  MEMBER void merge(const ExponentialAccumulator &later) {
    for (int e = 0; e < E; e++) {
      const double common = reference[e] > later.reference[e] ? reference[e] : later.reference[e];
      const double own = exponential(reference[e] - common), others = exponential(later.reference[e] - common);
      for (int k = 0; k < S; k++) sum[e][k] = sum[e][k] * own + later.sum[e][k] * others;
      reference[e] = common;
    }
  }
  MEMBER void finish(scalar *out, int32 *rest) const {
    for (int e = 0; e < E; e++)
      for (int k = 0; k < S; k++)
        if (FORM != Form::Mean) tellLogarithm(sum[e][k], reference[e], out + e * S + k, FORM == Form::TwoParts ? rest + e * S + k : nullptr);
        else if (k > 0) out[e * (S - 1) + k - 1] = sum[e][k] / sum[e][0];
  }
};

// S sums of e^exponent * weight for each of E exponents. References are lazy: one follows the largest exponent only
// when that exceeds it by HEADROOM. Differences from it are exact where they matter, whatever the magnitude of the
// exponents.
template <int E, int S, Form FORM> struct Exponentials {
  using Accumulator = ExponentialAccumulator<E, S, FORM>;
  static constexpr scalar HEADROOM = 14;
  enum { MOST_COLUMNS = 8 };
  Tile reference[E], powers[E][E > 1 ? MOST_COLUMNS : 1];
  Sum<E * S, false, Told::Total> sums;

  template <class Column> INLINE_MEMBER void begin(Column firstColumn) {
    PER_COMPONENT for (int e = 0; e < E; e++) reference[e] = Tile(splat((scalar)-LARGEST_REFERENCE));
    sums.begin(firstColumn);
  }
  // e^exponent, as the sums take it until the next one comes.
  INLINE_MEMBER Tile power(int e, Tile exponent) {
    follow(e, exponent);
    return exp2((exponent - reference[e]) * splat((scalar)LOG2E));
  }
  template <int C> INLINE_MEMBER Columns<Tile, C> power(int e, const Columns<Tile, C> &exponents) {
    Tile largest = exponents.of[0];
    UNROLLED for (int c = 1; c < C; c++) EACH largest.v[u] = larger(exponents.of[c].v[u], largest.v[u]);
    follow(e, largest);
    return exp2((exponents - reference[e]) * splat((scalar)LOG2E));
  }
  template <class Values> INLINE_MEMBER void add(int k, Values values) { sums.add(k, values, 0); }
  // Where each exponent has a weight of its own: its power waits for it.
  INLINE_MEMBER void keep(int e, Tile power) { powers[e][0] = power; }
  template <int C> INLINE_MEMBER void keep(int e, const Columns<Tile, C> &all) { UNROLLED for (int c = 0; c < C; c++) powers[e][c] = all.of[c]; }
  INLINE_MEMBER void weigh(int e, Tile weight) { sums.add(e * S + S - 1, powers[e][0] * weight, 0); }
  template <int C> INLINE_MEMBER void weigh(int e, const Columns<Tile, C> &weights) {
    UNROLLED for (int c = 0; c < C; c++) sums.add(e * S + S - 1, powers[e][c] * weights.of[c], 0);
  }
  INLINE_MEMBER void flush(int64 columns) { sums.flush(columns); }
  MEMBER void store(Accumulator *to, int64 count) const {
    for (int l = 0; l < TILE_LANES && l < count; l++)
      PER_COMPONENT for (int e = 0; e < E; e++) {
        const Tile own = reference[e];  // the address of a copy: what has none itself stays in a register
        to[l].reference[e] = lane(own, l);
        PER_COMPONENT for (int k = 0; k < S; k++) to[l].sum[e][k] = sums.totals[e * S + k][l];
      }
  }

 private:
  INLINE_MEMBER void follow(int e, Tile exponent) {
    EACH if (any(lt(reference[e].v[u] + HEADROOM, exponent.v[u]))) rescale(e, u, exponent.v[u]);
  }
  // An infinite exponent leaves the reference finite, so that its power is infinite and not NaN.
  MEMBER void rescale(int e, int u, real a) {
    const real next = larger(smaller(splat((scalar)LARGEST_REFERENCE), a), reference[e].v[u]);
    const real factor = exp2((reference[e].v[u] - next) * splat((scalar)LOG2E));
    reference[e].v[u] = next;
    for (int k = e * S; k < (e + 1) * S; k++) {
      sums.partial[k].v[u] = sums.partial[k].v[u] * factor;
      for (int l = 0; l < LANES; l++) sums.totals[k][u * LANES + l] *= lane(factor, l);
    }
  }
};
