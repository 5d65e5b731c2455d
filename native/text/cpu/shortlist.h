// The K best of each component on the processor (reductions.h). Few columns are better than the last of the K in any
// lane, and which are is hard to guess: so bits tell which, and each of them enters the list of its lane by vectors,
// without a branch.

typedef scalar loose __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(scalar)), may_alias));
typedef integer looseMask __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(integer)), may_alias));

// The smallest values in order, those that are equal in the order in which they came, and their places, both behind a
// first one that stays; NaN stands for "none yet". They are as many as fill vectors: what comes behind the last of the
// K does no harm.
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
  template <bool RANKED> INLINE_MEMBER void insert(scalar candidate, integer column) const {
    const real c = splat(candidate);
    for (int64 n = padded - LANES; n >= 0; n -= LANES) {
      const real here = *(const loose *)(values + n + 1), before = *(const loose *)(values + n);
      const mask placeHere = *(const looseMask *)(places + n + 1), placeBefore = *(const looseMask *)(places + n);
      mask isLarger = ~le(here, c), wasLarger = ~le(before, c);
      if (RANKED) isLarger |= eq(here, c) & (placeHere > column), wasLarger |= eq(before, c) & (placeBefore > column);
      *(loose *)(values + n + 1) = select(isLarger, select(wasLarger, before, c), here);
      *(looseMask *)(places + n + 1) = isLarger ? (wasLarger ? placeBefore : mask{} + column) : placeHere;
    }
  }
};

// Longer lists are not kept in order: what is better than the last of the K is collected behind them, and when there
// are 2 K of them all are sorted, which takes K log(K) steps for K of them where insertion takes K^2 / LANES.
enum { LONGEST_IN_ORDER = 512 };

struct CollectedList {
  scalar *const values;
  integer *const places;
  int64 &count;
  const int64 k;

  bool comesBefore(int64 a, int64 b) const { return values[a] < values[b] || (values[a] == values[b] && places[a] < places[b]); }
  void swap(int64 a, int64 b) const {
    const scalar value = values[a];
    const integer place = places[a];
    values[a] = values[b], places[a] = places[b];
    values[b] = value, places[b] = place;
  }
  // Of a heap of `size` with the last in front, where only `at` may be out of order.
  void sift(int64 at, int64 size) const {
    for (int64 child = 2 * at + 1; child < size; at = child, child = 2 * at + 1) {
      if (child + 1 < size && comesBefore(child, child + 1)) child++;
      if (!comesBefore(at, child)) return;
      swap(at, child);
    }
  }
  // By a heap (Williams 1964): in place, and never slower than its bound.
  void sort() const {
    for (int64 at = count / 2 - 1; at >= 0; at--) sift(at, count);
    for (int64 size = count - 1; size > 0; size--) {
      swap(0, size);
      sift(0, size);
    }
    if (count > k) count = k;
  }
  // Returns what the next candidates must be better than: NaN while anything is.
  scalar insert(scalar candidate, integer column, scalar last) const {
    values[count] = candidate;
    places[count] = column;
    if (++count < 2 * k) return last;
    sort();
    return values[k - 1];
  }
};

INLINE integer columnOf(int64 first, int c, int) { return first + c; }
INLINE integer columnOf(const TileIndex &columns, int, int l) { return lane(columns, l); }
INLINE integer columnOf(RanksFrom first, int c, int) { return first.at[c]; }

// The lists of D components and all lanes.
template <int D, int K, bool RANKED, bool IS_LONG> struct Lists {
  static constexpr int PADDED = (K + LANES - 1) / LANES * LANES;
  scalar values[D][TILE_LANES][1 + PADDED];
  integer places[D][TILE_LANES][1 + PADDED];

  INLINE_MEMBER OrderedList list(int k, int l) { return {values[k][l], places[k][l], PADDED}; }
  INLINE_MEMBER void begin(int k, int l) { list(k, l).begin(); }
  INLINE_MEMBER scalar insert(int k, int l, scalar candidate, integer column, scalar) {
    list(k, l).template insert<RANKED>(candidate, column);
    return values[k][l][K];
  }
  INLINE_MEMBER int64 end(int, int) { return K; }
  INLINE_MEMBER scalar value(int k, int l, int64 n) const { return values[k][l][1 + n]; }
  INLINE_MEMBER integer place(int k, int l, int64 n) const { return places[k][l][1 + n]; }
};
template <int D, int K, bool RANKED> struct Lists<D, K, RANKED, true> {
  scalar values[D][TILE_LANES][2 * K];
  integer places[D][TILE_LANES][2 * K];
  int64 counts[D][TILE_LANES];

  INLINE_MEMBER CollectedList list(int k, int l) { return {values[k][l], places[k][l], counts[k][l], K}; }
  INLINE_MEMBER void begin(int k, int l) { counts[k][l] = 0; }
  INLINE_MEMBER scalar insert(int k, int l, scalar candidate, integer column, scalar last) {
    return list(k, l).insert(candidate, column, last);
  }
  // How many there are, in order from now on.
  MEMBER int64 end(int k, int l) {
    list(k, l).sort();
    return counts[k][l];
  }
  INLINE_MEMBER scalar value(int k, int l, int64 n) const { return values[k][l][n]; }
  INLINE_MEMBER integer place(int k, int l, int64 n) const { return places[k][l][n]; }
};

template <int D, int K, int SIGN, bool VALUES, bool INDICES, bool RANKED = false> struct Shortlist {
  using Accumulator = BestAccumulator<D, K, SIGN, VALUES, INDICES>;
  Tile last[D];  // of each list
  mutable Lists<D, K, RANKED, (LONGEST_IN_ORDER < K)> lists;

  template <class Column> MEMBER void begin(Column) {
    for (int k = 0; k < D; k++) {
      last[k] = Tile(nan());
      for (int l = 0; l < TILE_LANES; l++) lists.begin(k, l);
    }
  }
  template <class Column> INLINE_MEMBER void add(int k, Tile candidates, Column column) {
    EACH {
      const real candidate[1] = {SIGN > 0 ? candidates.v[u] : -candidates.v[u]};
      if (any(isBetter(k, u, candidate[0]))) insert(k, u, candidate, column);
    }
  }
  // One test of all columns mostly is the only one; in the order of its arguments `smaller` passes over candidates that
  // are NaN.
  template <int C, class Column> INLINE_MEMBER void add(int k, const Columns<Tile, C> &candidates, Column column) {
    EACH {
      real candidate[C], smallest = RANKED ? infinity() : last[k].v[u];
      UNROLLED for (int c = 0; c < C; c++) candidate[c] = SIGN > 0 ? candidates.of[c].v[u] : -candidates.of[c].v[u];
      UNROLLED for (int c = 0; c < C; c++) smallest = smaller(candidate[c], smallest);
      if (!any(isBetter(k, u, smallest))) continue;
      real kept[C];  // a copy, so that nothing is in memory where the test fails
      UNROLLED for (int c = 0; c < C; c++) kept[c] = candidate[c];
      insert(k, u, kept, column);
    }
  }
  MEMBER void flush(int64) {}
  MEMBER void store(Accumulator *to, int64 count) const {
    for (int l = 0; l < TILE_LANES && l < count; l++)
      for (int k = 0; k < D; k++)
        for (int64 n = 0, end = lists.end(k, l); n < K; n++) {
          to[l].place[k][n] = n < end ? lists.place(k, l, n) : -1;
          to[l].value[k][n] = to[l].place[k][n] < 0 ? lane(infinity(), 0) : lists.value(k, l, n);
        }
  }

 private:
  // A list that is not full takes everything. With ranks the last may have to give way to its equal.
  INLINE_MEMBER mask isBetter(int k, int u, real candidate) const {
    return RANKED ? ~lt(last[k].v[u], candidate) : ~le(last[k].v[u], candidate);
  }
  template <int C, class Column>
  __attribute__((noinline)) void insert(int k, int u, const real (&candidates)[C], Column first) {
    constexpr int AT_ONCE = 64 / LANES < C ? 64 / LANES : C;
    static_assert(C % AT_ONCE == 0, "columns are tested in whole groups");
    for (int begin = 0; begin < C; begin += AT_ONCE) {
      unsigned long long better = 0;
      UNROLLED for (int c = 0; c < AT_ONCE; c++)
        better |= (unsigned long long)lanesWhere(isBetter(k, u, worstIfNaN(candidates[begin + c]))) << (c * LANES);
      for (; better; better &= better - 1) {
        const int bit = __builtin_ctzll(better), c = begin + bit / LANES, l = bit % LANES;
        insertInto(k, u, l, lane(worstIfNaN(candidates[c]), l), columnOf(first, c, u * LANES + l));
      }
    }
  }
  INLINE_MEMBER void insertInto(int k, int u, int l, scalar candidate, integer column) {
    const scalar next = lists.insert(k, u * LANES + l, candidate, column, lane(last[k].v[u], l));
    last[k].v[u] = select(laneNumbers() == l, splat(next), last[k].v[u]);
  }
};
