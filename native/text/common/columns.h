// Prelude of routines whose steps take several columns at once (keops.h): the functions of the code dialect, column by
// column. Rows that were read serve all columns of a step, and the sums of one column need not wait for those of
// another.

template <class T, int C> struct Columns;

// What all columns share.
template <class T> struct Shared { const T &value; };
template <class T> INLINE Shared<T> each(const T &a) { return {a}; }
template <class T, int C> INLINE const Columns<T, C> &each(const Columns<T, C> &a) { return a; }
template <class T> INLINE const T &at(Shared<T> a, int) { return a.value; }
template <class T, int C> INLINE const T &at(const Columns<T, C> &a, int u) { return a.of[u]; }

// What a step has of each of its columns. T is real or mask where that is the same in all lanes, else Tile or TileMask.
template <class T, int C> struct Columns {
  T of[C];
  Columns() = default;
  // What is the same for all columns, or for all lanes.
  template <class A> INLINE_MEMBER Columns(const A &all) {
    const auto &a = each(all);
    UNROLLED for (int u = 0; u < C; u++) of[u] = T(at(a, u));
  }
  // A number of each column, `stride` apart.
  INLINE_MEMBER Columns(const scalar *from, int64 stride) {
    UNROLLED for (int u = 0; u < C; u++) of[u] = splat(from[u * stride]);
  }
};

// How many columns there are in any of the arguments; 0 if there are none, and then the functions below do not exist.
template <class T> constexpr int COUNT = 0;
template <class T, int C> constexpr int COUNT<Columns<T, C>> = C;
template <class A, class B, class D = real> constexpr int COUNT_OF = COUNT<A> > 0 ? COUNT<A> : COUNT<B> > 0 ? COUNT<B> : COUNT<D>;
template <bool> struct OnlyIf;
template <> struct OnlyIf<true> { typedef int type; };

#define EACH_COLUMN(expression) \
  const int u = 0; \
  Columns<decltype(expression), C> r; \
  UNROLLED for (int u = 0; u < C; u++) r.of[u] = expression; \
  return r;
#define COLUMNS_UNARY(name) \
  template <class T, int C> INLINE auto name(const Columns<T, C> &a) { EACH_COLUMN(name(at(a, u))) }
#define COLUMNS_BINARY(name, expression) \
  template <class A, class B, int C = COUNT_OF<A, B>, class = typename OnlyIf<(C > 0)>::type> INLINE auto name(const A &all, const B &others) { \
    const auto &a = each(all); \
    const auto &b = each(others); \
    EACH_COLUMN(expression) \
  }

template <class T, int C> INLINE auto operator-(const Columns<T, C> &a) { EACH_COLUMN(-at(a, u)) }
template <class T, int C> INLINE auto asReal(const Columns<T, C> &a) { EACH_COLUMN(asReal(at(a, u))) }
template <class M, class A, class B, int C = COUNT_OF<M, A, B>, class = typename OnlyIf<(C > 0)>::type>
INLINE auto select(const M &ofEach, const A &ones, const B &others) {
  const auto &m = each(ofEach);
  const auto &a = each(ones);
  const auto &b = each(others);
  EACH_COLUMN(select(at(m, u), at(a, u), at(b, u)))
}
