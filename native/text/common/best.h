// Reducers of the smallest and largest values, and where they are (reductions.h). The K best are kept as suits the device: shortlist.h on the
// processor, cudashortlist.h on GPUs.

// Columns as indices per lane.
INLINE index indicesAt(int64 column, int) { return index{} + integer(column); }
INLINE index indicesAt(const TileIndex &columns, int u) { return columns.v[u]; }

// The K smallest values of each component in order, ties by index; with SIGN -1 the largest. An index of -1 marks an empty place.
template <int D, int K, int SIGN, bool VALUES, bool INDICES> struct BestAccumulator {
  double value[D][K];
  int64 place[D][K];

  MEMBER bool comesBefore(double a, int64 at, double b, int64 other) const {
    return at >= 0 && (other < 0 || a < b || (a == b && at < other));
  }
  MEMBER void merge(const BestAccumulator &later) {
    for (int k = 0; k < D; k++)
      for (int n = 0; n < K; n++) insert(k, later.value[k][n], later.place[k][n]);
  }
  MEMBER void insert(int k, double candidate, int64 at) {
    if (!comesBefore(candidate, at, value[k][K - 1], place[k][K - 1])) return;
    int n = K - 1;
    for (; n > 0 && comesBefore(candidate, at, value[k][n - 1], place[k][n - 1]); n--) {
      value[k][n] = value[k][n - 1];
      place[k][n] = place[k][n - 1];
    }
    value[k][n] = candidate;
    place[k][n] = at;
  }
  MEMBER void finish(scalar *out, int32 *indices) const {
    for (int n = 0; n < K; n++)
      for (int k = 0; k < D; k++) {
        if (VALUES) out[n * D + k] = SIGN * value[k][n];
        if (INDICES) indices[n * D + k] = place[k][n];
      }
  }
};

// The best of each component, K being 1. The first column stands in for "none yet": it wins if all others are infinite, too.
template <int D, int K, int SIGN, bool VALUES, bool INDICES> struct Best {
  static_assert(K == 1);
  using Accumulator = BestAccumulator<D, K, SIGN, VALUES, INDICES>;
  Tile value[D];
  TileIndex place[D];

  template <class Column> INLINE_MEMBER void begin(Column firstColumn) {
    PER_COMPONENT for (int k = 0; k < D; k++) {
      value[k] = Tile(infinity());
      EACH place[k].v[u] = indicesAt(firstColumn, u);
    }
  }
  template <class Column> INLINE_MEMBER void add(int k, Tile candidates, Column column) {
    EACH {
      const real candidate = SIGN > 0 ? candidates.v[u] : -candidates.v[u];
      const mask better = lt(candidate, value[k].v[u]);
      value[k].v[u] = select(better, candidate, value[k].v[u]);
      place[k].v[u] = better ? indicesAt(column, u) : place[k].v[u];
    }
  }
  template <int C> INLINE_MEMBER void add(int k, const Columns<Tile, C> &candidates, int64 column) {
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
