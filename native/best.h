// Reducers of the smallest and largest values, and where they are (reductions.h).

// The K smallest values of each component in order, ties by index; with SIGN -1 the largest. An index of -1 marks an empty place.
template <int D, int K, int SIGN, bool VALUES, bool INDICES> struct BestAccumulator {
  double value[D][K];
  int64 index[D][K];

  bool comesBefore(double a, int64 at, double b, int64 other) const {
    return at >= 0 && (other < 0 || a < b || (a == b && at < other));
  }
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
  template <class Column> void begin(Column firstColumn) {
    for (int k = 0; k < D; k++)
      for (int n = 0; n < K; n++) {
        value[k][n] = Tile(infinity());
        EACH index[k][n].v[u] = K == 1 ? indicesAt(firstColumn, u) : mask{} - 1;
      }
  }
  template <class Column> INLINE_MEMBER void add(int k, Tile candidates, Column column) {
    EACH {
      const real candidate = SIGN > 0 ? candidates.v[u] : -candidates.v[u];
      if (K == 1) keepSmaller(k, u, candidate, indicesAt(column, u));
      else if (any(isBetter(k, u, candidate))) insert(k, u, candidate, indicesAt(column, u));
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
