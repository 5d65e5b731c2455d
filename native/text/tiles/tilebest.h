// Reductions of the tile evaluator (tilereducers.h) to the smallest and largest values, and where they are.

// A place in the order of the K best, empty with an index of -1.
struct Place {
  double value;
  int64 index;
  bool comesBefore(const Place &other) const {
    return index >= 0 && (other.index < 0 || value < other.value || (value == other.value && index < other.index));
  }
};

// Of two lists in order: how many of each are among the k best, and then from the last one on.
INLINE void mergePlaces(Place *best, const Place *later, int64 k) {
  int64 taken = 0;
  while (taken < k && later[taken].comesBefore(best[k - 1 - taken])) taken++;
  for (int64 n = k - 1, own = k - 1 - taken; taken > 0; n--) {
    const bool isLater = own < 0 || !later[taken - 1].comesBefore(best[own]);
    best[n] = isLater ? later[--taken] : best[own--];
  }
}

// The index that each column of a tile has: its own, or with ranks that of an argument, which comes behind the values.
template <bool RANKED> struct ColumnIndices {
  const integer *const ranks;
  const integer first;

  INLINE_MEMBER ColumnIndices(const Span *values, const Extent &extent, int64 firstColumn)
      : ranks(RANKED ? (const integer *)values[extent.dim].data : nullptr), first(firstColumn) {}
  INLINE_MEMBER integer at(int64 column) const { return RANKED ? ranks[column] : first + (integer)column; }
};

template <int SIGN, bool VALUES, bool INDICES, bool RANKED>
struct OnTiles<Best<1, 1, SIGN, VALUES, INDICES, RANKED>> final : TileReducer {
  using Columns = ColumnIndices<RANKED>;

  // Of each component: the best of each lane, or with K > 1 the last of each lane's list, behind which the lists stand;
  // of lists that are not kept in order how many there are of each lane, and the lists.
  struct Kept {
    real value;
    mask index;
  };
  static int64 padded(int64 k) { return (k + LANES - 1) / LANES * LANES; }
  static bool isLong(int64 k) { return k > LONGEST_IN_ORDER; }
  static int64 componentBytes(int64 k) {
    if (k == 1) return sizeof(Kept);
    const int64 places = isLong(k) ? 2 * k : 1 + padded(k), counts = isLong(k) ? sizeof(int64) : 0;
    return sizeof(Kept) + roundedUp(LANES * (places * (sizeof(scalar) + sizeof(integer)) + counts));
  }
  static Kept &kept(void *state, int64 component, int64 k) { return *(Kept *)((char *)state + component * componentBytes(k)); }
  static const Kept &kept(const void *state, int64 component, int64 k) { return kept((void *)state, component, k); }
  static OrderedList list(const Kept &kept, int64 k, int64 lane) {
    scalar *const values = (scalar *)(&kept + 1);
    return {values + lane * (1 + padded(k)), (integer *)(values + LANES * (1 + padded(k))) + lane * (1 + padded(k)), padded(k)};
  }

  static CollectedList collected(const Kept &kept, int64 k, int64 lane) {
    int64 *const counts = (int64 *)(&kept + 1);
    scalar *const values = (scalar *)(counts + LANES);
    return {values + lane * 2 * k, (integer *)(values + LANES * 2 * k) + lane * 2 * k, counts[lane], k};
  }

  bool takesWeights() const override { return false; }
  bool takesRanks() const override { return RANKED; }
  int64 resultDim(const Extent &extent) const override { return VALUES ? extent.dim * extent.k : 0; }
  int64 indexDim(const Extent &extent) const override { return INDICES ? extent.dim * extent.k : 0; }
  int64 stateBytes(const Extent &extent) const override { return extent.dim * componentBytes(extent.k); }
  int64 accumulatorBytes(const Extent &extent) const override { return extent.dim * extent.k * sizeof(Place); }
  // With K = 1 the first column stands in for "none yet": it wins if all others are infinite, too. With ranks any column
  // wins over "none yet".
  void begin(void *state, const Extent &extent, int64 firstColumn) const override {
    for (int64 n = 0; n < extent.dim; n++) {
      kept(state, n, extent.k) = {extent.k == 1 ? infinity() : nan(), RANKED ? noRank() : mask{} + integer(firstColumn)};
      for (int64 l = 0; extent.k > 1 && l < LANES; l++)
        if (isLong(extent.k)) collected(kept(state, n, extent.k), extent.k, l).count = 0;
        else list(kept(state, n, extent.k), extent.k, l).begin();
    }
  }
  void add(void *state, const Extent &extent, const Span *values, int64 columns, int64 firstColumn) const override {
    const Columns indices(values, extent, firstColumn);
    for (int64 n = 0; n < extent.dim; n++) {
      Kept &best = kept(state, n, extent.k);
      const real *const candidates = (const real *)values[n].data;
      if (extent.k == 1) keepSmallest(best, candidates, columns, indices);
      else for (int64 c = 0; c < columns; c += AT_ONCE)
        consider(best, extent.k, candidates, c, columns - c < AT_ONCE ? columns : c + AT_ONCE, indices);
    }
  }
  void store(const void *state, const Extent &extent, void *accumulators, int64 count) const override {
    Place *to = (Place *)accumulators;
    for (int64 l = 0; l < count; l++)
      for (int64 n = 0; n < extent.dim; n++) {
        const Kept &of = kept(state, n, extent.k);
        if (isLong(extent.k)) collected(of, extent.k, l).sort();
        for (int64 k = 0; k < extent.k; k++) *to++ = place(of, extent.k, l, k);
      }
  }
  void finish(const Extent &extent, int64 rows, void *accumulators, int64 parts, int64 partBytes, void *out,
              int32 *indices) const override {
    const int64 size = extent.dim * extent.k;
    for (int64 row = 0; row < rows; row++) {
      Place *const total = (Place *)accumulators + row * size;
      for (int64 part = 1; part < parts; part++) merge(total, (const Place *)((const char *)accumulators + part * partBytes) + row * size, extent);
      for (int64 k = 0; k < extent.k; k++)
        for (int64 n = 0; n < extent.dim; n++) {
          const int64 to = row * size + k * extent.dim + n;
          if (VALUES) ((scalar *)out)[to] = SIGN * total[n * extent.k + k].value;
          if (INDICES) indices[to] = total[n * extent.k + k].index;
        }
    }
  }

 private:
  static void merge(Place *total, const Place *later, const Extent &extent) {
    for (int64 n = 0; n < extent.dim; n++) mergePlaces(total + n * extent.k, later + n * extent.k, extent.k);
  }
  static void keepSmallest(Kept &best, const real *candidates, int64 columns, const Columns &indices) {
    real value = best.value;
    mask index = best.index, column = mask{} + indices.first;
    for (int64 c = 0; c < columns; c++, column += 1) {
      if (RANKED) column = mask{} + indices.at(c);
      const real given = SIGN > 0 ? candidates[c] : -candidates[c], candidate = RANKED ? worstIfNaN(given) : given;
      mask better = lt(candidate, value);
      if (RANKED) better |= eq(candidate, value) & (column < index);
      value = select(better, candidate, value);
      index = better ? column : index;
    }
    best = {value, index};
  }
  static Place place(const Kept &best, int64 k, int64 lane, int64 n) {
    if (k == 1) return {best.value[lane], best.index[lane]};
    if (isLong(k)) {
      const CollectedList of = collected(best, k, lane);
      return n < of.count ? Place{of.values[n], of.places[n]} : Place{infinity()[0], -1};
    }
    const OrderedList of = list(best, k, lane);
    const integer index = of.places[1 + n];
    return {index < 0 ? infinity()[0] : of.values[1 + n], index};
  }
  // As Shortlist (shortlist.h) does: one test of as many columns as there are bits for their lanes.
  static constexpr int64 AT_ONCE = 64 / LANES;
  // With ranks the last may have to give way to its equal.
  static mask isBetter(real last, real candidate) { return RANKED ? ~lt(last, candidate) : ~le(last, candidate); }
  static void consider(Kept &best, int64 k, const real *candidates, int64 first, int64 end, const Columns &indices) {
    real smallest = RANKED ? infinity() : best.value;
    for (int64 c = first; c < end; c++) smallest = smaller(SIGN > 0 ? candidates[c] : -candidates[c], smallest);
    if (!any(isBetter(best.value, smallest))) return;
    unsigned long long better = 0;
    for (int64 c = first; c < end; c++) {
      const real candidate = SIGN > 0 ? candidates[c] : -candidates[c];
      better |= (unsigned long long)lanesWhere(isBetter(best.value, worstIfNaN(candidate))) << ((c - first) * LANES);
    }
    for (; better; better &= better - 1) {
      const int bit = __builtin_ctzll(better), l = bit % LANES;
      const int64 c = first + bit / LANES;
      const scalar candidate = worstIfNaN(SIGN > 0 ? candidates[c] : -candidates[c])[l];
      best.value = select(laneNumbers() == l, splat(insert(best, k, l, candidate, indices.at(c))), best.value);
    }
  }
  static scalar insert(const Kept &best, int64 k, int64 lane, scalar candidate, integer column) {
    if (isLong(k)) return collected(best, k, lane).insert(candidate, column, best.value[lane]);
    const OrderedList into = list(best, k, lane);
    into.template insert<RANKED>(candidate, column);
    return into.values[k];
  }
};
