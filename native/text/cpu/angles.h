// Circular functions of the code dialect and their inverses: part of the prelude where a routine calls one of them;
// keops.h stands in front. Polynomials are own minimax fits; errors are those that test/functions.test.ts holds them
// to.

// ---- from an angle to its distance from a multiple of pi/2 -----------------------------------------------------------------------

// angle = quadrant pi/2 + rest, |rest| <= pi/4; the low two bits of quadrant count.
struct Reduced { real rest; mask quadrant; };

// 2/pi in binary, behind 64 zeros.
static const unsigned long long TWO_OVER_PI[] = {
  0, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0, 0x06492eea09d1921c,
  0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f,
  0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d, 0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08,
  0x56033046fc7b6bab};

#if defined(__x86_64__)
typedef long double extended;
#else
typedef double extended; // where long double is computed by functions that are not linked
#endif
// Payne and Hanek (1983): of the product with 2/pi only the bits that matter, 192 of them; exact for every finite
// angle.
static __attribute__((noinline, cold)) double reduceLargeAngle(double angle, int64 *quadrant) {
  typedef unsigned long long word;
  typedef unsigned __int128 twoWords;
  union { double value; word bits; } parts = {angle};
  const int exponent = int(parts.bits >> 52 & 2047) - 1075;
  if (exponent == 2047 - 1075) return angle - angle;
  const word mantissa = (parts.bits & 0xfffffffffffff) | 0x10000000000000;
  const int first = exponent + 62, shift = first & 63;
  const word *w = TWO_OVER_PI + (first >> 6);
  const auto bitsFrom = [&](int n) { return shift ? w[n] << shift | w[n + 1] >> (64 - shift) : w[n]; };
  const twoWords middle = (twoWords)mantissa * bitsFrom(1) + ((twoWords)mantissa * bitsFrom(2) >> 64);
  const word high = mantissa * bitsFrom(0) + (word)(middle >> 64), low = (word)middle;
  const int64 fractionHigh = int64(high << 2 | low >> 62);
  const int64 turns = int64(high >> 62) + (fractionHigh < 0);
  const extended fraction = (extended)fractionHigh * 0x1p-64 + (extended)(low << 2) * 0x1p-128;
  const bool isNegative = parts.bits >> 63;
  *quadrant = isNegative ? -turns : turns;
  return double(fraction * (isNegative ? -1.57079632679489661923L : 1.57079632679489661923L));
}

static __attribute__((noinline, cold)) void reduceLargeAngles(const real *angles, Reduced *reduced, scalar limit) {
  for (int l = 0; l < LANES; l++) {
    const double angle = (*angles)[l];
    int64 quadrant = 0;
    if (__builtin_fabs(angle) <= limit) continue;
    reduced->rest[l] = (scalar)reduceLargeAngle(angle, &quadrant);
    reduced->quadrant[l] = (integer)quadrant;
  }
}

// a - k part, rounded once: without such an instruction the product must be exact.
INLINE real minusProduct(real a, real k, scalar part) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return fusedMultiplyAdd(-k, splat(part), a);
#else
  return a - k * part;
#endif
}

// Up to 1e5 by pi/2 in parts so short that quadrant times part is exact (Cody and Waite 1980), beyond lane by lane.
INLINE Reduced reduced(real a) {
#if KEOPS_DOUBLE
  constexpr scalar parts[] = {1.5707963267923333, 2.5633441515839558e-12, 1.0562999066987428e-23};
#elif defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  constexpr scalar parts[] = {1.57079637, -4.37113883e-8, -1.71512451e-15};
#else
  constexpr scalar parts[] = {1.5703125, 4.82559204e-4, 1.2665987e-6, 9.89530236e-10, 2.56334407e-12};
#endif
  constexpr scalar limit = 1e5f;
  const real rounded = a * (scalar)0.63661977236758134 + ROUNDER, k = rounded - ROUNDER;
  Reduced result = {a, bits(rounded)};
  for (const scalar part : parts) result.rest = minusProduct(result.rest, k, part);
  if (__builtin_expect(any(~le(abs(a), splat(limit))), 0)) reduceLargeAngles(&a, &result, limit);
  return result;
}

// ---- sine, cosine, tangent -----------------------------------------------------------------------------------------------------

// Between -pi/4 and pi/4.
INLINE real sineOfRest(real r, real z) {
#if KEOPS_DOUBLE
  const real p = polynomial(z, {1.589297776290118e-10, -2.5050692826371833e-8, 2.7557313278822724e-6, -1.9841269828628678e-4,
                                8.333333333320956e-3, -1.6666666666666627e-1});
#else
  const real p = polynomial(z, {2.71736735e-6, -1.98392328e-4, 8.33332911e-3, -1.66666672e-1});
#endif
  return r + r * (z * p);
}
INLINE real cosineOfRest(real z) {
#if KEOPS_DOUBLE
  const real p = polynomial(z, {-1.1356267076447121e-11, 2.0875657604875293e-9, -2.7557313866024903e-7, 2.480158728778575e-5,
                                -1.3888888888871382e-3, 4.1666666666666581e-2});
#else
  const real p = polynomial(z, {2.4425759e-5, -1.38872524e-3, 4.16666456e-2});
#endif
  const real half = 0.5f * z, head = 1 - half;
  return head + (((1 - head) - half) + z * z * p);
}

INLINE mask isOddQuadrant(mask quadrant) { return -(quadrant & 1); }
INLINE real sineIn(mask quadrant, real r) {
  const real z = r * r, value = select(isOddQuadrant(quadrant), cosineOfRest(z), sineOfRest(r, z));
  return (real)(bits(value) ^ (bits(splat(-(scalar)0)) & -(quadrant >> 1 & 1)));
}
INLINE real sin(real a) {
  const Reduced angle = reduced(a);
  return sineIn(angle.quadrant, angle.rest);
}
INLINE real cos(real a) {
  const Reduced angle = reduced(a);
  return sineIn(angle.quadrant + 1, angle.rest);
}

INLINE real tan(real a) {
  const Reduced angle = reduced(a);
  const real r = angle.rest, z = r * r;
#if KEOPS_DOUBLE
  const real p = polynomial(z, {2.1848082425887511e-5, -4.8998465217013391e-5, 9.7138795662123106e-5, -3.4806825101481766e-5,
                                1.4254198114614728e-4, 2.1943713491668609e-4, 5.9607086698349311e-4, 1.4545167510247139e-3,
                                3.5923291471097979e-3, 8.863214681458181e-3, 2.186948993025627e-2, 5.3968253913135512e-2,
                                1.3333333333443223e-1, 3.3333333333332565e-1});
#else
  const real p = polynomial(z, {4.48554615e-3, -1.27812542e-4, 1.10037075e-2, 2.12188978e-2, 5.4071866e-2, 1.33325607e-1,
                                3.33333522e-1});
#endif
  // The reciprocal with what the sum has lost, and one Newton step.
  const real correction = r * (z * p), t = r + correction, lost = correction - (t - r), inverseOfT = splat(-1) / t;
  const real rest = fusedMultiplyAdd(inverseOfT, t, splat(1)) + inverseOfT * lost;
  return select(isOddQuadrant(angle.quadrant), inverseOfT + inverseOfT * rest, t);
}

// ---- inverse functions -----------------------------------------------------------------------------------------------------------

// a multiple of pi/4, in two parts.
#if KEOPS_DOUBLE
constexpr scalar HALF_PI = 1.5707963267948966, HALF_PI_LOW = 6.123233995736766e-17;
#else
constexpr scalar HALF_PI = 1.57079637f, HALF_PI_LOW = -4.37113883e-8f;
#endif

// asin(a) - a for |a| <= 1/2, z = a a.
INLINE real arcsineRest(real a, real z) {
#if KEOPS_DOUBLE
  const real p = polynomial(z, {3.190432611895451e-2, -1.6211843144555409e-2, 1.9519826120671841e-2, 6.531252651761776e-3,
                                1.2168410130869625e-2, 1.3885363844047347e-2, 1.7359691188496586e-2, 2.2371758982788752e-2,
                                3.0381959097115323e-2, 4.4642856829304745e-2, 7.500000000335845e-2, 1.6666666666665414e-1});
#else
  const real p = polynomial(z, {4.21650261e-2, 2.4180565e-2, 4.54700924e-2, 7.49530047e-2, 1.66667521e-1});
#endif
  return a * (z * p);
}

// Beyond 1/2 by asin(a) = pi/2 - 2 asin(sqrt((1 - a) / 2)).
INLINE real asin(real a) {
  const real size = abs(a);
  const mask isFar = lt(splat(0.5f), size);
  const real z = select(isFar, 0.5f * (1 - size), a * a), s = select(isFar, sqrt(z), size), rest = arcsineRest(s, z);
  const real far = HALF_PI - (2 * s - (HALF_PI_LOW - 2 * rest));
  return copySign(select(isFar, far, s + rest), a);
}
INLINE real acos(real a) {
  const real size = abs(a);
  const mask isFar = lt(splat(0.5f), size);
  const real z = select(isFar, 0.5f * (1 - size), a * a), s = select(isFar, sqrt(z), a), rest = arcsineRest(s, z);
  const real near = HALF_PI - (s - (HALF_PI_LOW - rest)), far = 2 * (s + rest);
  const real opposite = 2 * HALF_PI - (far - 2 * HALF_PI_LOW);
  return select(isFar, select(lt(a, real{}), opposite, far), near);
}

// The angle of the point (x, y), with the signs of zeros and the infinities of C's atan2.
INLINE real atan2(real y, real x) {
  const real width = abs(x), height = abs(y);
  const mask isSteep = lt(width, height), isDiagonal = eq(width, height), isLeft = signBit(x) != mask{};
  const real ratio = select(isSteep, width, height) / select(isSteep, height, width);
  const real t = select(isDiagonal, asReal(ne(width, real{})), ratio), z = t * t;
#if KEOPS_DOUBLE
  const real p = polynomial(z, {1.3225023198212942e-5, -1.521604707395999e-4, 8.3132066938520132e-4, -2.884917104410772e-3,
                                7.1965047691583475e-3, -1.3900568813051881e-2, 2.1984870128110352e-2, -2.9903878805918591e-2,
                                3.6641928266663203e-2, -4.2191800464591617e-2, 4.7223227302151595e-2, -5.2535187345340024e-2,
                                5.8805278626569243e-2, -6.6664040669342423e-2, 7.6922798406013418e-2, -9.0909070031177236e-2,
                                1.1111111007034095e-1, -1.4285714282575404e-1, 1.9999999999951465e-1, -3.3333333333333071e-1});
#else
  const real p = polynomial(z, {-1.79499749e-3, 1.09215491e-2, -3.11923306e-2, 5.79737239e-2, -8.4044829e-2, 1.09525666e-1,
                                -1.42643183e-1, 1.99985549e-1, -3.33332986e-1});
#endif
  const real rest = t * (z * p);
  // From the nearest axis: t + rest, pi/2 - (t + rest), or pi minus either.
  const real turned = select(isSteep, HALF_PI - (t - (HALF_PI_LOW - rest)), t + rest);
  const real left = select(isSteep, HALF_PI + (t + (HALF_PI_LOW + rest)), 2 * HALF_PI - (t - (2 * HALF_PI_LOW - rest)));
  return copySign(select(isLeft, left, turned), y);
}
INLINE real atan(real a) { return atan2(a, splat(1)); }

TILE_BINARY(Tile, atan2, atan2(at(a, u), at(b, u)))
TILE_UNARY(sin)
TILE_UNARY(cos)
TILE_UNARY(tan)
TILE_UNARY(asin)
TILE_UNARY(acos)
TILE_UNARY(atan)
