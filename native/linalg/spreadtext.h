// The inner loops between points and a grid, a part of kernelstext.h: vectors go along the last axis, `V` of them for the
// width of a window.

template <class T, int V>
INLINE void windowAt(const WindowedPoints<T> &p, T fraction, VectorOf<T> (&values)[V]) {
  const T *next = p.polynomials;
  UNROLLED for (int v = 0; v < V; v++, next += Lanes<T>::COUNT) values[v] = vectorAt(next);
  for (int64 power = 0; power < p.degree; power++)
    UNROLLED for (int v = 0; v < V; v++, next += Lanes<T>::COUNT) values[v] = values[v] * fraction + vectorAt(next);
}

// What each row of cells counts, `number` times the windows of all axes but the last, whose window goes to `last`.
template <class T, int V>
INLINE const T *rowsOfPoint(const WindowedPoints<T> &p, int64 point, T number, VectorOf<T> (&last)[V]) {
  const T *const fractions = p.fractions + point * p.axes;
  T *rows = p.room[0], *next = p.room[1];
  rows[0] = number;
  int64 count = 1;
  for (int64 axis = 0; axis + 1 < p.axes; axis++, count *= p.width) {
    VectorOf<T> window[V];
    windowAt<T, V>(p, fractions[axis], window);
    for (int64 row = 0; row < count; row++)
      UNROLLED for (int v = 0; v < V; v++) vectorAt(next + row * p.width + v * Lanes<T>::COUNT) = rows[row] * window[v];
    T *const done = next;
    next = rows, rows = done;
  }
  windowAt<T, V>(p, fractions[p.axes - 1], last);
  return rows;
}

template <class T, int V>
INLINE void spreadBy(const WindowedPoints<T> &given) {
  const WindowedPoints<T> p = given;  // a copy, so that the compiler sees that nothing writes to it: it is not read again
  for (int64 point = 0; point < p.count; point++) {
    VectorOf<T> last[V];
    const T *const factors = rowsOfPoint<T, V>(p, point, p.numbers[point], last);
    T *const first = p.part + p.offsets[point];
    for (int64 row = 0; row < p.rowCount; row++) {
      T *const cells = first + p.rows[row];
      const T factor = factors[row];
      UNROLLED for (int v = 0; v < V; v++) vectorAt(cells + v * Lanes<T>::COUNT) += factor * last[v];
    }
  }
}

template <class T, int V>
INLINE void interpolateBy(const WindowedPoints<T> &given) {
  const WindowedPoints<T> p = given;
  constexpr int CHAINS = V <= 2 ? 4 : 2;
  for (int64 point = 0; point < p.count; point++) {
    VectorOf<T> last[V], sums[CHAINS][V] = {};
    const T *const factors = rowsOfPoint<T, V>(p, point, T(1), last);
    const T *const first = p.part + p.offsets[point];
    int64 row = 0;
    for (; row + CHAINS <= p.rowCount; row += CHAINS)
      UNROLLED for (int c = 0; c < CHAINS; c++)
        UNROLLED for (int v = 0; v < V; v++) sums[c][v] += factors[row + c] * vectorAt(first + p.rows[row + c] + v * Lanes<T>::COUNT);
    for (; row < p.rowCount; row++)
      UNROLLED for (int v = 0; v < V; v++) sums[0][v] += factors[row] * vectorAt(first + p.rows[row] + v * Lanes<T>::COUNT);
    VectorOf<T> sum = {};
    UNROLLED for (int v = 0; v < V; v++) {
      UNROLLED for (int c = 1; c < CHAINS; c++) sums[0][v] += sums[c][v];
      sum += sums[0][v] * last[v];
    }
    p.numbers[point] = sumOf<T>(sum);
  }
}

// Calls by<T, V> for the vectors of the width.
#define BY_VECTORS_OF_WIDTH(by) \
  switch ((p.width + Lanes<T>::COUNT - 1) / Lanes<T>::COUNT) { \
    case 1: return by<T, 1>(p); \
    case 2: return by<T, 2>(p); \
    case 3: return by<T, 3>(p); \
    case 4: return by<T, 4>(p); \
    case 5: return by<T, 5>(p); \
    case 6: return by<T, 6>(p); \
    case 7: return by<T, 7>(p); \
    case 8: return by<T, 8>(p); \
  }

template <class T>
INLINE void pointsSpread(const WindowedPoints<T> &p) { BY_VECTORS_OF_WIDTH(spreadBy) }
template <class T>
INLINE void pointsInterpolated(const WindowedPoints<T> &p) { BY_VECTORS_OF_WIDTH(interpolateBy) }
