// Reducers of the smallest and largest values, and where they are (reductions.h).

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

template <int D, int K, int SIGN, bool VALUES, bool INDICES> struct Best {
  using Accumulator = BestAccumulator<D, K, SIGN, VALUES, INDICES>;
  Tile value[D][K];
  TileIndex place[D][K];

  // With K = 1 the first column stands in for "none yet": it wins if all others are infinite, too.
  template <class Column> MEMBER void begin(Column firstColumn) {
    for (int k = 0; k < D; k++)
      for (int n = 0; n < K; n++) {
        value[k][n] = Tile(infinity());
        EACH place[k][n].v[u] = K == 1 ? indicesAt(firstColumn, u) : index{} - 1;
      }
  }
  template <class Column> INLINE_MEMBER void add(int k, Tile candidates, Column column) {
    EACH {
      const real candidate = SIGN > 0 ? candidates.v[u] : -candidates.v[u];
      if (K == 1) keepSmaller(k, u, candidate, indicesAt(column, u));
      else if (any(isBetter(k, u, candidate))) insert(k, u, candidate, indicesAt(column, u));
    }
  }
  // Few columns are better than the last of the K, so that one test of all of them mostly is the only one.
  template <int C> INLINE_MEMBER void add(int k, const Columns<Tile, C> &candidates, int64 column) {
    if (K > 1 && !any(areBetter(k, candidates))) return;
    UNROLLED for (int c = 0; c < C; c++) add(k, candidates.of[c], column + c);
  }
  MEMBER void flush(int64) {}
  MEMBER void store(Accumulator *to, int64 count) const {
    for (int l = 0; l < TILE_LANES && l < count; l++)
      for (int k = 0; k < D; k++)
        for (int n = 0; n < K; n++) {
          to[l].value[k][n] = lane(value[k][n], l);
          to[l].place[k][n] = lane(place[k][n], l);
        }
  }

 private:
  INLINE_MEMBER void keepSmaller(int k, int u, real candidate, index column) {
    const mask better = lt(candidate, value[k][0].v[u]);
    value[k][0].v[u] = select(better, candidate, value[k][0].v[u]);
    place[k][0].v[u] = better ? column : place[k][0].v[u];
  }
  // Better than the last of the K, or the last place is empty; NaN never is.
  INLINE_MEMBER mask isBetter(int k, int u, real candidate) {
    return lt(candidate, value[k][K - 1].v[u]) | (eq(candidate, candidate) & (place[k][K - 1].v[u] < 0));
  }
  // Whether one of the columns is; in the order of its arguments `smaller` passes over NaN.
  template <int C> INLINE_MEMBER mask areBetter(int k, const Columns<Tile, C> &candidates) {
    mask better = mask{};
    EACH {
      real smallest = value[k][K - 1].v[u];
      UNROLLED for (int c = 0; c < C; c++) smallest = smaller(SIGN * candidates.of[c].v[u], smallest);
      better = better | lt(smallest, value[k][K - 1].v[u]) | (place[k][K - 1].v[u] < 0);
    }
    return better;
  }
  // From the first place on: where the candidate wins it takes the place, and what stood there goes on as the next candidate.
  MEMBER void insert(int k, int u, real candidate, index column) {
    mask moved = mask{}, possible = isBetter(k, u, candidate);
    for (int n = 0; n < K; n++) {
      real &best = value[k][n].v[u];
      index &at = place[k][n].v[u];
      moved = possible & (moved | lt(candidate, best) | (at < 0));
      const real displaced = best;
      const index from = at;
      best = select(moved, candidate, best);
      at = moved ? column : at;
      candidate = select(moved, displaced, candidate);
      column = moved ? from : column;
    }
  }
};
