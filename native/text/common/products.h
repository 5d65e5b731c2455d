// Reducers of products (reductions.h).

template <int D> struct ProductAccumulator {
  double product[D];
  MEMBER void merge(const ProductAccumulator &later) {
    for (int k = 0; k < D; k++) product[k] *= later.product[k];
  }
  MEMBER void finish(scalar *out, int32 *) const {
    for (int k = 0; k < D; k++) out[k] = product[k];
  }
};

// Products in double from the first factor on: in float a few factors would leave the range.
template <int D> struct Product {
  using Accumulator = ProductAccumulator<D>;
  double products[D][TILE_LANES];

  template <class Column> MEMBER void begin(Column) {
    for (int k = 0; k < D; k++)
      for (int l = 0; l < TILE_LANES; l++) products[k][l] = 1;
  }
  template <class Column> INLINE_MEMBER void add(int k, Tile value, Column) {
    for (int l = 0; l < TILE_LANES; l++) products[k][l] *= lane(value, l);
  }
  template <int C> INLINE_MEMBER void add(int k, const Columns<Tile, C> &values, int64 column) {
    for (int c = 0; c < C; c++) add(k, values.of[c], column + c);
  }
  MEMBER void flush(int64) {}
  MEMBER void store(Accumulator *to, int64 count) const {
    for (int l = 0; l < TILE_LANES && l < count; l++)
      PER_COMPONENT for (int k = 0; k < D; k++) to[l].product[k] = products[k][l];
  }
};
