// Tiles: the functions of the code dialect over KEOPS_TILE reals. The same text on every device: keops.h or keopscuda.h
// stands in front and says what a real is.
//
// Tile  a value that varies over the lane index; Tile op real works component by component

// Where steps take several columns at once, columns.h stands in front and defines these.
template <class T, int C> struct Columns;
#ifndef COLUMNS_UNARY
#define COLUMNS_UNARY(name)
#define COLUMNS_BINARY(name, expression)
#endif

#define EACH UNROLLED for (int u = 0; u < TILE; u++)

struct Tile {
  real v[TILE];
  Tile() = default;
  INLINE_MEMBER Tile(real a);
};
struct TileMask {
  mask v[TILE];
  TileMask() = default;
  INLINE_MEMBER TileMask(mask a);
};
// Integers per lane.
struct TileIndex {
  index v[TILE];
};

INLINE_MEMBER Tile::Tile(real a) { EACH v[u] = a; }
INLINE_MEMBER TileMask::TileMask(mask a) { EACH v[u] = a; }
INLINE real at(const Tile &a, int u) { return a.v[u]; }
INLINE real at(real a, int) { return a; }
INLINE mask at(const TileMask &a, int u) { return a.v[u]; }
INLINE mask at(mask a, int) { return a; }

#define TILE_UNARY(name) \
  INLINE Tile name(Tile a) { Tile r; EACH r.v[u] = name(a.v[u]); return r; } \
  COLUMNS_UNARY(name)
#define TILE_MIXED(Result, A, B, name, expression) INLINE Result name(A a, B b) { Result r; EACH r.v[u] = expression; return r; }
#define TILE_BINARY(Result, name, expression) \
  TILE_MIXED(Result, Tile, Tile, name, expression) \
  TILE_MIXED(Result, Tile, real, name, expression) \
  TILE_MIXED(Result, real, Tile, name, expression) \
  COLUMNS_BINARY(name, expression)

INLINE Tile operator-(Tile a) { Tile r; EACH r.v[u] = -a.v[u]; return r; }
TILE_BINARY(Tile, operator+, at(a, u) + at(b, u))
TILE_BINARY(Tile, operator-, at(a, u) - at(b, u))
TILE_BINARY(Tile, operator*, at(a, u) * at(b, u))
TILE_BINARY(Tile, operator/, at(a, u) / at(b, u))
TILE_BINARY(TileMask, lt, lt(at(a, u), at(b, u)))
TILE_BINARY(TileMask, le, le(at(a, u), at(b, u)))
TILE_BINARY(TileMask, eq, eq(at(a, u), at(b, u)))
TILE_BINARY(TileMask, ne, ne(at(a, u), at(b, u)))
TILE_UNARY(abs)
TILE_UNARY(sqrt)
TILE_UNARY(rsqrt0)
TILE_UNARY(inverse)
TILE_UNARY(exp)
TILE_UNARY(exp2)
TILE_UNARY(log)
TILE_UNARY(floor)
TILE_UNARY(roundHalfAway)
INLINE Tile asReal(TileMask m) { Tile r; EACH r.v[u] = asReal(m.v[u]); return r; }
#define TILE_SELECT(M, A, B) INLINE Tile select(M m, A a, B b) { Tile r; EACH r.v[u] = select(at(m, u), at(a, u), at(b, u)); return r; }
TILE_SELECT(TileMask, Tile, Tile)
TILE_SELECT(TileMask, Tile, real)
TILE_SELECT(TileMask, real, Tile)
TILE_SELECT(TileMask, real, real)
TILE_SELECT(mask, Tile, Tile)
TILE_SELECT(mask, Tile, real)
TILE_SELECT(mask, real, Tile)

// What lane number l of a tile holds.
INLINE scalar lane(const Tile &a, int l) { return ((const scalar *)&a)[l]; }
INLINE integer lane(const TileIndex &a, int l) { return ((const integer *)&a)[l]; }

// Compensated, as Kahan's: `lost` adds up what additions to the sum round away, and is told with it. Once a term or the
// sum is infinite it is no number, and the sum alone is told.
INLINE void addCompensated(Tile &sum, Tile &lost, Tile value) {
  const Tile next = sum + value;
  lost = lost + (value - (next - sum));
  sum = next;
}
INLINE Tile ifFinite(Tile lost) { return select(eq(lost - lost, real{}), lost, real{}); }
