// Functions of the code dialect that grow or saturate exponentially, and powers: part of the prelude where a routine
// calls one of them; keops.h stands in front. Polynomials are own minimax fits; errors are those that
// test/native/functions.test.ts holds them to.

// ---- numbers in two parts --------------------------------------------------------------------------------------------------

// An unevaluated sum: low is what rounding took from high.
struct Pair { real high, low; };
// The sum, where |a| >= |b| or a = 0.
INLINE Pair sumOf(real a, real b) {
  const real high = a + b;
  return {high, b - (high - a)};
}
INLINE Pair productOf(real a, real b) {
  const real high = a * b;
  return {high, fusedMultiplyAdd(a, b, -high)};
}
INLINE Pair productOf(Pair a, Pair b) {
  const Pair p = productOf(a.high, b.high);
  return {p.high, p.low + (a.high * b.low + a.low * b.high)};
}

// ---- powers ----------------------------------------------------------------------------------------------------------------

#if KEOPS_DOUBLE
constexpr scalar TWO_LOG2E[] = {2.8853900817779268, 4.0710547481862066e-17};
constexpr scalar TWO_THIRDS_LOG2E[] = {0.96179669392597555, 5.0577616648125907e-17};
#else
constexpr scalar TWO_LOG2E[] = {2.88539004f, 3.85192607e-8f};
constexpr scalar TWO_THIRDS_LOG2E[] = {0.961796701f, -7.02846181e-9f};
#endif
// log2(a) for positive a, to 2^-34 in float and 2^-64 in double: 2 log2(e) atanh(s), s = r / (2 + r), with the first
// two terms of the series in two parts.
INLINE Pair log2OfPositive(real a) {
  const mask e = exponentOf(a);
  const real r = withoutPower(a, e) - 1, k = realOf(e);
  const Pair d = sumOf(splat(2), r);
  const real inverseOfD = inverse(d.high), quotient = r * inverseOfD;
  const Pair s = {quotient, (fusedMultiplyAdd(-quotient, d.high, r) - quotient * d.low) * inverseOfD};
  const Pair z = productOf(s, s);
#if KEOPS_DOUBLE
  const real p = polynomial(z.high, {0.17300606883919706, 0.1684271482225535, 0.19240262654914933, 0.22195223301683958,
                                     0.2623081992715145, 0.32059889790704449, 0.4121985831113737, 0.57707801635558509});
#else
  const real p = polynomial(z.high, {0.28090018, 0.320059896, 0.41220504, 0.577077985});
#endif
  Pair t = sumOf(splat(TWO_THIRDS_LOG2E[0]), z.high * p);
  t.low += TWO_THIRDS_LOG2E[1];
  const Pair zt = productOf(z, t);
  Pair w = sumOf(splat(TWO_LOG2E[0]), zt.high);
  w.low += zt.low + TWO_LOG2E[1];
  const Pair fractional = productOf(s, w);
  const Pair sum = sumOf(k, fractional.high);
  return {sum.high, sum.low + fractional.low};
}

INLINE mask isInteger(real b) { return eq(floor(b), b); }
INLINE mask isOdd(real b) { return isInteger(b) & ~isInteger(0.5f * b); }

// a^b for a >= 0.
INLINE real powOfSize(real a, real b) {
  const Pair exact = log2OfPositive(a);
  const mask isUsual = isPositive(a);
  const real log2 = select(isUsual, exact.high, logOfSpecial(a)), y = b * log2;
  const mask isInRange = isUsual & lt(abs(y), splat(2 * LARGEST_POWER));
  const real low = select(isInRange, fusedMultiplyAdd(b, log2, -y) + b * exact.low, real{});
  const real clamped = smaller(splat(2 * LARGEST_POWER), larger(splat(-2 * LARGEST_POWER), y)), k = nearest(clamped);
  const real size = scaleByPower(powerOfFraction((clamped - k) + low), k);
  return select(eq(b, real{}) | eq(a, splat(1)), splat(1), size);
}

// a^b with the sign rules of C's pow: NaN for negative a unless b is an integer, 1 for b = 0.
INLINE real pow(real a, real b) {
  const real size = powOfSize(abs(a), b);
  const real signedSize = select(isOdd(b), copySign(size, a), size);
  return select(lt(a, real{}) & lt(-infinity(), a) & ~isInteger(b), nan(), signedSize);
}

INLINE real log2(real a) {
  const Pair exact = log2OfPositive(a);
  return select(isPositive(a), exact.high + exact.low, logOfSpecial(a));
}
#if KEOPS_DOUBLE
constexpr scalar LOG10_2[] = {0.30102999566398120, -2.8037281277851704e-18};
#else
constexpr scalar LOG10_2[] = {0.30103001f, -1.4320989e-8f};
#endif
INLINE real log10(real a) {
  const Pair exact = log2OfPositive(a), product = productOf(exact, {splat(LOG10_2[0]), splat(LOG10_2[1])});
  return select(isPositive(a), product.high + product.low, logOfSpecial(a));
}

// The root of 2^s times the mantissa, s = 0, 1 or 2, by way of logarithm and power, corrected by a Newton step.
INLINE real cbrt(real a) {
  const real size = abs(a);
  const mask e = exponentOf(size);
  const real k = realOf(e), thirds = floor(k * (scalar)0.33333334f), b = withoutPower(size, e) * exp2(k - 3 * thirds);
  const real r = exp2(log(b) * (scalar)0.48089834696298783), square = r * r;
  const real root = r - fusedMultiplyAdd(square, r, -b) / (3 * square);
  return select(isPositive(size), copySign(scaleByPower(root, thirds), a), a);
}

// ---- exponentials of small numbers, and logarithms near 1 ----------------------------------------------------------------------

// e^a - 1 = 2^k (e^r - 1 + (1 - 2^-k)), r = a - k log(2).
INLINE real expm1(real a) {
  a = smaller(splat(LARGEST_EXP), larger(splat(-40), a));
  const real k = nearest(a * LOG2E_HIGH), r = (a - k * LOG2_HIGH) - k * LOG2_LOW;
#if KEOPS_DOUBLE
  const real p = polynomial(r, {2.0878641216561111e-9, 2.510980387874972e-8, 2.7557390867865398e-7, 2.7557242355281082e-6,
                                2.4801587190572195e-5, 1.9841269887560078e-4, 1.3888888888947755e-3, 8.3333333333212647e-3,
                                4.1666666666666567e-2, 1.6666666666666677e-1});
#else
  const real p = polynomial(r, {1.98220951e-4, 1.39341038e-3, 8.33342597e-3, 4.16664742e-2, 1.66666657e-1});
#endif
  const real square = r * r, offset = 1 - scaleByPower(splat(1), -k);
  const real small = r + (0.5f * square + square * r * p);
  return select(eq(k, real{}), small, scaleByPower(small + offset, k));
}

// log(1 + a): the mantissa of 1 + a with the digits that the sum has lost.
INLINE real log1p(real a) {
  const real sum = 1 + a;
  const mask e = exponentOf(sum);
  const real scale = withoutPower(splat(1), e);
  const real r = select(lt(a, splat(1e20f)), a * scale + (scale - 1), withoutPower(sum, e) - 1);
  return select(isPositive(sum), logOfParts(r, realOf(e)), logOfSpecial(sum));
}

// ---- hyperbolic functions --------------------------------------------------------------------------------------------------

INLINE real cosh(real a) {
  const real half = shiftedExp(abs(a), -1);
  return half + splat(0.25f) / half;
}

INLINE real sinh(real a) {
  const real half = shiftedExp(abs(a), -1), z = a * a;
#if KEOPS_DOUBLE
  const real p = polynomial(z, {7.7587351283209354e-13, 1.605726034780054e-10, 2.5052123127373782e-8, 2.7557319157144231e-6,
                                1.9841269841431599e-4, 8.3333333333331476e-3, 1.6666666666666669e-1});
#else
  const real p = polynomial(z, {2.81695156e-6, 1.98361595e-4, 8.3333496e-3, 1.66666672e-1});
#endif
  return select(lt(abs(a), splat(1)), a + a * (z * p), copySign(half - splat(0.25f) / half, a));
}

INLINE real tanh(real a) {
  const real size = abs(a), z = a * a;
#if KEOPS_DOUBLE
  const real p = polynomial(z, {5.0715286066465083e-5, -2.0986375069385527e-4, 5.78871125713865e-4, -1.4531280010155884e-3,
                                3.5917019119098789e-3, -8.8631923173166077e-3, 2.1869485813122855e-2, -5.3968253869348885e-2,
                                1.3333333333155042e-1, -3.3333333333332216e-1});
#else
  const real p = polynomial(z, {-6.25367183e-3, 2.10579876e-2, -5.38492091e-2, 1.33325592e-1, -3.33333164e-1});
#endif
  const real far = 1 - splat(2) / (exp(2 * size) + 1);
  return select(lt(size, splat(0.55f)), a + a * (z * p), copySign(far, a));
}

// Inverse functions; what is so large that its square may overflow is log(2 a).
#if KEOPS_DOUBLE
constexpr scalar LARGE = 1.2e18;
#else
constexpr scalar LARGE = 1.1e9f;
#endif
INLINE real log1pOrLogOfTwice(real size, real a) {
  const mask isLarge = lt(splat(LARGE), size);
  return log1p(select(isLarge, size, a)) + select(isLarge, splat((scalar)0.69314718055994531), real{});
}
INLINE real asinh(real a) {
  const real size = abs(a), square = size * size;
  return copySign(log1pOrLogOfTwice(size, size + square / (1 + sqrt(1 + square))), a);
}
INLINE real acosh(real a) {
  const real above = a - 1;
  return log1pOrLogOfTwice(a, above + sqrt(above) * sqrt(above + 2));
}
INLINE real atanh(real a) {
  const real size = abs(a);
  return copySign(0.5f * log1p(2 * size / (1 - size)), a);
}

// ---- error function --------------------------------------------------------------------------------------------------------

// Up to 1 by its odd series, beyond by a fit of log2(1 - erf).
INLINE real erfNear0(real a) {
  const real z = a * a;
#if KEOPS_DOUBLE
  const real p = polynomial(z, {-7.779462971761596e-10, 1.3710988704190523e-8, -1.6206318752969208e-7, 1.6447132699786621e-6,
                                -1.4924712439534814e-5, 1.205529358693695e-4, -8.5483259297662443e-4, 5.223977606130842e-3,
                                -2.6866170643113415e-2, 1.12837916709442e-1, -3.7612638903183521e-1, 1.2837916709551256e-1});
#else
  const real p = polynomial(z, {7.85384982e-5, -8.01020244e-4, 5.18833054e-3, -2.68538147e-2, 1.12835854e-1, -3.7612626e-1,
                                1.28379166e-1});
#endif
  return a + a * p;
}
INLINE real erf(real a) {
  const real size = abs(a);
#if KEOPS_DOUBLE
  constexpr scalar farthest = 5.95;
#else
  constexpr scalar farthest = 4;
#endif
  const real far = smaller(splat(farthest), size);
#if KEOPS_DOUBLE
  const real log2OfRest = polynomial(far, {
    -7.109250651746544e-12, 2.9497952991786611e-10, -5.675147589377174e-9, 6.6965812387199471e-8, -5.3850291646018506e-7,
    3.0808203786209097e-6, -1.2502842793494734e-5, 3.292214746707623e-5, -2.9229647266453679e-5, -1.9485323084797565e-4,
    1.1118276571989293e-3, -2.7641500534005521e-3, 5.924357452143865e-4, 2.7397020145329715e-2, -1.4816973468866557e-1,
    -9.1848260780906132e-1, -1.6278997025882138, -7.2551255789739964e-7});
#else
  const real log2OfRest = polynomial(far, {-3.1302905e-5, 6.36908691e-4, -6.06693421e-3, 3.63708064e-2, -1.56419978e-1,
                                           -9.13538218e-1, -1.62963986, 2.71895871e-4});
#endif
  return select(le(size, splat(1)), erfNear0(a), copySign(1 - exp2(log2OfRest), a));
}

// Beyond 1/2, erfc(a) = e^(-a a) q / (1 + 2 a) with a fit of q in (a - 4) / (a + 4) (Shepherd and Laframboise 1981); what
// the square rounds away is kept.
INLINE real erfc(real a) {
#if KEOPS_DOUBLE
  constexpr scalar farthest = 27.3;
#else
  constexpr scalar farthest = 10.1f;
#endif
  const real size = smaller(splat(farthest), abs(a)), t = (size - 4) / (size + 4);
#if KEOPS_DOUBLE
  const real q = polynomial(t, {-1.017639969301906e-08, -1.2218349223745784e-08, 1.047296489185543e-07,
                                6.700519703929524e-08, -8.212731777331648e-07, 2.995838300672405e-07, 5.707670608471252e-06,
                                -1.1224750467006314e-05, -2.439853416253493e-05, 0.00015062250249303294,
                                -0.00019925684455395146, -0.0007577734504309577, 0.0050319699995391666,
                                -0.01619773403802658, 0.037167515535567665, -0.06633036581362432, 0.09373283499844519,
                                -0.1010390660362532, 0.06809705425469045, 0.015379652102619022, -0.1396211168405625,
                                1.2329951186255526});
#else
  const real q = polynomial(t, {0.000109510277, 0.00548863417, -0.0164827084, 0.0369351543, -0.0663059791, 0.0937699905,
                                -0.101038896, 0.0680948218, 0.0153796021, -0.13962108, 1.23299512});
#endif
  const real square = size * size, low = fusedMultiplyAdd(size, size, -square), share = q / (1 + 2 * size);
  const real upper = select(lt(splat(farthest - 0.05f), abs(a)), real{}, exp(-square) * (share - share * low));
  return select(lt(size, splat(0.5f)), 1 - erfNear0(a), select(lt(a, real{}), 2 - upper, upper));
}

// log(e^a + e^b). Not inlined: formulas that call it call it for every cell of a table, and the text would take minutes
// to compile.
__attribute__((noinline)) static real logOfSum(real a, real b) {
  return select(eq(a, b), a + splat((scalar)0.69314718055994531), larger(a, b) + log1p(exp(-abs(a - b))));
}
// e^a / (e^a + e^b); 0 where both are the same infinity.
__attribute__((noinline)) static real shareOfSum(real a, real b) {
  const real difference = b - a;
  return select(eq(a, b) & ne(difference, difference), real{}, inverse(1 + exp(difference)));
}
INLINE real logAddExp(real a, real b) { return logOfSum(a, b); }
INLINE real expShare(real a, real b) { return shareOfSum(a, b); }

TILE_BINARY(Tile, pow, pow(at(a, u), at(b, u)))
TILE_BINARY(Tile, logAddExp, logAddExp(at(a, u), at(b, u)))
TILE_BINARY(Tile, expShare, expShare(at(a, u), at(b, u)))
TILE_UNARY(log2)
TILE_UNARY(log10)
TILE_UNARY(cbrt)
TILE_UNARY(expm1)
TILE_UNARY(log1p)
TILE_UNARY(sinh)
TILE_UNARY(cosh)
TILE_UNARY(tanh)
TILE_UNARY(asinh)
TILE_UNARY(acosh)
TILE_UNARY(atanh)
TILE_UNARY(erf)
TILE_UNARY(erfc)
