// The K best of each component on a GPU (reductions.h): a row's values and places stay in registers, so an insertion
// passes all of them; of wide formulas they are in memory.

template <int D, int K, int SIGN, bool VALUES, bool INDICES, bool RANKED = false> struct Shortlist {
  using Accumulator = BestAccumulator<D, K, SIGN, VALUES, INDICES>;
  Tile value[D][K];
  TileIndex place[D][K];

  template <class Column> MEMBER void begin(Column) {
    for (int k = 0; k < D; k++)
      for (int n = 0; n < K; n++) {
        value[k][n] = Tile(infinity());
        EACH place[k][n].v[u] = -1;
      }
  }
  template <class Column> INLINE_MEMBER void add(int k, Tile candidates, Column column) {
    EACH {
      const real given = SIGN > 0 ? candidates.v[u] : -candidates.v[u], candidate = RANKED ? worstIfNaN(given) : given;
      if (any(isBetter(k, u, candidate))) insert(k, u, candidate, indicesAt(column, u));
    }
  }
  template <int C, class Column> INLINE_MEMBER void add(int k, const Columns<Tile, C> &candidates, Column column) {
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
  // Better than the last of the K, or the last place is empty. With ranks the last may have to give way to its equal.
  INLINE_MEMBER mask isBetter(int k, int u, real candidate) {
    const real last = value[k][K - 1].v[u];
    return (RANKED ? le(candidate, last) : lt(candidate, last)) | (place[k][K - 1].v[u] < 0);
  }
  // From the first place on: where the candidate wins it takes the place, and what stood there goes on as the next
  // candidate. Too long a text to stand for each of many columns.
  OUTLINED MEMBER void insert(int k, int u, real candidate, index column) {
    candidate = worstIfNaN(candidate);
    mask moved = mask{}, possible = isBetter(k, u, candidate);
    for (int n = 0; n < K; n++) {
      real &best = value[k][n].v[u];
      index &at = place[k][n].v[u];
      moved = possible & (moved | lt(candidate, best) | (at < 0));
      if (RANKED) moved = moved | (possible & eq(candidate, best) & (column < at));
      const real displaced = best;
      const index from = at;
      best = select(moved, candidate, best);
      at = moved ? column : at;
      candidate = select(moved, displaced, candidate);
      column = moved ? from : column;
    }
  }
};
