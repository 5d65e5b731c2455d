// Functions of NVIDIA's mathematical library, by which the interpreter is judged: their code is long, uses tables,
// carries, directed roundings and calls, and lands within a few ulp only if every instruction is right. name,
// expression in x (compiled by nvcc as device code, and here in long double), range of x
#pragma once

#define MATHS(X)                                       \
  X(exp, exp(x), -80, 80)                              \
  X(exp2, exp2(x), -100, 100)                          \
  X(exp10, EXP10(x), -30, 30)                          \
  X(expm1, expm1(x), -2, 10)                           \
  X(log, log(x), 1e-30, 1e30)                          \
  X(log_near_1, log(x), 0.9, 1.1)                      \
  X(log2, log2(x), 1e-30, 1e30)                        \
  X(log10, log10(x), 1e-30, 1e30)                      \
  X(log1p, log1p(x), -0.9, 10)                         \
  X(sin, sin(x), -10, 10)                              \
  X(cos, cos(x), -10, 10)                              \
  X(tan, tan(x), -1.5, 1.5)                            \
  X(sin_of_great_angles, sin(x), 1e6, 1e20)            \
  X(cos_of_great_angles, cos(x), 1e6, 1e20)            \
  X(tan_of_great_angles, tan(x), 1e6, 1e20)            \
  X(sinpi, SINPI(x), -1, 1)                            \
  X(asin, asin(x), -1, 1)                              \
  X(acos, acos(x), -0.99, 0.99)                        \
  X(atan, atan(x), -20, 20)                            \
  X(atan2, atan2(x, C(1.7)), -20, 20)                  \
  X(sinh, sinh(x), -20, 20)                            \
  X(cosh, cosh(x), -20, 20)                            \
  X(tanh, tanh(x), -5, 5)                              \
  X(asinh, asinh(x), -50, 50)                          \
  X(acosh, acosh(x), 1.01, 50)                         \
  X(atanh, atanh(x), -0.99, 0.99)                      \
  X(pow, pow(x, C(2.5)), 1e-5, 1e5)                    \
  X(pow_of_negative_bases, pow(-x, C(3)), 0.1, 100)    \
  X(sqrt, sqrt(x), 1e-30, 1e30)                        \
  X(rsqrt, RSQRT(x), 1e-30, 1e30)                      \
  X(reciprocal, 1 / x, 1e-30, 1e30)                    \
  X(quotient, x / (C(3) + x * x), -100, 100)           \
  X(cbrt, cbrt(x), -1000, 1000)                        \
  X(hypot, hypot(x, C(3)), -1000, 1000)                \
  X(erf, erf(x), -3, 3)                                \
  X(erfc, erfc(x), -3, 5)                              \
  X(lgamma, lgamma(x), 3, 100)                         \
  X(tgamma, tgamma(x), 0.5, 30)                        \
  X(fmod, fmod(x, C(0.375)), -100, 100)                \
  X(remainder, remainder(x, C(0.375)), -100, 100)      \
  X(rint, rint(x), -100, 100)                          \
  X(floor, floor(x), -100, 100)                        \
  X(ceil, ceil(x), -100, 100)                          \
  X(trunc, trunc(x), -100, 100)                        \
  X(round, round(x), -100, 100)                        \
  X(ldexp, ldexp(x, 5), -100, 100)                     \
  X(fma, fma(x, x, C(-2)), -100, 100)                  \
  X(fdim, fdim(x, C(1)), -100, 100)                    \
  X(copysign, copysign(C(2), x), -100, 100)            \
  X(extrema, fmin(fmax(x, C(-3)), C(7)), -100, 100)    \
  X(to_integers, C((long long)x % 7 + (int)x / 3), -1e6, 1e6)
