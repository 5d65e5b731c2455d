// Powers of two, exponentials and logarithms of one vector, and the rounding to integers that they are made with; keops.h
// stands in front.

// 2^f for f in [-1/2, 1/2]: minimax in the relative error, constant term exactly 1 (own fits: 2.6e-9 in float, 1.8e-17
// in double).
INLINE real powerOfFraction(real f) {
#if KEOPS_DOUBLE
  return polynomial(f, {4.0780687182160308786e-10, 7.0725711496806364561e-9, 1.0180647786609239159e-7, 1.3215442671639067408e-6,
                        1.5252727384613258912e-5, 1.5403530441578185621e-4, 1.3333558153440884438e-3, 9.6181291076069987912e-3,
                        5.5504108664790389192e-2, 2.4022650695910098012e-1, 6.9314718055994569683e-1, 1});
#else
  return polynomial(f, {1.55946857e-4, 1.34066470e-3, 9.61769294e-3, 5.55031054e-2, 2.40226528e-1, 6.93147215e-1, 1});
#endif
}

// Adding and subtracting ROUNDER rounds to the nearest integer, which then stands in the low bits of the sum.
#if KEOPS_DOUBLE
constexpr scalar ROUNDER = 6755399441055744.0, LEAST_POWER = -1023, LARGEST_POWER = 1024;
constexpr scalar LOG2E_HIGH = 1.4426950408889634074, LOG2E_LOW = 2.0355273740931033e-17, LARGEST_EXP = 750;
constexpr scalar LOG2_HIGH = 0.69314718036912381649, LOG2_LOW = 1.9082149292705877e-10;
constexpr integer MANTISSA_BITS = 52;
#else
constexpr scalar ROUNDER = 12582912.0f, LEAST_POWER = -127, LARGEST_POWER = 128;
constexpr scalar LOG2E_HIGH = 1.44269502f, LOG2E_LOW = 1.92596303e-8f, LARGEST_EXP = 105;
constexpr scalar LOG2_HIGH = 0.693359375f, LOG2_LOW = -2.12194440e-4f; // few digits, so that k LOG2_HIGH is exact
constexpr integer MANTISSA_BITS = 23;
#endif

INLINE real nearest(real a) { return (a + ROUNDER) - ROUNDER; }
#if defined(__AVX512DQ__)
// 2^a for a = n / 16 + r, 0 <= r <= 1/16: 2^(n / 16) from a table, and a polynomial that is shorter by as much as r is
// smaller (own fits: 2.2e-9 in float, 7.6e-18 in double). Products are what a step has most of; this takes the fewest
// of them. n stands in the low bits of a + ROUNDER / 16, rounded down.
INLINE real onGrid(real a) {
  real r;
  asm(KEOPS_ASM("vadd") " %{rd-sae%},%2,%1,%0" : "=v"(r) : "v"(a), "v"(splat(ROUNDER / 16)));
  return r;
}
INLINE real rootOfTwo(mask n) {
#if KEOPS_DOUBLE
  const real low = {1, 1.0442737824274138403, 1.0905077326652576592, 1.1387886347566916537, 1.1892071150027210667,
                    1.2418578120734840486, 1.2968395546510096659, 1.3542555469368927283};
  const real high = {1.4142135623730950488, 1.4768261459394993114, 1.5422108254079408236, 1.6104903319492543082,
                     1.6817928305074290861, 1.7562521603732994831, 1.8340080864093424635, 1.9152065613971472939};
  asm("vpermi2pd %2,%1,%0" : "+v"(n) : "v"(low), "v"(high));
  return (real)n;
#else
  const real roots = {1, 1.04427378f, 1.09050773f, 1.13878863f, 1.18920712f, 1.24185781f, 1.29683955f, 1.35425555f,
                      1.41421356f, 1.47682615f, 1.54221083f, 1.61049033f, 1.68179283f, 1.75625216f, 1.83400809f, 1.91520656f};
  real r;
  asm("vpermps %2,%1,%0" : "=v"(r) : "v"(n), "v"(roots));
  return r;
#endif
}
INLINE real exp2(real a) {
  const real r = aboveGrid(a), root = rootOfTwo(bits(onGrid(a)));
#if KEOPS_DOUBLE
  const real p = polynomial(r, {1.57362828545584285e-4, 1.33307422452248466e-3, 9.61814080308609423e-3, 5.5504108419541986e-2,
                                2.40226506961463259e-1, 6.93147180559937741e-1});
#else
  const real p = polynomial(r, {5.66698994e-2, 2.40184242e-1, 6.93147615e-1});
#endif
  return scaleByPower(root + root * (r * p), a);
}
INLINE real floor(real a) { real r; asm(KEOPS_ASM("vrndscale") " $9,%1,%0" : "=v"(r) : "v"(a)); return r; }
#else
// The clamps keep NaN; 2^LEAST_POWER comes out as 0 and 2^LARGEST_POWER as infinity.
#if defined(__AVX2__) && !KEOPS_DOUBLE
// 2^a for a = n / 8 + r, 0 <= r <= 1/8: 2^(n / 8) from a table, of which what the shifted n adds to the exponent has
// been taken, and a short polynomial (own fit: 2.2e-8). n is rounded down, so that no power that is finite comes from
// one that is not.
INLINE real exp2(real a) {
  a = smaller(splat(LARGEST_POWER), larger(splat(LEAST_POWER), a));
  const real rounded = (a - 0.0625f) + ROUNDER / 8, r = a - (rounded - ROUNDER / 8);
  const mask roots = {1065353216, 1065063874, 1064843248, 1064697559, 1064633587, 1064658730, 1064781053, 1065009351};
  mask root;
  asm("vpermd %2,%1,%0" : "=x"(root) : "x"(bits(rounded)), "x"(roots));
  return (real)(root + (bits(rounded) << 20)) * polynomial(r, {0.057858124f, 0.24005571f, 0.6931507f, 1});
}
#else
INLINE real exp2(real a) {
  a = smaller(splat(LARGEST_POWER), larger(splat(LEAST_POWER), a));
  const real rounded = a + ROUNDER, p = powerOfFraction(a - (rounded - ROUNDER));
  return (real)(bits(p) + (bits(rounded) << MANTISSA_BITS));
}
#endif
// In two steps, so that neither power leaves the range of the dtype before the product does.
INLINE real power(real k) { return (real)(bits(k + (ROUNDER + LARGEST_POWER - 1)) << MANTISSA_BITS); }
INLINE real scaleByPower(real p, real k) {
  k = smaller(splat(2 * (LARGEST_POWER - 1)), larger(splat(2 * LEAST_POWER), k));
  const real half = nearest(0.5f * k);
  return p * power(half) * power(k - half);
}
INLINE real floor(real a) {
  const real r = nearest(a), below = r - asReal(lt(a, r));
  return select(lt(abs(a), splat(ROUNDER / 3)), below, a);
}
#endif
INLINE real roundHalfAway(real a) {
  const real size = abs(a), below = floor(size);
  return copySign(below + asReal(le(splat(0.5f), size - below)), a);
}

// 2^shift e^a. What the product with log2(e) rounds away is kept, by one rounding for a product and a sum or by a
// constant in two parts.
INLINE real shiftedExp(real a, scalar shift) {
  a = smaller(splat(LARGEST_EXP), larger(splat(-LARGEST_EXP), a));
  const real k = nearest(a * LOG2E_HIGH);
#if defined(__FMA__)
  const real f = a * LOG2E_LOW + fusedMultiplyAdd(a, splat(LOG2E_HIGH), -k);
#else
  const real f = ((a - k * LOG2_HIGH) - k * LOG2_LOW) * LOG2E_HIGH;
#endif
  return scaleByPower(powerOfFraction(f), k + shift);
}
INLINE real exp(real a) { return shiftedExp(a, 0); }

// Positive a as 2^k (1 + r), 1 + r in [sqrt(1/2), sqrt(2)).
#if KEOPS_DOUBLE
INLINE mask exponentOf(real a) { return (bits(a) - 0x3fe6a09e667f3bcdL) >> MANTISSA_BITS; }
// By way of ROUNDER: there is no conversion from 64-bit integers below AVX-512.
INLINE real realOf(mask e) { return (real)(e + bits(splat(ROUNDER))) - ROUNDER; }
#else
INLINE mask exponentOf(real a) { return (bits(a) - 0x3f3504f3) >> MANTISSA_BITS; }
INLINE real realOf(mask e) { return __builtin_convertvector(e, real); }
#endif
INLINE real withoutPower(real a, mask e) { return (real)(bits(a) - (e << MANTISSA_BITS)); }

// log(2^k (1 + r)): own fits of the remainder, 0.85 ulp.
INLINE real logOfParts(real r, real k) {
#if KEOPS_DOUBLE
  const real s = r / (2 + r), z = s * s, h = 0.5 * r * r;
  const real q = polynomial(z, {0.14795949610683433541, 0.15314050562241346883, 0.18183564325667640796, 0.22222198573194616454,
                                0.28571428742387506062, 0.39999999999414679003, 0.66666666666667344121});
  return k * LOG2_HIGH - ((h - (s * (h + z * q) + k * LOG2_LOW)) - r);
#else
  const real q = r * r, p = polynomial(r, {-0.0763450981, 0.127615786, -0.131601776, 0.142017574, -0.166233578, 0.200012269,
                                           -0.250008210, 0.333333317});
  return (r + ((p * (q * r) + k * LOG2_LOW) - 0.5f * q)) + k * LOG2_HIGH;
#endif
}
// The logarithm where a is no positive number.
INLINE real logOfSpecial(real a) { return select(eq(a, real{}), -infinity(), select(lt(real{}, a), a, nan())); }
INLINE mask isPositive(real a) { return lt(real{}, a) & lt(a, infinity()); }
INLINE real log(real a) {
  const mask e = exponentOf(a);
  return select(isPositive(a), logOfParts(withoutPower(a, e) - 1, realOf(e)), logOfSpecial(a));
}
