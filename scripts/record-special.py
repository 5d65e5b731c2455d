"""Special functions by mpmath, at arguments of single precision, for test/data/special.json.

    python3 scripts/record-special.py > test/data/special.json

Each case is a formula of x, the arguments, and values that are right to the last digit of float64.
"""
import json

import mpmath
import numpy as np
from mpmath import mp

mp.dps = 50
rng = np.random.default_rng(16)


def arguments(low, high, count=40, logarithmic=False):
    """Numbers that float32 holds, some of them chosen by hand."""
    ends = np.log([low, high]) if logarithmic else [low, high]
    values = rng.uniform(*ends, size=count)
    return np.float32(np.exp(values) if logarithmic else values)


cases = []


def case(formula, f, *parts):
    x = [float(v) for part in parts for v in part]
    cases.append({"formula": formula, "x": x, "expected": [float(f(mp.mpf(v))) for v in x]})


SIZES = arguments(1e-6, 1e6, logarithmic=True)
case("Asinh(x)", mp.asinh, arguments(-3, 3), SIZES)
case("Acosh(x)", mp.acosh, arguments(1, 2), 1 + SIZES)
case("Atanh(x)", mp.atanh, arguments(-1, 1), arguments(0.9, 1))
case("Log2(x)", lambda x: mp.log(x, 2), arguments(0.5, 2), SIZES)
case("Log10(x)", mp.log10, arguments(0.5, 2), SIZES)
case("Cbrt(x)", lambda x: mp.sign(x) * mp.cbrt(abs(x)), arguments(-8, 8), SIZES)
case("Erfc(x)", mp.erfc, arguments(-3, 3), arguments(1, 9))
case("LGamma(x)", lambda x: mp.log(abs(mp.gamma(x))), arguments(0.01, 4), arguments(3, 30), SIZES)
case("Digamma(x)", mp.digamma, arguments(0.01, 4), arguments(3, 30), SIZES)
for n in (0, 1, 2, 3, 6):
    case(f"Polygamma(x, {n})", lambda x: mp.polygamma(n, x), arguments(0.05, 4), arguments(3, 300, logarithmic=True))
BELOW = [-0.5, -0.25, -1.5, -2.75, -7.5, -3.125, -20.625]
case("LGamma(x)", lambda x: mp.log(abs(mp.gamma(x))), BELOW)
case("Digamma(x)", mp.digamma, BELOW)
for n in (1, 2, 3):
    case(f"Polygamma(x, {n})", lambda x: mp.polygamma(n, x), BELOW)
for order in (0, 1, 2, 7, 0.5, -1.5, 2.5, 0.3, 1.7, -0.45, 3.999):
    sizes = [arguments(1e-3, 1, logarithmic=True), arguments(0.5, 2), arguments(1, 60, logarithmic=True)]
    case(f"BesselK(x, {order})", lambda x: mp.besselk(mp.mpf(order), x), *sizes)
# Derivatives beside the poles of gamma functions.
BESIDE = [float(np.float32(pole + sign * 2.0**-k)) for pole in (0, -1, -2, -5, -30) for k in (3, 10, 18) for sign in (1, -1)]
case("Grad(LGamma(x), x, 1)", mp.digamma, BESIDE)
case("Grad(Digamma(x), x, 1)", lambda x: mp.polygamma(1, x), BESIDE)
case("Grad(Polygamma(x, 1), x, 1)", lambda x: mp.polygamma(2, x), BESIDE)
case("Grad(Grad(Grad(LGamma(x), x, 1), x, 1), x, 1)", lambda x: mp.polygamma(2, x), BESIDE)

print(json.dumps({"by": f"mpmath {mpmath.__version__}", "cases": cases}, separators=(",", ":")))
