// From arrays in memory to the lanes of tiles on the processor, and back.

INLINE mask laneNumbers() {
  mask r;
  UNROLLED for (int l = 0; l < LANES; l++) r[l] = l;
  return r;
}

// Rows first, first + 1, … of a [count][DIM] array into DIM tiles, number by number; past the end the last row is
// repeated.
template <int DIM> INLINE void loadByNumbers(Tile (&to)[DIM], const scalar *from, int64 first, int64 count) {
  const scalar *row = from + DIM * (first < count ? first : count - 1), *const last = from + DIM * (count - 1);
  for (int l = 0; l < TILE_LANES; l++) {
    UNROLLED for (int k = 0; k < DIM; k++) ((scalar *)&to[k])[l] = row[k];
    if (row != last) row += DIM;
  }
}

// Where lanes run over many columns, memory is asked for them in time: some numbers ahead.
constexpr int PREFETCHED = 1024 / sizeof(scalar);

// Short rows are loaded by permuting vectors: a vector that is read right after its lanes were written one by one must
// wait.
#if defined(__AVX512DQ__)
// The first `count` numbers at p, and zeros; what follows them is not read.
INLINE real loadFirst(const scalar *p, int64 count) {
  const int lanes = count < 0 ? 0 : count < LANES ? (int)count : (int)LANES;
  real r;
  asm(KEOPS_ASM("vmovu") " %1,%0%{%2%}%{z%}"
      : "=v"(r) : "m"(*(const char(*)[VECTOR_BYTES])p), "Yk"((unsigned short)((1 << lanes) - 1)));
  return r;
}
// The numbers at given places of a, b one after the other.
INLINE real permuted(real a, real b, mask places) {
  asm(KEOPS_ASM("vpermt2") " %2,%1,%0" : "+v"(a) : "v"(places), "v"(b));
  return a;
}
typedef scalar anywhere __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(scalar)), may_alias));
// Component k of each lane is at place starts + k of the numbers.
template <int DIM> INLINE void pickByLane(Tile (&to)[DIM], int u, const real (&numbers)[4], mask starts) {
  UNROLLED for (int k = 0; k < DIM; k++) {
    const real early = permuted(numbers[0], numbers[1], starts + k);
    to[k].v[u] = DIM <= 2 ? early : select(starts + k < 2 * LANES, early, permuted(numbers[2], numbers[3], starts + k));
  }
}
template <int DIM> INLINE void loadByVectors(Tile (&to)[DIM], const scalar *from, int64 first, int64 count) {
  EACH {
    const int64 wanted = first + u * LANES, row = wanted < count ? wanted : count - 1, rows = count - row;
    const scalar *const start = from + DIM * row;
    real numbers[4] = {};
    if (rows < LANES) {
      UNROLLED for (int q = 0; q < DIM; q++) numbers[q] = loadFirst(start + q * LANES, rows * DIM - q * LANES);
      const mask lanes = laneNumbers(), last = mask{} + integer(rows - 1);
      pickByLane(to, u, numbers, DIM * (lanes < last ? lanes : last));
    } else {
      UNROLLED for (int q = 0; q < DIM; q++) {
        __builtin_prefetch(start + q * LANES + PREFETCHED);
        numbers[q] = *(const anywhere *)(start + q * LANES);
      }
      if (DIM == 1) to[0].v[u] = numbers[0];
      else pickByLane(to, u, numbers, DIM * laneNumbers());
    }
  }
}
template <int DIM> INLINE void load(Tile (&to)[DIM], const scalar *from, int64 first, int64 count) {
  if constexpr (DIM <= 4) loadByVectors(to, from, first, count);
  else loadByNumbers(to, from, first, count);
}
#elif defined(__AVX2__)
typedef scalar anywhere __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(scalar)), may_alias));
typedef int32 places __attribute__((vector_size(VECTOR_BYTES)));
// Lane l becomes number start + DIM l of those that begin at a, where that is inside a.
template <int DIM> INLINE real picked(real a, int start) {
  constexpr int HALVES = sizeof(scalar) / sizeof(int32);
  places from;
  UNROLLED for (int h = 0; h < LANES * HALVES; h++) from[h] = (start + DIM * (h / HALVES)) * HALVES + h % HALVES;
  real r;
  asm("vpermps %2,%1,%0" : "=x"(r) : "x"(from), "x"(a));
  return r;
}
template <int DIM> INLINE void loadByVectors(Tile (&to)[DIM], const scalar *from, int64 first) {
  EACH {
    real numbers[DIM];
    UNROLLED for (int q = 0; q < DIM; q++) {
      const scalar *const at = from + DIM * (first + u * LANES) + q * LANES;
      __builtin_prefetch(at + PREFETCHED);
      numbers[q] = *(const anywhere *)at;
    }
    UNROLLED for (int k = 0; k < DIM; k++) {
      real r = DIM == 1 ? numbers[0] : picked<DIM>(numbers[0], k);
      UNROLLED for (int q = 1; q < DIM; q++)
        r = select(DIM * laneNumbers() + k < integer(q * LANES), r, picked<DIM>(numbers[q], k - q * LANES));
      to[k].v[u] = r;
    }
  }
}
template <int DIM> INLINE void load(Tile (&to)[DIM], const scalar *from, int64 first, int64 count) {
  if constexpr (DIM <= 4)
    if (first + TILE_LANES <= count) return loadByVectors(to, from, first);
  loadByNumbers(to, from, first, count);
}
#else
template <int DIM> INLINE void load(Tile (&to)[DIM], const scalar *from, int64 first, int64 count) {
  loadByNumbers(to, from, first, count);
}
#endif

// Component k of the lanes into out[lane][stride], for the first `count` lanes.
INLINE void store(scalar *out, int64 stride, int64 count, Tile value) {
  for (int l = 0; l < TILE_LANES && l < count; l++) out[l * stride] = lane(value, l);
}
