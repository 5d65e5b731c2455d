// The K best of each component on the processor (reductions.h). Few columns are better than the last of the K in any lane, and which are is
// hard to guess: so bits tell which, and each of them enters the list of its lane by vectors, without a branch.

typedef scalar loose __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(scalar)), may_alias));
typedef integer looseMask __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(integer)), may_alias));

// The smallest values in order, those that are equal in the order in which they came, and their places, both behind a first one that stays;
// NaN stands for "none yet". They are as many as fill vectors: what comes behind the last of the K does no harm.
struct OrderedList {
  scalar *const values;
  integer *const places;
  const int64 padded;

  INLINE_MEMBER void begin() const {
    for (int64 n = 0; n <= padded; n++) {
      values[n] = n == 0 ? -lane(infinity(), 0) : lane(nan(), 0);
      places[n] = -1;
    }
  }
  // What is larger moves on by one place. From the end, so that nothing is read that has moved.
  INLINE_MEMBER void insert(scalar candidate, integer column) const {
    const real c = splat(candidate);
    for (int64 n = padded - LANES; n >= 0; n -= LANES) {
      const real here = *(const loose *)(values + n + 1), before = *(const loose *)(values + n);
      const mask placeHere = *(const looseMask *)(places + n + 1), placeBefore = *(const looseMask *)(places + n);
      const mask isLarger = ~le(here, c), wasLarger = ~le(before, c);
      *(loose *)(values + n + 1) = select(isLarger, select(wasLarger, before, c), here);
      *(looseMask *)(places + n + 1) = isLarger ? (wasLarger ? placeBefore : mask{} + column) : placeHere;
    }
  }
};

INLINE integer columnOf(int64 first, int c, int) { return first + c; }
INLINE integer columnOf(const TileIndex &columns, int, int l) { return lane(columns, l); }

template <int D, int K, int SIGN, bool VALUES, bool INDICES> struct Shortlist {
  using Accumulator = BestAccumulator<D, K, SIGN, VALUES, INDICES>;
  static constexpr int PADDED = (K + LANES - 1) / LANES * LANES;
  Tile last[D];  // of each list
  scalar values[D][TILE_LANES][1 + PADDED];
  integer places[D][TILE_LANES][1 + PADDED];

  template <class Column> MEMBER void begin(Column) {
    for (int k = 0; k < D; k++) {
      last[k] = Tile(nan());
      for (int l = 0; l < TILE_LANES; l++) list(k, l).begin();
    }
  }
  template <class Column> INLINE_MEMBER void add(int k, Tile candidates, Column column) {
    EACH {
      const real candidate[1] = {SIGN > 0 ? candidates.v[u] : -candidates.v[u]};
      if (any(isBetter(k, u, candidate[0]))) insert(k, u, candidate, column);
    }
  }
  // One test of all columns mostly is the only one; in the order of its arguments `smaller` passes over candidates that are NaN.
  template <int C> INLINE_MEMBER void add(int k, const Columns<Tile, C> &candidates, int64 column) {
    EACH {
      real candidate[C], smallest = last[k].v[u];
      UNROLLED for (int c = 0; c < C; c++) candidate[c] = SIGN > 0 ? candidates.of[c].v[u] : -candidates.of[c].v[u];
      UNROLLED for (int c = 0; c < C; c++) smallest = smaller(candidate[c], smallest);
      if (!any(~le(last[k].v[u], smallest))) continue;
      real kept[C];  // a copy, so that nothing is in memory where the test fails
      UNROLLED for (int c = 0; c < C; c++) kept[c] = candidate[c];
      insert(k, u, kept, column);
    }
  }
  MEMBER void flush(int64) {}
  MEMBER void store(Accumulator *to, int64 count) const {
    for (int l = 0; l < TILE_LANES && l < count; l++)
      for (int k = 0; k < D; k++)
        for (int n = 0; n < K; n++) {
          to[l].place[k][n] = places[k][l][1 + n];
          to[l].value[k][n] = places[k][l][1 + n] < 0 ? lane(infinity(), 0) : values[k][l][1 + n];
        }
  }

 private:
  INLINE_MEMBER OrderedList list(int k, int l) { return {values[k][l], places[k][l], PADDED}; }
  // A list that is not full takes everything but NaN.
  INLINE_MEMBER mask isBetter(int k, int u, real candidate) const { return ~le(last[k].v[u], candidate) & eq(candidate, candidate); }
  template <int C, class Column>
  __attribute__((noinline)) void insert(int k, int u, const real (&candidates)[C], Column first) {
    constexpr int AT_ONCE = 64 / LANES < C ? 64 / LANES : C;
    for (int begin = 0; begin < C; begin += AT_ONCE) {
      unsigned long long better = 0;
      UNROLLED for (int c = 0; c < AT_ONCE; c++)
        better |= (unsigned long long)lanesWhere(isBetter(k, u, candidates[begin + c])) << (c * LANES);
      for (; better; better &= better - 1) {
        const int bit = __builtin_ctzll(better), c = begin + bit / LANES, l = bit % LANES;
        insertInto(k, u, l, lane(candidates[c], l), columnOf(first, c, u * LANES + l));
      }
    }
  }
  INLINE_MEMBER void insertInto(int k, int u, int l, scalar candidate, integer column) {
    const OrderedList into = list(k, u * LANES + l);
    into.insert(candidate, column);
    last[k].v[u] = select(laneNumbers() == l, splat(into.values[K]), last[k].v[u]);
  }
};
