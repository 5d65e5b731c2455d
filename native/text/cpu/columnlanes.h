// Prelude of routines for few rows and many columns, whose lanes are columns. Each row has a reducer; its lanes share
// the columns among them, and are merged in their order in the end: first the lanes of whole tiles of all intervals,
// then what is left of each.

template <bool VALUE> struct Constant { static constexpr bool value = VALUE; };

struct Stretch {
  int64 first, end;
};
INLINE Stretch stretchOf(const int64 *interval, bool isRest) {
  const int64 rest = interval[1] - (interval[1] - interval[0]) % TILE_LANES;
  return isRest ? Stretch{rest, interval[1]} : Stretch{interval[0], rest};
}

INLINE TileIndex columnsFrom(int64 first) {
  TileIndex r;
  EACH UNROLLED for (int l = 0; l < LANES; l++) r.v[u][l] = u * LANES + l;
  EACH r.v[u] += (integer)first;
  return r;
}

template <class Reducer> void beginRows(Reducer *reducers, int64 rows, TileIndex columns) {
  for (int64 row = 0; row < rows; row++) reducers[row].begin(columns);
}

template <class Reducer> void flushRows(Reducer *reducers, int64 rows, int64 columns) {
  for (int64 row = 0; row < rows; row++) reducers[row].flush(columns);
}

// Accumulators that have seen nothing.
template <class Reducer> void storeNeutral(Reducer &reducer, int64 rows, typename Reducer::Accumulator *to) {
  reducer.begin((int64)-1);
  for (int64 row = 0; row < rows; row++) reducer.store(to + row, 1);
}

template <class Reducer> void mergeLanes(const Reducer *reducers, int64 rows, int64 lanes, typename Reducer::Accumulator *into) {
  typename Reducer::Accumulator ofLanes[TILE_LANES];
  for (int64 row = 0; row < rows; row++) {
    reducers[row].store(ofLanes, lanes);
    for (int64 lane = 0; lane < lanes; lane++) into[row].merge(ofLanes[lane]);
  }
}
