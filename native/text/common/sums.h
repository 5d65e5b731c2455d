// Reducers of sums, means, and of what is told of a sum (reductions.h).

// What is told of a sum in the end.
enum class Told { Total, Mean, IsPositive, IsZero };

// Of a mean, the last total is the number of columns.
template <int D, Told TOLD> struct SumAccumulator {
  static constexpr int TOTALS = D + (TOLD == Told::Mean);
  double total[TOTALS];
  MEMBER void merge(const SumAccumulator &later) {
    for (int k = 0; k < TOTALS; k++) total[k] += later.total[k];
  }
  MEMBER double told(double sum) const {
    if (TOLD == Told::Mean) return sum / total[TOTALS - 1];
    if (TOLD == Told::IsPositive) return sum > 0;
    return TOLD == Told::IsZero ? sum == 0 : sum;
  }
  MEMBER void finish(scalar *out, int32 *) const {
    for (int k = 0; k < D; k++) out[k] = told(total[k]);
  }
};

// Partial sums in the dtype of the data; at every flush they go to totals in double. With KAHAN each addition is
// compensated.
template <int D, bool KAHAN, Told TOLD> struct Sum {
  using Accumulator = SumAccumulator<D, TOLD>;
  Tile partial[D], lost[KAHAN ? D : 1];
  double totals[D][TILE_LANES], columns;

  template <class Column> INLINE_MEMBER void begin(Column) { *this = Sum{}; }
  template <class Column> INLINE_MEMBER void add(int k, Tile value, Column) {
    if (KAHAN) addCompensated(partial[k], lost[k], value);
    else partial[k] = partial[k] + value;
  }
  template <int C> INLINE_MEMBER void add(int k, const Columns<Tile, C> &values, int64 column) {
    UNROLLED for (int c = 0; c < C; c++) add(k, values.of[c], column + c);
  }
  INLINE_MEMBER void flush(int64 count) {
    columns += count;
    PER_COMPONENT for (int k = 0; k < D; k++) {
      const Tile sum = partial[k];  // the address of a copy: what has none itself stays in a register
      for (int l = 0; l < TILE_LANES; l++) totals[k][l] += lane(sum, l);
      partial[k] = Tile{};
    }
    PER_COMPONENT for (int k = 0; KAHAN && k < D; k++) {
      const Tile rest = ifFinite(lost[k]);
      for (int l = 0; l < TILE_LANES; l++) totals[k][l] += lane(rest, l);
      lost[k] = Tile{};
    }
  }
  MEMBER void store(Accumulator *to, int64 count) const {
    for (int l = 0; l < TILE_LANES && l < count; l++) {
      PER_COMPONENT for (int k = 0; k < D; k++) to[l].total[k] = totals[k][l];
      if (TOLD == Told::Mean) to[l].total[D] = columns;
    }
  }
};
