// Prelude of routines that evaluate each pair once, for its row and for its column: the sums of the columns of a tile.
// Lanes are rows, so every column has a vector of partial sums, one per lane, which are added up when all rows of the
// tile have entered.

template <int BYTES> struct Vector { typedef scalar type __attribute__((vector_size(BYTES), may_alias)); };

// The sum of the BYTES that begin at p: halves are added to each other until one number is left.
template <int BYTES> INLINE scalar sumAt(const scalar *p) {
  if constexpr (BYTES == sizeof(scalar)) return *p;
  else {
    typedef typename Vector<BYTES / 2>::type Half;
    const Half sum = *(const Half *)p + *(const Half *)(p + BYTES / 2 / sizeof(scalar));
    return sumAt<BYTES / 2>((const scalar *)&sum);
  }
}

template <int COLUMNS, int D> struct ColumnSums {
  real partial[COLUMNS][D];

  INLINE_MEMBER void begin(int64 columns) {
    for (int64 column = 0; column < columns; column++) UNROLLED for (int k = 0; k < D; k++) partial[column][k] = real{};
  }
  INLINE_MEMBER void add(int k, Tile value, int64 column) {
    real sum = partial[column][k];
    EACH sum = sum + value.v[u];
    partial[column][k] = sum;
  }
  template <class Accumulator> INLINE_MEMBER void mergeInto(Accumulator *to, int64 columns) const {
    for (int64 column = 0; column < columns; column++) {
      Accumulator sums;
      UNROLLED for (int k = 0; k < D; k++) sums.total[k] = sumAt<VECTOR_BYTES>((const scalar *)&partial[column][k]);
      to[column].merge(sums);
    }
  }
};

// What a reducer has kept of its rows, added to what they had.
template <class Reducer> INLINE void mergeRows(const Reducer &reducer, int64 rows, typename Reducer::Accumulator *to) {
  typename Reducer::Accumulator sums[TILE_LANES];
  reducer.store(sums, rows);
  for (int64 row = 0; row < rows && row < TILE_LANES; row++) to[row].merge(sums[row]);
}
