// Reductions of the tile evaluator: what the reducers of reductions.h do, for dims and a K that are known when the
// program is, not when this is compiled. The values of a tile stand component after component, so loops run over
// columns inside those over components.

// By the reducer of reductions.h with one component and K = 1. Here as many of it as there are components: enough for
// one that takes no weights and gives a number each. Those that do better on tiles follow.
template <class Reducer> struct OnTiles final : TileReducer {
  using Accumulator = typename Reducer::Accumulator;  // one per component

  bool takesWeights() const override { return false; }
  bool takesRanks() const override { return false; }
  int64 resultDim(const Extent &extent) const override { return extent.dim; }
  int64 indexDim(const Extent &) const override { return 0; }
  int64 stateBytes(const Extent &extent) const override { return extent.dim * sizeof(Reducer); }
  int64 accumulatorBytes(const Extent &extent) const override { return extent.dim * sizeof(Accumulator); }
  void begin(void *state, const Extent &extent, int64 firstColumn) const override {
    for (int64 k = 0; k < extent.dim; k++) ((Reducer *)state)[k].begin(firstColumn);
  }
  void add(void *state, const Extent &extent, const Span *values, int64 columns, int64 firstColumn) const override {
    for (int64 k = 0; k < extent.dim; k++) {
      Reducer &own = ((Reducer *)state)[k];
      for (int64 c = 0; c < columns; c++) own.add(0, Tile(((const real *)values[k].data)[c]), firstColumn + c);
      own.flush(columns);
    }
  }
  void store(const void *state, const Extent &extent, void *accumulators, int64 count) const override {
    Accumulator lanes[TILE_LANES];
    for (int64 k = 0; k < extent.dim; k++) {
      ((const Reducer *)state)[k].store(lanes, count);
      for (int64 l = 0; l < count; l++) ((Accumulator *)accumulators)[l * extent.dim + k] = lanes[l];
    }
  }
  void finish(const Extent &extent, int64 rows, void *accumulators, int64 parts, int64 partBytes, void *out,
              int32 *) const override {
    finishRows<Accumulator>(rows * extent.dim, accumulators, parts, partBytes, (scalar *)out, 1, nullptr, 0);
  }
};

INLINE int64 roundedUp(int64 bytes) { return (bytes + 63) / 64 * 64; }

// ---- sums ------------------------------------------------------------------------------------------------------------------

// Vectors of partial sums that do not wait for each other.
enum { CHAINS = 8 };

INLINE void addTo(double *total, real sum) {
  for (int l = 0; l < LANES; l++) total[l] += sum[l];
}

INLINE void addSum(double *total, const Span &value, int64 columns) {
  const real *v = (const real *)value.data;
  real s[CHAINS] = {};
  int64 c = 0;
  for (; c + CHAINS <= columns; c += CHAINS)
    UNROLLED for (int n = 0; n < CHAINS; n++) s[n] = s[n] + v[c + n];
  for (; c < columns; c++) s[0] = s[0] + v[c];
  addTo(total, ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7])));
}

// What is lost goes to the total, too, which has room for it.
INLINE void addCompensatedSum(double *total, const Span &value, int64 columns) {
  const real *v = (const real *)value.data;
  Tile s = real{}, lost = real{};
  for (int64 c = 0; c < columns; c++) addCompensated(s, lost, v[c]);
  addTo(total, s.v[0]);
  addTo(total, ifFinite(lost).v[0]);
}

// totals[n] += sum over columns of factor * weights[n], for N weights.
template <int N, bool SPLAT> INLINE void addProducts(double *totals, const Span &factor, const Span *weights, int64 columns) {
  enum { UNROLL = CHAINS / N };
  const real *f = (const real *)factor.data;
  real s[CHAINS] = {};
  const scalar *at[N];
  for (int n = 0; n < N; n++) at[n] = (const scalar *)weights[n].data;
  const int64 step = weights[0].step;
  int64 c = 0;
  for (; c + UNROLL <= columns; c += UNROLL)
    UNROLLED for (int u = 0; u < UNROLL; u++)
      UNROLLED for (int n = 0; n < N; n++) s[u * N + n] = s[u * N + n] + f[c + u] * read<SPLAT>(at[n] + (c + u) * step);
  for (; c < columns; c++)
    UNROLLED for (int n = 0; n < N; n++) s[n] = s[n] + f[c] * read<SPLAT>(at[n] + c * step);
  UNROLLED for (int n = 0; n < N; n++) {
    for (int u = 1; u < UNROLL; u++) s[n] = s[n] + s[u * N + n];
    addTo(totals + n * LANES, s[n]);
  }
}

template <bool SPLAT> void addAllProducts(double *totals, const Span &factor, const Span *weights, int64 dim, int64 columns) {
  int64 n = 0;
  for (; n + 8 <= dim; n += 8) addProducts<8, SPLAT>(totals + n * LANES, factor, weights + n, columns);
  for (; n + 2 <= dim; n += 2) addProducts<2, SPLAT>(totals + n * LANES, factor, weights + n, columns);
  if (n < dim) addProducts<1, SPLAT>(totals + n * LANES, factor, weights + n, columns);
}

INLINE void addWeighted(double *totals, const Extent &extent, const Span *values, int64 columns) {
  if (extent.weights == Weights::Splats) addAllProducts<true>(totals, values[0], values + 1, extent.dim, columns);
  else addAllProducts<false>(totals, values[0], values + 1, extent.dim, columns);
}

template <bool KAHAN, Told TOLD> struct OnTiles<Sum<1, KAHAN, TOLD>> final : TileReducer {
  using Accumulator = SumAccumulator<1, TOLD>;  // one per component
  struct State {
    double columns;
    alignas(64) double totals[];  // [dim][LANES]
  };

  bool takesWeights() const override { return true; }
  bool takesRanks() const override { return false; }
  int64 resultDim(const Extent &extent) const override { return extent.dim; }
  int64 indexDim(const Extent &) const override { return 0; }
  int64 stateBytes(const Extent &extent) const override { return sizeof(State) + extent.dim * LANES * sizeof(double); }
  int64 accumulatorBytes(const Extent &extent) const override { return extent.dim * sizeof(Accumulator); }
  void begin(void *state, const Extent &extent, int64) const override {
    State &own = *(State *)state;
    own.columns = 0;
    for (int64 k = 0; k < extent.dim * LANES; k++) own.totals[k] = 0;
  }
  void add(void *state, const Extent &extent, const Span *values, int64 columns, int64) const override {
    State &own = *(State *)state;
    own.columns += columns;
    if (extent.weights != Weights::None) return addWeighted(own.totals, extent, values, columns);
    for (int64 k = 0; k < extent.dim; k++) {
      double *const total = own.totals + k * LANES;
      if (KAHAN) addCompensatedSum(total, values[k], columns);
      else addSum(total, values[k], columns);
    }
  }
  void store(const void *state, const Extent &extent, void *accumulators, int64 count) const override {
    const State &own = *(const State *)state;
    for (int64 l = 0; l < count; l++)
      for (int64 k = 0; k < extent.dim; k++)
        ((Accumulator *)accumulators)[l * extent.dim + k] = accumulator(own.totals[k * LANES + l], own.columns);
  }
  void finish(const Extent &extent, int64 rows, void *accumulators, int64 parts, int64 partBytes, void *out,
              int32 *) const override {
    finishRows<Accumulator>(rows * extent.dim, accumulators, parts, partBytes, (scalar *)out, 1, nullptr, 0);
  }

 private:
  static Accumulator accumulator(double total, double columns) {
    if constexpr (TOLD == Told::Mean) return {{total, columns}};
    else return {{total}};
  }
};

// ---- log-sum-exp and softmax -----------------------------------------------------------------------------------------------

// Sums of e^exponent, or of e^exponent times each weight; of means the sum of the powers comes first. The k of the
// extent is the number of exponents: one for all weights, or one for each of them.
template <int SUMS, Form FORM> struct OnTiles<Exponentials<1, SUMS, FORM>> final : TileReducer {
  static constexpr scalar HEADROOM = 14;
  static constexpr bool IS_MEAN = FORM == Form::Mean;
  struct State {
    real powers[MOST_TILE_COLUMNS];
    real references[];  // [exponents], and behind them double sums [exponents][sums][LANES]
  };

  // Of one exponent.
  static int64 sumsOf(const Extent &extent) { return (extent.k == 1 ? extent.dim : 1) + IS_MEAN; }
  static double *sums(State &state, const Extent &extent, int64 exponent) {
    return (double *)(state.references + extent.k) + exponent * sumsOf(extent) * LANES;
  }
  bool takesWeights() const override { return true; }
  bool takesRanks() const override { return false; }
  int64 resultDim(const Extent &extent) const override { return extent.dim; }
  int64 indexDim(const Extent &extent) const override { return FORM == Form::TwoParts ? extent.dim : 0; }
  int64 stateBytes(const Extent &extent) const override {
    return sizeof(State) + extent.k * (sizeof(real) + sumsOf(extent) * LANES * sizeof(double));
  }
  int64 accumulatorBytes(const Extent &extent) const override { return extent.k * (1 + sumsOf(extent)) * sizeof(double); }
  void begin(void *state, const Extent &extent, int64) const override {
    State &own = *(State *)state;
    for (int64 e = 0; e < extent.k; e++) own.references[e] = splat((scalar)-LARGEST_REFERENCE);
    double *const all = sums(own, extent, 0);
    for (int64 n = 0; n < extent.k * sumsOf(extent) * LANES; n++) all[n] = 0;
  }
  void add(void *state, const Extent &extent, const Span *values, int64 columns, int64) const override {
    const int64 weights = extent.dim / extent.k;  // of one exponent
    for (int64 e = 0; e < extent.k; e++)
      addPowers(*(State *)state, extent, e, (const real *)values[e].data, values + extent.k + e * weights, weights, columns);
  }
  void store(const void *state, const Extent &extent, void *accumulators, int64 count) const override {
    State &own = *(State *)state;
    double *to = (double *)accumulators;
    for (int64 l = 0; l < count; l++)
      for (int64 e = 0; e < extent.k; e++) {
        *to++ = own.references[e][l];
        for (int64 n = 0; n < sumsOf(extent); n++) *to++ = sums(own, extent, e)[n * LANES + l];
      }
  }
  void finish(const Extent &extent, int64 rows, void *accumulators, int64 parts, int64 partBytes, void *out,
              int32 *rests) const override {
    const int64 count = sumsOf(extent), results = extent.dim / extent.k;
    for (int64 n = 0; n < rows * extent.k; n++) {
      double *const total = (double *)accumulators + n * (1 + count);
      for (int64 part = 1; part < parts; part++)
        merge(total, (const double *)((const char *)accumulators + part * partBytes) + n * (1 + count), count);
      for (int64 k = 0; k < results; k++) {
        const int64 at = n * results + k;
        if (IS_MEAN) ((scalar *)out)[at] = total[2 + k] / total[1];
        else tellLogarithm(total[1 + k], total[0], (scalar *)out + at, FORM == Form::TwoParts ? rests + at : nullptr);
      }
    }
  }

 private:
  static void addPowers(State &own, const Extent &extent, int64 e, const real *exponents, const Span *weights, int64 count, int64 columns) {
    real largest = exponents[0];
    for (int64 c = 1; c < columns; c++) largest = select(lt(largest, exponents[c]), exponents[c], largest);
    if (any(lt(own.references[e] + HEADROOM, largest))) rescale(own, extent, e, largest);
    const real reference = own.references[e];
    for (int64 c = 0; c < columns; c++) own.powers[c] = exp2((exponents[c] - reference) * (scalar)LOG2E);
    const Span powers = {own.powers, LANES};
    double *const totals = sums(own, extent, e);
    if (IS_MEAN || extent.weights == Weights::None) addSum(totals, powers, columns);
    if (extent.weights == Weights::Splats) addAllProducts<true>(totals + IS_MEAN * LANES, powers, weights, count, columns);
    if (extent.weights == Weights::Vectors) addAllProducts<false>(totals + IS_MEAN * LANES, powers, weights, count, columns);
  }
  // An infinite exponent leaves the reference finite, so that its power is infinite and not NaN.
  static void rescale(State &own, const Extent &extent, int64 e, real largest) {
    const real next = larger(smaller(splat((scalar)LARGEST_REFERENCE), largest), own.references[e]);
    const real factor = exp2((own.references[e] - next) * (scalar)LOG2E);
    own.references[e] = next;
    double *const totals = sums(own, extent, e);
    for (int64 k = 0; k < sumsOf(extent); k++)
      for (int l = 0; l < LANES; l++) totals[k * LANES + l] *= factor[l];
  }
  static void merge(double *total, const double *later, int64 sums) {
    const double common = total[0] > later[0] ? total[0] : later[0];
    const double own = exponential(total[0] - common), others = exponential(later[0] - common);
    for (int64 k = 1; k <= sums; k++) total[k] = total[k] * own + later[k] * others;
    total[0] = common;
  }
};
