// Prelude of routines for NVIDIA GPUs: what keops.h and lanes.h are for the processor. A lane is one row of a thread,
// which has KEOPS_TILE of them, THREADS apart, so that neighbouring threads read neighbouring memory. tile.h follows,
// then the reducers: the same text as on the processor. NVRTC and nvcc know the names that begin with __ and ::; no
// header is included. Denormals are flushed to zero (--ftz=true), as on the processor; nothing else of fast-math.
// Errors of NVIDIA's functions are at most 4 ulp.

typedef int int32;
typedef long long int64;

namespace keops {

#define INLINE static __device__ __forceinline__
#define INLINE_MEMBER __device__ __forceinline__
#define MEMBER __device__
#define UNROLLED _Pragma("unroll")
#if KEOPS_IN_MEMORY
// Rows have more than registers hold: there are loops over components, and long functions are called.
#define PER_COMPONENT _Pragma("unroll 16")
#define OUTLINED __noinline__
#else
#define PER_COMPONENT _Pragma("unroll")
#define OUTLINED
#endif

#if KEOPS_DOUBLE
typedef double scalar;
typedef int64 integer;
#define BY_DTYPE(single, full) full
#else
typedef float scalar;
typedef int32 integer;
#define BY_DTYPE(single, full) single
#endif
typedef scalar real;
typedef bool mask;
typedef integer index;
enum { LANES = 1, TILE = KEOPS_TILE, TILE_LANES = TILE, THREADS = KEOPS_THREADS };

INLINE real splat(scalar a) { return a; }
INLINE constexpr real operator""_r(long double a) { return (scalar)a; }
INLINE scalar lane(real a, int) { return a; }

INLINE mask lt(real a, real b) { return a < b; }
INLINE mask le(real a, real b) { return a <= b; }
INLINE mask eq(real a, real b) { return a == b; }
INLINE mask ne(real a, real b) { return a != b; }
INLINE real select(mask m, real a, real b) { return m ? a : b; }
INLINE real asReal(mask m) { return m ? scalar(1) : scalar(0); }
INLINE bool any(mask m) { return m; }
INLINE real infinity() { return BY_DTYPE(__int_as_float(0x7f800000), __longlong_as_double(0x7ff0000000000000)); }
// The second operand where either is NaN.
INLINE real larger(real a, real b) { return a > b ? a : b; }
INLINE real smaller(real a, real b) { return a < b ? a : b; }

#define FROM_CUDA(name, single, full) INLINE real name(real a) { return BY_DTYPE(::single, ::full)(a); }
FROM_CUDA(abs, fabsf, fabs)
FROM_CUDA(sqrt, sqrtf, sqrt)
FROM_CUDA(exp, expf, exp)
FROM_CUDA(log, logf, log)
FROM_CUDA(floor, floorf, floor)
FROM_CUDA(roundHalfAway, roundf, round)
FROM_CUDA(expm1, expm1f, expm1)
FROM_CUDA(log1p, log1pf, log1p)
FROM_CUDA(sinh, sinhf, sinh)
FROM_CUDA(cosh, coshf, cosh)
FROM_CUDA(tanh, tanhf, tanh)
FROM_CUDA(erf, erff, erf)
FROM_CUDA(erfc, erfcf, erfc)
FROM_CUDA(log2, log2f, log2)
FROM_CUDA(log10, log10f, log10)
FROM_CUDA(cbrt, cbrtf, cbrt)
FROM_CUDA(asinh, asinhf, asinh)
FROM_CUDA(acosh, acoshf, acosh)
FROM_CUDA(atanh, atanhf, atanh)
FROM_CUDA(sin, sinf, sin)
FROM_CUDA(cos, cosf, cos)
FROM_CUDA(tan, tanf, tan)
FROM_CUDA(asin, asinf, asin)
FROM_CUDA(acos, acosf, acos)
FROM_CUDA(atan, atanf, atan)
INLINE real pow(real a, real b) { return BY_DTYPE(::powf, ::pow)(a, b); }
INLINE real atan2(real a, real b) { return BY_DTYPE(::atan2f, ::atan2)(a, b); }
INLINE real inverse(real a) { return 1 / a; }
INLINE real rsqrt0(real a) { return a == 0 ? scalar(0) : BY_DTYPE(::rsqrtf, ::rsqrt)(a); }
#if KEOPS_DOUBLE
INLINE real exp2(real a) { return ::exp2(a); }
#else
// One instruction, 2 ulp; exp2f adds three to it for results below the normal range, which are flushed here.
INLINE real exp2(real a) {
  real r;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(a));
  return r;
}
#endif
// c[0] x^(N-1) + … + c[N-1], by Horner's rule.
template <int N> INLINE real polynomial(real x, const scalar (&c)[N]) {
  real p = c[0];
  UNROLLED for (int n = 1; n < N; n++) p = p * x + c[n];
  return p;
}
INLINE real logAddExp(real a, real b) {
  return a == b ? a + scalar(0.69314718055994531) : larger(a, b) + log1p(exp(-abs(a - b)));
}
INLINE real expShare(real a, real b) { return a == b && a - b != 0 ? scalar(0) : 1 / (1 + exp(b - a)); }
