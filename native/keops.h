// Prelude of every generated routine: the functions of the code dialect over vectors of lanes. No header is included, so that a
// routine compiles in well under 0.1 s. The routine defines KEOPS_DOUBLE (dtype) and KEOPS_TILE (vectors per tile) in front of it.
//
// real  one vector of lanes; what is the same for all lanes is a splat          mask  one truth value per lane
// Tile  KEOPS_TILE vectors of lanes: a value that varies over the lane index     Tile op real works component by component

#define INLINE static inline __attribute__((always_inline))
#define INLINE_MEMBER inline __attribute__((always_inline))
#define UNROLLED _Pragma("GCC unroll 16")
#define EACH UNROLLED for (int u = 0; u < TILE; u++)

#if defined(__AVX512DQ__)
enum { VECTOR_BYTES = 64 };
#elif defined(__AVX2__)
enum { VECTOR_BYTES = 32 };
#else
enum { VECTOR_BYTES = 16 };
#endif

#if KEOPS_DOUBLE
typedef double scalar;
typedef int64 integer;
#else
typedef float scalar;
typedef int32 integer;
#endif
enum { LANES = VECTOR_BYTES / sizeof(scalar), TILE = KEOPS_TILE, TILE_LANES = TILE * LANES };
typedef scalar real __attribute__((vector_size(VECTOR_BYTES)));
typedef integer mask __attribute__((vector_size(VECTOR_BYTES)));
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

INLINE real splat(scalar a) { return real{} + a; }
INLINE real operator""_r(long double a) { return splat((scalar)a); }

// Exponentials underflow into denormals, which cost some 150 cycles each; they are flushed to zero while a routine runs.
#if defined(__SSE2__)
struct FlushDenormals {
  unsigned callers = __builtin_ia32_stmxcsr();
  FlushDenormals() { __builtin_ia32_ldmxcsr(callers | 0x8040); }
  ~FlushDenormals() { __builtin_ia32_ldmxcsr(callers); }
};
#else
struct FlushDenormals { FlushDenormals() {} ~FlushDenormals() {} };
#endif

// ---- one vector ------------------------------------------------------------------------------------------------------------

INLINE mask bits(real a) { return (mask)a; }
INLINE mask lt(real a, real b) { return a < b; }
INLINE mask le(real a, real b) { return a <= b; }
INLINE mask eq(real a, real b) { return a == b; }
INLINE mask ne(real a, real b) { return a != b; }
INLINE real select(mask m, real a, real b) { return m ? a : b; }
INLINE real asReal(mask m) { return (real)(m & bits(splat(1))); }
INLINE real abs(real a) { return (real)(bits(a) & ~bits(-real{})); } // -real{} holds the sign bits; splat(-0) would lose them

// The larger and the smaller; the second operand where either is NaN. Compilers turn `a > b ? a : b` into two instructions.
#if defined(__AVX512DQ__)
#if KEOPS_DOUBLE
#define KEOPS_ASM(name) name "pd"
#else
#define KEOPS_ASM(name) name "ps"
#endif
INLINE real larger(real a, real b) { real r; asm(KEOPS_ASM("vmax") " %2,%1,%0" : "=v"(r) : "v"(a), "vm"(b)); return r; }
INLINE real smaller(real a, real b) { real r; asm(KEOPS_ASM("vmin") " %2,%1,%0" : "=v"(r) : "v"(a), "vm"(b)); return r; }
INLINE real sqrt(real a) { real r; asm(KEOPS_ASM("vsqrt") " %1,%0" : "=v"(r) : "v"(a)); return r; }
// a - round(a), 0 for infinities; p * 2^k with gradual under- and overflow.
INLINE real fraction(real a) { real r; asm(KEOPS_ASM("vreduce") " $8,%1,%0" : "=v"(r) : "v"(a)); return r; }
INLINE real scaleByPower(real p, real k) { real r; asm(KEOPS_ASM("vscalef") " %2,%1,%0" : "=v"(r) : "v"(p), "v"(k)); return r; }
#else
INLINE real larger(real a, real b) { return a > b ? a : b; }
INLINE real smaller(real a, real b) { return a < b ? a : b; }
INLINE real sqrt(real a) {
  for (int l = 0; l < LANES; l++) a[l] = KEOPS_DOUBLE ? __builtin_sqrt(a[l]) : __builtin_sqrtf(a[l]);
  return a;
}
#endif

INLINE real infinity() { return splat((scalar)__builtin_inff()); }
INLINE real nan() { return splat((scalar)__builtin_nanf("")); }

// Reciprocal: the 14-bit estimate and one Newton step (0.53 ulp). At 0 and infinity the correction is 0 * infinity; `larger` turns
// that NaN into a small number, which changes neither 0 nor infinity.
#if defined(__AVX512DQ__) && !KEOPS_DOUBLE
INLINE real inverse(real a) {
  real r;
  asm("vrcp14ps %1,%0" : "=v"(r) : "v"(a));
  return r + r * larger(1 - a * r, splat(-1e-3f));
}
// 1 / sqrt(a), 0 at 0; 0 also at infinity, by the same turn.
INLINE real rsqrt0(real a) {
  real r;
  asm("vrsqrt14ps %1,%0" : "=v"(r) : "v"(a));
  r = r + r * (0.5f * larger(1 - (a * r) * r, splat(-1e-3f)));
  return select(eq(a, real{}), real{}, r);
}
#else
INLINE real inverse(real a) { return 1 / a; }
INLINE real rsqrt0(real a) { return select(eq(a, real{}), real{}, 1 / sqrt(a)); }
#endif

// 2^f for f in [-1/2, 1/2]: minimax in the relative error, constant term exactly 1 (own fits: 2.6e-9 in float, 1.8e-17 in double).
INLINE real powerOfFraction(real f) {
#if KEOPS_DOUBLE
  real p = f * 4.0780687182160308786e-10 + 7.0725711496806364561e-9;
  p = p * f + 1.0180647786609239159e-7;
  p = p * f + 1.3215442671639067408e-6;
  p = p * f + 1.5252727384613258912e-5;
  p = p * f + 1.5403530441578185621e-4;
  p = p * f + 1.3333558153440884438e-3;
  p = p * f + 9.6181291076069987912e-3;
  p = p * f + 5.5504108664790389192e-2;
  p = p * f + 2.4022650695910098012e-1;
  p = p * f + 6.9314718055994569683e-1;
#else
  real p = f * 1.55946857e-4f + 1.34066470e-3f;
  p = p * f + 9.61769294e-3f;
  p = p * f + 5.55031054e-2f;
  p = p * f + 2.40226528e-1f;
  p = p * f + 6.93147215e-1f;
#endif
  return p * f + 1;
}

// Adding and subtracting ROUNDER rounds to the nearest integer, which then stands in the low bits of the sum.
#if KEOPS_DOUBLE
constexpr scalar ROUNDER = 6755399441055744.0, LEAST_POWER = -1023, LARGEST_POWER = 1024;
constexpr scalar LOG2E_HIGH = 1.4426950408889634074, LOG2E_LOW = 2.0355273740931033e-17, LEAST_EXP = -746, LARGEST_EXP = 710;
constexpr integer MANTISSA_BITS = 52;
#else
constexpr scalar ROUNDER = 12582912.0f, LEAST_POWER = -127, LARGEST_POWER = 128;
constexpr scalar LOG2E_HIGH = 1.44269502f, LOG2E_LOW = 1.92596303e-8f, LEAST_EXP = -104, LARGEST_EXP = 89;
constexpr integer MANTISSA_BITS = 23;
#endif

#if defined(__AVX512DQ__)
INLINE real exp2(real a) {
  const real f = fraction(a);
  return scaleByPower(powerOfFraction(f), a - f);
}
#else
// The clamps keep NaN; 2^LEAST_POWER comes out as 0 and 2^LARGEST_POWER as infinity.
INLINE real shiftExponent(real p, real rounded) { return (real)(bits(p) + (bits(rounded) << MANTISSA_BITS)); }
INLINE real exp2(real a) {
  a = smaller(splat(LARGEST_POWER), larger(splat(LEAST_POWER), a));
  const real rounded = a + ROUNDER;
  return shiftExponent(powerOfFraction(a - (rounded - ROUNDER)), rounded);
}
INLINE real scaleByPower(real p, real k) {
  k = smaller(splat(LARGEST_POWER), larger(splat(LEAST_POWER), k));
  return shiftExponent(p, k + ROUNDER);
}
#endif

// e^a with log2(e) in two parts: 1e-7 in float, 2e-16 in double.
INLINE real exp(real a) {
  a = smaller(splat(LARGEST_EXP), larger(splat(LEAST_EXP), a));
  const real k = (a * LOG2E_HIGH + ROUNDER) - ROUNDER;
  return scaleByPower(powerOfFraction(a * LOG2E_LOW + (a * LOG2E_HIGH - k)), k);
}

// log(a) = k log(2) + log(m), m in [sqrt(1/2), sqrt(2)): own fits of the remainder, 0.85 ulp.
#if KEOPS_DOUBLE
INLINE real logOfPositive(real a) {
  const mask e = (bits(a) - 0x3fe6a09e667f3bcdL) >> 52;
  const real r = (real)(bits(a) - (e << 52)) - 1;
  // The exponent as a real, by way of ROUNDER: there is no conversion from 64-bit integers below AVX-512.
  const real k = (real)(e + bits(splat(ROUNDER))) - ROUNDER;
  const real s = r / (2 + r), z = s * s, h = 0.5 * r * r;
  real q = z * 0.14795949610683433541 + 0.15314050562241346883;
  q = q * z + 0.18183564325667640796;
  q = q * z + 0.22222198573194616454;
  q = q * z + 0.28571428742387506062;
  q = q * z + 0.39999999999414679003;
  q = q * z + 0.66666666666667344121;
  return k * 0.69314718036912381649 - ((h - (s * (h + z * q) + k * 1.9082149292705877e-10)) - r);
}
#else
INLINE real logOfPositive(real a) {
  const mask e = (bits(a) - 0x3f3504f3) >> 23;
  const real r = (real)(bits(a) - (e << 23)) - 1, k = __builtin_convertvector(e, real);
  real p = r * -0.0763450981f + 0.127615786f;
  p = p * r + -0.131601776f;
  p = p * r + 0.142017574f;
  p = p * r + -0.166233578f;
  p = p * r + 0.200012269f;
  p = p * r + -0.250008210f;
  p = p * r + 0.333333317f;
  const real q = r * r;
  p = p * (q * r) + k * -2.12194440e-4f;
  return (r + (p - 0.5f * q)) + k * 0.693359375f;
}
#endif
INLINE real log(real a) {
  const real special = select(eq(a, real{}), -infinity(), select(lt(real{}, a), infinity(), nan()));
  return select(lt(real{}, a) & lt(a, infinity()), logOfPositive(a), special);
}

// a^b with the sign rules of C's pow: integers for negative a, 1 for b = 0.
INLINE mask isInteger(real b) { return ((b + ROUNDER) - ROUNDER == b) | (abs(b) >= ROUNDER); }
INLINE mask isOdd(real b) { return isInteger(b) & ~isInteger(0.5f * b); }
INLINE real pow(real a, real b) {
  const real size = exp(b * log(abs(a)));
  const real signedSize = select(isOdd(b), -size, size);
  const real valid = select(isInteger(b), signedSize, nan());
  return select(eq(b, real{}), splat(1), select(lt(a, real{}), valid, size));
}

// ---- tiles: the same functions, vector by vector ---------------------------------------------------------------------------

Tile::Tile(real a) { EACH v[u] = a; }
TileMask::TileMask(mask a) { EACH v[u] = a; }
INLINE real at(const Tile &a, int u) { return a.v[u]; }
INLINE real at(real a, int) { return a; }
INLINE mask at(const TileMask &a, int u) { return a.v[u]; }
INLINE mask at(mask a, int) { return a; }

#define TILE_UNARY(name) INLINE Tile name(Tile a) { Tile r; EACH r.v[u] = name(a.v[u]); return r; }
#define TILE_MIXED(Result, A, B, name, expression) INLINE Result name(A a, B b) { Result r; EACH r.v[u] = expression; return r; }
#define TILE_BINARY(Result, name, expression) \
  TILE_MIXED(Result, Tile, Tile, name, expression) \
  TILE_MIXED(Result, Tile, real, name, expression) \
  TILE_MIXED(Result, real, Tile, name, expression)

INLINE Tile operator-(Tile a) { Tile r; EACH r.v[u] = -a.v[u]; return r; }
TILE_BINARY(Tile, operator+, at(a, u) + at(b, u))
TILE_BINARY(Tile, operator-, at(a, u) - at(b, u))
TILE_BINARY(Tile, operator*, at(a, u) * at(b, u))
TILE_BINARY(Tile, operator/, at(a, u) / at(b, u))
TILE_BINARY(Tile, pow, pow(at(a, u), at(b, u)))
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
INLINE Tile asReal(TileMask m) { Tile r; EACH r.v[u] = asReal(m.v[u]); return r; }
#define TILE_SELECT(M, A, B) INLINE Tile select(M m, A a, B b) { Tile r; EACH r.v[u] = select(at(m, u), at(a, u), at(b, u)); return r; }
TILE_SELECT(TileMask, Tile, Tile)
TILE_SELECT(TileMask, Tile, real)
TILE_SELECT(TileMask, real, Tile)
TILE_SELECT(TileMask, real, real)
TILE_SELECT(mask, Tile, Tile)
TILE_SELECT(mask, Tile, real)
TILE_SELECT(mask, real, Tile)

// ---- moving data -----------------------------------------------------------------------------------------------------------

// Rows first, first + 1, … of a [count][dim] array into `dim` tiles; past the end the last row is repeated.
INLINE void load(Tile *to, int dim, const scalar *from, int64 first, int64 count) {
  for (int l = 0; l < TILE_LANES; l++) {
    const scalar *row = from + dim * (first + l < count ? first + l : count - 1);
    for (int k = 0; k < dim; k++) ((scalar *)&to[k])[l] = row[k];
  }
}

// Component k of the lanes into out[lane][stride], for the first `count` lanes.
INLINE void store(scalar *out, int64 stride, int64 count, Tile value) {
  for (int l = 0; l < TILE_LANES && l < count; l++) out[l * stride] = ((scalar *)&value)[l];
}

// Adds partial sums to the totals, which are kept in double, and clears them.
INLINE void flush(double (*totals)[TILE_LANES], Tile *partial, int dim) {
  for (int k = 0; k < dim; k++) {
    for (int l = 0; l < TILE_LANES; l++) totals[k][l] += ((scalar *)&partial[k])[l];
    partial[k] = Tile{};
  }
}

// Kahan: c collects what the addition to s rounds away.
INLINE void addCompensated(Tile &s, Tile &c, Tile value) {
  const Tile corrected = value - c, sum = s + corrected;
  c = (sum - s) - corrected;
  s = sum;
}

// The totals of the first `count` lanes, as [lane][dim].
INLINE void storeTotals(double *out, int dim, int64 count, double (*totals)[TILE_LANES]) {
  for (int l = 0; l < TILE_LANES && l < count; l++)
    for (int k = 0; k < dim; k++) out[l * dim + k] = totals[k][l];
}
