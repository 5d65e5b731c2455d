// Reductions of the tile evaluator: what the reducers of reductions.h do, for dims and a K that are known when the program is, not
// when this is compiled. The values of a tile stand component after component, so loops run over columns inside those over components.

template <class Reducer> struct OnTiles;  // by the reducer of reductions.h with one component and K = 1

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
  addTo(total, -lost.v[0]);
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
  void finish(const Extent &extent, int64 rows, const void *accumulators, int64 parts, int64 partBytes, void *out,
              int32 *) const override {
    finishRows<Accumulator>(rows * extent.dim, accumulators, parts, partBytes, (scalar *)out, 1, nullptr, 0);
  }

 private:
  static Accumulator accumulator(double total, double columns) {
    if constexpr (TOLD == Told::Mean) return {{total, columns}};
    else return {{total}};
  }
};

// ---- products --------------------------------------------------------------------------------------------------------------

template <> struct OnTiles<Product<1>> final : TileReducer {
  using Accumulator = ProductAccumulator<1>;

  bool takesWeights() const override { return false; }
  int64 resultDim(const Extent &extent) const override { return extent.dim; }
  int64 indexDim(const Extent &) const override { return 0; }
  int64 stateBytes(const Extent &extent) const override { return extent.dim * LANES * sizeof(double); }
  int64 accumulatorBytes(const Extent &extent) const override { return extent.dim * sizeof(Accumulator); }
  void begin(void *state, const Extent &extent, int64) const override {
    for (int64 k = 0; k < extent.dim * LANES; k++) ((double *)state)[k] = 1;
  }
  void add(void *state, const Extent &extent, const Span *values, int64 columns, int64) const override {
    for (int64 k = 0; k < extent.dim; k++)
      for (int64 c = 0; c < columns; c++)
        for (int l = 0; l < LANES; l++) ((double *)state)[k * LANES + l] *= ((const real *)values[k].data)[c][l];
  }
  void store(const void *state, const Extent &extent, void *accumulators, int64 count) const override {
    for (int64 l = 0; l < count; l++)
      for (int64 k = 0; k < extent.dim; k++)
        ((Accumulator *)accumulators)[l * extent.dim + k] = {{((const double *)state)[k * LANES + l]}};
  }
  void finish(const Extent &extent, int64 rows, const void *accumulators, int64 parts, int64 partBytes, void *out,
              int32 *) const override {
    finishRows<Accumulator>(rows * extent.dim, accumulators, parts, partBytes, (scalar *)out, 1, nullptr, 0);
  }
};

// ---- log-sum-exp and softmax -----------------------------------------------------------------------------------------------

// Sums of 2^exponent, or of 2^exponent times each weight; for SOFTMAX the sum of the powers comes first.
template <int SUMS, bool SOFTMAX> struct OnTiles<Exponentials<SUMS, SOFTMAX>> final : TileReducer {
  static constexpr scalar HEADROOM = 20;
  struct State {
    real reference, powers[MOST_TILE_COLUMNS];
    double sums[];  // [sums][LANES]
  };

  static int64 sumsOf(const Extent &extent) { return extent.dim + SOFTMAX; }
  bool takesWeights() const override { return true; }
  int64 resultDim(const Extent &extent) const override { return extent.dim; }
  int64 indexDim(const Extent &) const override { return 0; }
  int64 stateBytes(const Extent &extent) const override { return sizeof(State) + sumsOf(extent) * LANES * sizeof(double); }
  int64 accumulatorBytes(const Extent &extent) const override { return (1 + sumsOf(extent)) * sizeof(double); }
  void begin(void *state, const Extent &extent, int64) const override {
    State &own = *(State *)state;
    own.reference = splat((scalar)-LARGEST_REFERENCE);
    for (int64 k = 0; k < sumsOf(extent) * LANES; k++) own.sums[k] = 0;
  }
  void add(void *state, const Extent &extent, const Span *values, int64 columns, int64) const override {
    State &own = *(State *)state;
    const real *const exponents = (const real *)values[0].data;
    real largest = exponents[0];
    for (int64 c = 1; c < columns; c++) largest = select(lt(largest, exponents[c]), exponents[c], largest);
    if (any(lt(own.reference + HEADROOM, largest))) rescale(own, sumsOf(extent), largest);
    for (int64 c = 0; c < columns; c++) own.powers[c] = exp2(exponents[c] - own.reference);
    const Span powers = {own.powers, LANES};
    if (SOFTMAX || extent.weights == Weights::None) addSum(own.sums, powers, columns);
    if (extent.weights == Weights::None) return;
    double *const sums = own.sums + SOFTMAX * LANES;
    if (extent.weights == Weights::Splats) addAllProducts<true>(sums, powers, values + 1, extent.dim, columns);
    else addAllProducts<false>(sums, powers, values + 1, extent.dim, columns);
  }
  void store(const void *state, const Extent &extent, void *accumulators, int64 count) const override {
    const State &own = *(const State *)state;
    const int64 sums = sumsOf(extent);
    for (int64 l = 0; l < count; l++) {
      double *const to = (double *)accumulators + l * (1 + sums);
      to[0] = own.reference[l];
      for (int64 k = 0; k < sums; k++) to[1 + k] = own.sums[k * LANES + l];
    }
  }
  void finish(const Extent &extent, int64 rows, const void *accumulators, int64 parts, int64 partBytes, void *out,
              int32 *) const override {
    const int64 sums = sumsOf(extent);
    for (int64 row = 0; row < rows; row++) {
      double *const total = (double *)accumulators + row * (1 + sums);
      for (int64 part = 1; part < parts; part++)
        merge(total, (const double *)((const char *)accumulators + part * partBytes) + row * (1 + sums), sums);
      tell(total, sums, (scalar *)out + row * extent.dim);
    }
  }

 private:
  // An infinite exponent leaves the reference finite, so that its power is infinite and not NaN.
  static void rescale(State &own, int64 sums, real largest) {
    const real next = larger(smaller(splat((scalar)LARGEST_REFERENCE), largest), own.reference);
    const real factor = exp2(own.reference - next);
    own.reference = next;
    for (int64 k = 0; k < sums; k++)
      for (int l = 0; l < LANES; l++) own.sums[k * LANES + l] *= factor[l];
  }
  static void merge(double *total, const double *later, int64 sums) {
    const double common = total[0] > later[0] ? total[0] : later[0];
    const double own = powerOfTwo(total[0] - common), others = powerOfTwo(later[0] - common);
    for (int64 k = 1; k <= sums; k++) total[k] = total[k] * own + later[k] * others;
    total[0] = common;
  }
  static void tell(const double *total, int64 sums, scalar *out) {
    const double shift = total[0] * 0.69314718055994530942;
    for (int64 k = SOFTMAX ? 1 : 0; k < sums; k++) {
      const double sum = total[1 + k];
      if (SOFTMAX) out[k - 1] = sum / total[1];
      else out[k] = sum > 0 ? log(splat((scalar)sum))[0] + shift : log(splat((scalar)sum))[0];
    }
  }
};
