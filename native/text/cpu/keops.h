// Prelude of every generated routine of the processor: the functions of the code dialect over vectors of lanes. No
// header is included, so that a routine compiles in well under 0.1 s. The routine defines KEOPS_DOUBLE (dtype) and
// KEOPS_TILE (vectors per tile) in front of it. powers.h, tile.h and lanes.h follow this text always, exponentials.h and
// angles.h where they are called. keopscuda.h is the same for GPUs.
//
// real  one vector of lanes; what is the same for all lanes is a splat          mask  one truth value per lane

#define INLINE static inline __attribute__((always_inline))
#define INLINE_MEMBER inline __attribute__((always_inline))
#define MEMBER // of a function that is inlined or not as the compiler likes
#define UNROLLED _Pragma("GCC unroll 16")
#define PER_COMPONENT UNROLLED

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
typedef mask index; // an integer per lane

// Minus zero, not plus: a - 0 is a for all a, so that compilers drop it; 0 + a would make 0 of -0.
INLINE real splat(scalar a) { return a - real{}; }
INLINE real operator""_r(long double a) { return splat((scalar)a); }
// Asks the memory for what will be read soon. Nothing is read here, so the address may lie past the end of an array.
INLINE void prefetch(const scalar *at) { __builtin_prefetch(at); }

// ---- one vector ------------------------------------------------------------------------------------------------------------

INLINE scalar lane(real a, int l) { return a[l]; }
INLINE mask bits(real a) { return (mask)a; }
INLINE mask lt(real a, real b) { return a < b; }
INLINE mask le(real a, real b) { return a <= b; }
INLINE mask eq(real a, real b) { return a == b; }
INLINE mask ne(real a, real b) { return a != b; }
INLINE real select(mask m, real a, real b) { return m ? a : b; }
INLINE real asReal(mask m) { return (real)(m & bits(splat(1))); }
INLINE mask signBit(real a) { return bits(a) & bits(splat(-(scalar)0)); }
INLINE real abs(real a) { return (real)(bits(a) & ~bits(splat(-(scalar)0))); }
INLINE real copySign(real size, real sign) { return (real)(bits(abs(size)) | signBit(sign)); }
INLINE real infinity() { return splat((scalar)__builtin_inff()); }
INLINE real nan() { return splat((scalar)__builtin_nanf("")); }

#if KEOPS_DOUBLE
#define KEOPS_ASM(name) name "pd"
#else
#define KEOPS_ASM(name) name "ps"
#endif
#if defined(__AVX__)
#define KEOPS_VEX "v"
#else
#define KEOPS_VEX ""
#endif

// The lanes that hold, as bits; whether any does.
#if defined(__AVX512DQ__)
INLINE int lanesWhere(mask m) {
  int lanes;
#if KEOPS_DOUBLE
  asm("vpmovq2m %1,%%k1\n\tkmovb %%k1,%0" : "=r"(lanes) : "v"(m) : "k1");
#else
  asm("vpmovd2m %1,%%k1\n\tkmovw %%k1,%0" : "=r"(lanes) : "v"(m) : "k1");
#endif
  return lanes;
}
INLINE bool any(mask m) { return lanesWhere(m); }
#elif defined(__SSE2__)
INLINE int lanesWhere(mask m) { int lanes; asm(KEOPS_ASM(KEOPS_VEX "movmsk") " %1,%0" : "=r"(lanes) : "x"(m)); return lanes; }
INLINE bool any(mask m) { return lanesWhere(m); }
#elif defined(__wasm_simd128__)
#if KEOPS_DOUBLE
#define KEOPS_WASM(name) __builtin_wasm_##name##_f64x2
INLINE int lanesWhere(mask m) { return __builtin_wasm_bitmask_i64x2(m); }
#else
#define KEOPS_WASM(name) __builtin_wasm_##name##_f32x4
INLINE int lanesWhere(mask m) { return __builtin_wasm_bitmask_i32x4(m); }
#endif
INLINE bool any(mask m) { return __builtin_wasm_any_true_v128(m); }
#else
INLINE int lanesWhere(mask m) {
  int lanes = 0;
  for (int l = 0; l < LANES; l++) lanes |= (m[l] & 1) << l;
  return lanes;
}
INLINE bool any(mask m) {
  integer lanes = 0;
  for (int l = 0; l < LANES; l++) lanes |= m[l];
  return lanes;
}
#endif

// Coefficients from which a polynomial is taken in halves: more of what a loop has to do hides behind wider vectors. And its
// last steps, which are Horner's, more where products are rounded.
constexpr int IN_HALVES = VECTOR_BYTES == 64 ? 14 : 7, LAST_STEPS = VECTOR_BYTES == 16 ? 2 : 1;
// c[0] x^(N-1) + … + c[N-1]. Each step of Horner's rule waits for the one before; so long polynomials are two by x^2, for
// even and odd powers, but for the last steps, whose roundings are all that shows.
template <int N> INLINE real polynomial(real x, const scalar (&c)[N]) {
  real first = splat(c[0]);
  if constexpr (N < IN_HALVES) {
    UNROLLED for (int n = 1; n < N; n++) first = first * x + c[n];
    return first;
  } else {
    constexpr int HALVED = N - LAST_STEPS;
    const real square = x * x;
    real second = splat(c[1]);
    UNROLLED for (int n = 2; n < HALVED; n += 2) first = first * square + c[n];
    UNROLLED for (int n = 3; n < HALVED; n += 2) second = second * square + c[n];
    real p = HALVED % 2 == 0 ? first * x + second : second * x + first;
    UNROLLED for (int n = HALVED; n < N; n++) p = p * x + c[n];
    return p;
  }
}

// a b + c, rounded once; without such an instruction, as exact as two roundings of short products allow (Dekker 1971).
#if defined(__FMA__)
INLINE real fusedMultiplyAdd(real a, real b, real c) {
  asm(KEOPS_ASM("vfmadd213") " %2,%1,%0" : "+v"(a) : "v"(b), "v"(c));
  return a;
}
#elif defined(__ARM_FEATURE_FMA)
INLINE real fusedMultiplyAdd(real a, real b, real c) {
  for (int l = 0; l < LANES; l++) a[l] = KEOPS_DOUBLE ? __builtin_fma(a[l], b[l], c[l]) : __builtin_fmaf(a[l], b[l], c[l]);
  return a;
}
#else
INLINE real upperHalf(real a) {
  const real t = a * (KEOPS_DOUBLE ? 134217729.0f : 4097.0f);
  return t - (t - a);
}
INLINE real fusedMultiplyAdd(real a, real b, real c) {
  const real p = a * b, ah = upperHalf(a), bh = upperHalf(b), al = a - ah, bl = b - bh;
  const real rest = ((ah * bh - p) + ah * bl + al * bh) + al * bl;
  return (p + c) + rest;
}
#endif

// The larger and the smaller; the second operand where either is NaN. Compilers turn `a > b ? a : b` into two
// instructions.
#if defined(__AVX512DQ__)
INLINE real larger(real a, real b) { real r; asm(KEOPS_ASM("vmax") " %2,%1,%0" : "=v"(r) : "v"(a), "vm"(b)); return r; }
INLINE real smaller(real a, real b) { real r; asm(KEOPS_ASM("vmin") " %2,%1,%0" : "=v"(r) : "v"(a), "vm"(b)); return r; }
#if !KEOPS_DOUBLE
INLINE real sqrt(real a) { real r; asm(KEOPS_ASM("vsqrt") " %1,%0" : "=v"(r) : "v"(a)); return r; }
#endif
// What a exceeds the next lower multiple of 1/16 by, 0 for infinities; p * 2^k, k rounded down, with gradual under- and
// overflow.
INLINE real aboveGrid(real a) { real r; asm(KEOPS_ASM("vreduce") " $0x49,%1,%0" : "=v"(r) : "v"(a)); return r; }
INLINE real scaleByPower(real p, real k) { real r; asm(KEOPS_ASM("vscalef") " %2,%1,%0" : "=v"(r) : "v"(p), "v"(k)); return r; }
#else
#if defined(__AVX__)
INLINE real larger(real a, real b) { real r; asm(KEOPS_ASM("vmax") " %2,%1,%0" : "=x"(r) : "x"(a), "xm"(b)); return r; }
INLINE real smaller(real a, real b) { real r; asm(KEOPS_ASM("vmin") " %2,%1,%0" : "=x"(r) : "x"(a), "xm"(b)); return r; }
#elif defined(__SSE2__)
INLINE real larger(real a, real b) { asm(KEOPS_ASM("max") " %1,%0" : "+x"(a) : "x"(b)); return a; }
INLINE real smaller(real a, real b) { asm(KEOPS_ASM("min") " %1,%0" : "+x"(a) : "x"(b)); return a; }
#elif defined(__wasm_simd128__)
INLINE real larger(real a, real b) { return KEOPS_WASM(pmax)(b, a); }
INLINE real smaller(real a, real b) { return KEOPS_WASM(pmin)(b, a); }
#else
INLINE real larger(real a, real b) { return a > b ? a : b; }
INLINE real smaller(real a, real b) { return a < b ? a : b; }
#endif
#if defined(__wasm_simd128__)
INLINE real sqrt(real a) { return KEOPS_WASM(sqrt)(a); }
#else
INLINE real sqrt(real a) {
  for (int l = 0; l < LANES; l++) a[l] = KEOPS_DOUBLE ? __builtin_sqrt(a[l]) : __builtin_sqrtf(a[l]);
  return a;
}
#endif
#endif

// Reciprocals: the 14-bit estimate and a Newton step, in double two; less than half the time of a division. At 0 and
// infinity the correction is 0 * infinity; `smaller` turns that NaN into a small number, which changes neither 0 nor
// infinity.
#if defined(__AVX512DQ__)
INLINE real inverse(real a) {
  real r;
  asm(KEOPS_ASM("vrcp14") " %1,%0" : "=v"(r) : "v"(a));
  for (int step = 0; step <= KEOPS_DOUBLE; step++) r = r + r * smaller(1 - a * r, splat(1e-3f));
  return r;
}
// 1 / sqrt(a), 0 at 0; 0 also at infinity, by the same turn.
INLINE real rsqrt0(real a) {
  real r;
  asm(KEOPS_ASM("vrsqrt14") " %1,%0" : "=v"(r) : "v"(a));
  for (int step = 0; step <= KEOPS_DOUBLE; step++) r = r + r * (0.5f * smaller(1 - (a * r) * r, splat(1e-3f)));
  return select(eq(a, real{}), real{}, r);
}
#if KEOPS_DOUBLE
// a / sqrt(a), corrected once: two thirds of the time of the instruction, which in float is the faster one.
INLINE real sqrt(real a) {
  real r;
  asm(KEOPS_ASM("vrsqrt14") " %1,%0" : "=v"(r) : "v"(a));
  r = r + r * (0.5f * (1 - (a * r) * r));
  const real root = a * r, corrected = root + (0.5f * r) * (a - root * root);
  return select(eq(a, real{}) | eq(a, infinity()), a, corrected);
}
#endif
#else
INLINE real inverse(real a) { return 1 / a; }
INLINE real rsqrt0(real a) { return select(eq(a, real{}), real{}, 1 / sqrt(a)); }
#endif
