// Reducers of the smallest and largest values, and where they are (reductions.h). The K best are kept as suits the
// device: shortlist.h on the processor, cudashortlist.h on GPUs.

// NaN counts as the worst value: it is smallest or largest only where there is nothing else.
INLINE real worstIfNaN(real candidate) { return select(eq(candidate, candidate), candidate, infinity()); }

// Columns as indices per lane.
INLINE index indicesAt(int64 column, int) { return index{} + integer(column); }
INLINE index indicesAt(const TileIndex &columns, int u) { return columns.v[u]; }

// Where columns stand in another order than the indices that name them, an argument has the index of each, as an integer
// of the size of a number. Ties go by these then, and results are made of them.
struct RanksFrom { const integer *at; };
INLINE RanksFrom operator+(RanksFrom first, int c) { return {first.at + c}; }
INLINE index indicesAt(RanksFrom first, int) { return index{} + *first.at; }
struct Ranks {
  const integer *of;
  int64 columns;

  INLINE_MEMBER RanksFrom operator()(int64 column) const { return {of + column}; }
  // Lanes past the end repeat the last column.
  INLINE_MEMBER TileIndex operator()(const TileIndex &at) const {
    TileIndex ranks;
    integer *const to = (integer *)&ranks;
    for (int l = 0; l < TILE_LANES; l++) to[l] = of[lane(at, l) < columns ? lane(at, l) : columns - 1];
    return ranks;
  }
};
// Behind every rank.
INLINE index noRank() { return index{} + (integer)0x7fffffff; }

// The K smallest values of each component in order, ties by index; with SIGN -1 the largest. An index of -1 marks an
// empty place.
template <int D, int K, int SIGN, bool VALUES, bool INDICES> struct BestAccumulator {
  double value[D][K];
  int64 place[D][K];

  MEMBER bool comesBefore(double a, int64 at, double b, int64 other) const {
    return at >= 0 && (other < 0 || a < b || (a == b && at < other));
  }
  // Of two lists in order: how many of each are among the K best, and then from the last one on.
  MEMBER void merge(const BestAccumulator &later) {
    for (int k = 0; k < D; k++) {
      const double *const others = later.value[k];
      const int64 *const places = later.place[k];
      int taken = 0;
      while (taken < K && comesBefore(others[taken], places[taken], value[k][K - 1 - taken], place[k][K - 1 - taken])) taken++;
      for (int n = K - 1, own = K - 1 - taken; taken > 0; n--) {
        const bool isLater = own < 0 || comesBefore(value[k][own], place[k][own], others[taken - 1], places[taken - 1]);
        value[k][n] = isLater ? others[taken - 1] : value[k][own];
        place[k][n] = isLater ? places[taken - 1] : place[k][own];
        if (isLater) taken--;
        else own--;
      }
    }
  }
  MEMBER void finish(scalar *out, int32 *indices) const {
    for (int n = 0; n < K; n++)
      for (int k = 0; k < D; k++) {
        if (VALUES) out[n * D + k] = SIGN * value[k][n];
        if (INDICES) indices[n * D + k] = place[k][n];
      }
  }
};

// The best of each component, K being 1. The first column stands in for "none yet": it wins if all others are infinite,
// too. With ranks any column wins over "none yet".
template <int D, int K, int SIGN, bool VALUES, bool INDICES, bool RANKED = false> struct Best {
  static_assert(K == 1);
  using Accumulator = BestAccumulator<D, K, SIGN, VALUES, INDICES>;
  Tile value[D];
  TileIndex place[D];

  template <class Column> INLINE_MEMBER void begin(Column firstColumn) {
    PER_COMPONENT for (int k = 0; k < D; k++) {
      value[k] = Tile(infinity());
      EACH place[k].v[u] = RANKED ? noRank() : indicesAt(firstColumn, u);
    }
  }
  template <class Column> INLINE_MEMBER void add(int k, Tile candidates, Column column) {
    EACH {
      const real given = SIGN > 0 ? candidates.v[u] : -candidates.v[u], candidate = RANKED ? worstIfNaN(given) : given;
      mask better = lt(candidate, value[k].v[u]);
      if (RANKED) better = better | (eq(candidate, value[k].v[u]) & (indicesAt(column, u) < place[k].v[u]));
      value[k].v[u] = select(better, candidate, value[k].v[u]);
      place[k].v[u] = better ? indicesAt(column, u) : place[k].v[u];
    }
  }
  template <int C, class Column> INLINE_MEMBER void add(int k, const Columns<Tile, C> &candidates, Column column) {
    UNROLLED for (int c = 0; c < C; c++) add(k, candidates.of[c], column + c);
  }
  MEMBER void flush(int64) {}
  MEMBER void store(Accumulator *to, int64 count) const {
    PER_COMPONENT for (int k = 0; k < D; k++) {
      const Tile values = value[k];  // the addresses of copies: what has none itself stays in a register
      const TileIndex places = place[k];
      for (int l = 0; l < TILE_LANES && l < count; l++) {
        to[l].value[k][0] = lane(values, l);
        to[l].place[k][0] = lane(places, l);
      }
    }
  }
};
