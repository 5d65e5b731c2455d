// The logarithm of the gamma function and its derivative: part of the prelude where a routine calls one of them, the same
// text on every device. From 1 to 3 by fits that keep the zeros, up to 8 by steps down to these, beyond by Stirling's
// series, at negative numbers by reflection (Abramowitz and Stegun 6.1 and 6.3). Polynomials are own minimax fits.

// A number a > 0 as one from 1 to 3: a + 1, or a less some steps.
struct Stepped {
  real offset; // of that number from 2
  real product, sum; // of the numbers above 2 that were stepped over, and of their reciprocals times that
};
INLINE Stepped stepDown(real a) {
  real y = a, product = splat(1), sum = splat(0);
  UNROLLED for (int step = 0; step < 5; step++) {
    const mask isAbove = lt(splat(3), y);
    y = select(isAbove, y - 1, y);
    sum = select(isAbove, sum * y + product, sum);
    product = select(isAbove, product * y, product);
  }
  return {select(lt(a, splat(1)), a - 1, y - 2), product, sum};
}

INLINE real lgammaOfPositive(real a) {
  const mask isSmall = lt(a, splat(1)), isLarge = le(splat(8), a);
  const Stepped stepped = stepDown(a);
  const real t = stepped.offset, inverseOfA = 1 / a, z = inverseOfA * inverseOfA;
#if KEOPS_DOUBLE
  const real p = polynomial(t, {1.58606132967126312e-9, -3.06012105582409267e-9, -4.38630617670932994e-9,
                                7.64071398122612034e-9, 1.64056518460073567e-8, -2.99463791188957879e-8,
                                5.55853464205214593e-9, -1.87482471200534699e-8, 1.04582276190224816e-7,
                                -2.12015465911178028e-7, 3.95620118851858922e-7, -8.41507808410833987e-7,
                                1.81152680719126374e-6, -3.8517564305113038e-6, 8.22118822638486281e-6,
                                -1.7660509877882694e-5, 3.81690871008457013e-5, -8.30953284719801557e-5,
                                1.82552613864792568e-4, -4.05707375729373107e-4, 9.15376924171548128e-4,
                                -2.10813083527429113e-3, 4.99864116462115853e-3, -1.23841921933341857e-2,
                                3.29650006211570139e-2, -1.0031730167435423e-1, 4.22784335098467136e-1});
  const real s = polynomial(z, {5.06902403782149867e-3, -1.89052584246401223e-3, 8.41472523689683385e-4,
                                -5.95236603585924176e-4, 7.93650789820115962e-4, -2.77777777777408131e-3,
                                8.33333333333333328e-2});
#else
  const real p = polynomial(t, {-3.87448232e-5, 7.81938461e-5, -5.23921443e-5, 1.30587093e-4, -4.25596425e-4, 9.44336151e-4,
                                -2.10205181e-3, 4.99154682e-3, -1.23849766e-2, 3.29656275e-2, -1.00317273e-1, 4.22784326e-1});
  const real s = polynomial(z, {7.80061456e-4, -2.77769901e-3, 8.33333333e-2});
#endif
  const real logarithm = log(select(isLarge, a, select(isSmall, a, stepped.product)));
  const real near = t * (t + 1) * p + select(isSmall, -logarithm, logarithm);
  const real far = (a - 0.5f) * (logarithm - 1) + (inverseOfA * s + (scalar)0.41893853320467274);
  return select(isLarge, far, near);
}

constexpr scalar PI = (scalar)3.14159265358979324;

// log |gamma(a)|; infinity at 0, -1, -2, …
INLINE real lgamma(real a) {
  const mask isNegative = lt(a, splat(0));
  const real rest = a - roundHalfAway(a), positive = lgammaOfPositive(select(isNegative, 1 - a, a));
  const real reflected = log(PI / abs(sin(PI * rest))) - positive;
  const real negative = select(eq(rest, splat(0)), infinity(), select(eq(a, -infinity()), infinity(), reflected));
  return select(isNegative, negative, positive);
}

INLINE real digammaOfPositive(real a) {
  const mask isSmall = lt(a, splat(1));
  const Stepped stepped = stepDown(a);
  const real t = stepped.offset, inverseOfA = 1 / a, z = inverseOfA * inverseOfA;
#if KEOPS_DOUBLE
  const real p = polynomial(t, {-1.86629327123794612e-8, 3.56610965951338536e-8, 5.93507853327830423e-8,
                                -1.07465517877059629e-7, -1.93532319836834386e-7, 3.53363227834195801e-7,
                                4.50590218214997775e-8, -3.09004789223754967e-8, -8.43019703309389272e-7,
                                1.61859801483309283e-6, -2.48986347082651594e-6, 5.03328498468470792e-6,
                                -1.05032292115494581e-5, 2.09877071982147502e-5, -4.1827284694719499e-5,
                                8.37523963046970132e-5, -1.67819177283685483e-4, 3.36437632114093368e-4,
                                -6.75312810608047723e-4, 1.35814153427082346e-3, -2.73957293215663205e-3,
                                5.55225422039567672e-3, -1.13384325509184523e-2, 2.3447309595812025e-2,
                                -4.95510329177281028e-2, 1.08999917017655631e-1, -2.60738954683001018e-1,
                                7.85307538604105198e-1});
  const real s = polynomial(z, {6.36745924932036192e-2, -2.07004799261109457e-2, 7.57173352475129355e-3,
                                -4.16664517968296977e-3, 3.96825391326411438e-3, -8.33333333328039882e-3,
                                8.3333333333333325e-2});
  const real fromRoot = (t + 0.53836785503163764321) + 1.5522348162858676891e-17;
#else
  const real p = polynomial(t, {-4.0441957e-4, 7.74012277e-4, -3.37491218e-4, 7.80966656e-4, -2.95072011e-3, 5.87591803e-3,
                                -1.12771147e-2, 2.33678533e-2, -4.95583966e-2, 1.09006933e-1, -2.60738712e-1, 7.85307439e-1});
  const real s = polynomial(z, {3.87380783e-3, -8.33278732e-3, 8.33333329e-2});
  const real fromRoot = (t + 0.53836786747f) - 1.24381499389e-8f;
#endif
  const real near = fromRoot * p + select(isSmall, splat(-1), stepped.sum) / select(isSmall, a, stepped.product);
  const real far = log(a) - inverseOfA * (0.5f + inverseOfA * s);
  return select(le(splat(8), a), far, near);
}

// The derivative of lgamma; NaN at -1, -2, …
INLINE real digamma(real a) {
  const mask isNegative = lt(a, splat(0));
  const real rest = a - roundHalfAway(a), positive = digammaOfPositive(select(isNegative, 1 - a, a));
  const real slope = select(eq(rest, splat(0)), infinity() - infinity(), PI / tan(PI * rest));
  return select(isNegative, positive - slope, positive);
}

TILE_UNARY(lgamma)
TILE_UNARY(digamma)
