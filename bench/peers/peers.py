"""Times the cases of the bench with what is installed of NumPy, SciPy, PyTorch and pykeops.

`peers.py --list` prints one JSON object: for each peer its version and what it computes with, or why it cannot be used.
Else reads a JSON object {peers, cases} from standard input, the cases being {label, kind, m, n, d, dv, dtype, …}, and
prints one JSON line {label, dtype, peer, seconds} per case and peer that computes it. Best of several repetitions, after
one that warms up.

NumPy and PyTorch compute distances by a product of matrices, block by block of rows, at the best of some heights.
"""
import ctypes
import importlib
import json
import os
import sys
import time

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
HEIGHTS = (128, 512, 2048)


def now():
    """Seconds of the wall, or of the processors per thread, as the bench says."""
    if os.environ.get("BENCH_CLOCK") == "processor":
        return time.process_time() / THREADS
    return time.perf_counter()


def timed(call):
    start = now()
    call()
    return now() - start


def best(call, seconds=0.3):
    """The best of three repetitions or more, of two where they take long."""
    times = [timed(call)]
    while sum(times) < seconds or len(times) < (3 if sum(times) < 3 * seconds else 2):
        times.append(timed(call))
    return min(times)


# ------------------------------------------------------------------------------------------------- what is installed


def openblas_kernel():
    """What OpenBLAS chose for this processor, asked of every such library that this process has loaded."""
    try:
        from threadpoolctl import threadpool_info

        found = {f"{pool['internal_api']} {pool.get('architecture', '')}".strip() for pool in threadpool_info()}
        return ", ".join(sorted(found)) or "no thread pool"
    except ImportError:
        pass
    with open("/proc/self/maps") as maps:
        paths = sorted({line.split()[-1] for line in maps if "openblas" in line})
    names = ("openblas_get_corename", "scipy_openblas_get_corename64_", "scipy_openblas_get_corename")
    for path in paths:
        library = ctypes.CDLL(path)
        for name in names:
            if hasattr(library, name):
                corename = getattr(library, name)
                corename.restype = ctypes.c_char_p
                return f"openblas {corename().decode()}"
    return "kernel unknown"


def about(name):
    try:
        module = importlib.import_module(name)
        if name == "scipy":
            importlib.import_module("scipy.linalg")
        kernel = openblas_kernel() if name in ("numpy", "scipy") else ""
        return {"version": module.__version__, "kernel": kernel}
    except Exception as error:
        return {"why": str(error)}


# ------------------------------------------------------------------------------------------ sums by NumPy and PyTorch


class Numpy:
    """The operations that sums are made of, in place where that is possible."""

    def __init__(self, numpy):
        self.numpy = numpy

    def tensor(self, array):
        return array

    def distances(self, part, y, squares):
        found = part @ y.swapaxes(-1, -2)
        found *= -2
        found += squares[..., None, :]
        found += (part**2).sum(-1)[..., None]
        return found

    def exp(self, a):
        return self.numpy.exp(a, out=a)

    def sqrt(self, a):
        return self.numpy.sqrt(self.numpy.maximum(a, 0, out=a), out=a)

    def logsumexp(self, a):
        largest = a.max(-1)
        a -= largest[:, None]
        return largest + self.numpy.log(self.exp(a).sum(-1))

    def nearest(self, a, k):
        found = self.numpy.argpartition(a, k - 1, axis=-1)[:, :k]
        order = self.numpy.take_along_axis(a, found, -1).argsort(-1)
        return self.numpy.take_along_axis(found, order, -1)


class Torch(Numpy):
    def __init__(self, torch):
        self.torch = torch
        torch.set_num_threads(THREADS)

    def tensor(self, array):
        return self.torch.from_numpy(array)

    def distances(self, part, y, squares):
        found = (self.torch.baddbmm if part.ndim == 3 else self.torch.addmm)(
            squares[..., None, :], part, y.transpose(-1, -2), alpha=-2
        )
        return found.add_((part**2).sum(-1)[..., None])

    def exp(self, a):
        return a.exp_()

    def sqrt(self, a):
        return a.clamp_(min=0).sqrt_()

    def logsumexp(self, a):
        return self.torch.logsumexp(a, -1)

    def nearest(self, a, k):
        return self.torch.topk(a, k, largest=False).indices


def gaussian(of, d, x, y, b, e, g):
    d *= -g
    return of.exp(d) @ b


def laplacian(of, d, x, y, b, e, g):
    d = of.sqrt(d)
    d *= -g
    return of.exp(d) @ b


def cauchy(of, d, x, y, b, e, g):
    d *= g
    d += 1
    return (1 / d) @ b


def logsumexp(of, d, x, y, b, e, g):
    d *= -g
    return of.logsumexp(d)


def gradient(of, d, x, y, b, e, g):
    d *= -g
    k = of.exp(d)
    return -2 * g * e * (x * (k @ b) - k @ (b * y))


def argkmin(of, d, x, y, b, e, g):
    return of.nearest(d, 10)


def argmin(of, d, x, y, b, e, g):
    return d.argmin(-1)


SUMS = {f.__name__: f for f in (gaussian, laplacian, cauchy, logsumexp, gradient, argkmin, argmin)}


def blocked(of, kind, arrays, height):
    """Blocks of rows; of entries of the batch where there is one."""
    x, y, b, e, g = arrays
    parts = []
    for first in range(0, len(x), height):
        some = slice(first, first + height)
        yy, bb = (y[some], b[some]) if x.ndim == 3 else (y, b)
        squares = (yy**2).sum(-1)
        parts.append(SUMS[kind](of, of.distances(x[some], yy, squares), x[some], yy, bb, e[some], g))
    return parts


def blocks_on_diagonal(of, kind, arrays, count):
    x, y, b, e, g = arrays
    size = len(x) // count
    for first in range(0, len(x), size):
        some = slice(first, first + size)
        blocked(of, kind, (x[some], y[some], b[some], e[some], g), size)


def sum_call(of, case, arrays):
    tensors = [of.tensor(array) for array in arrays] + [50.0]
    kind = case["kind"]
    if case.get("blocks"):
        return lambda: blocks_on_diagonal(of, kind, tensors, case["blocks"])
    heights = [height for height in HEIGHTS if height < 2 * len(arrays[0])] or HEIGHTS[:1]
    runs = [lambda height=height: blocked(of, kind, tensors, height) for height in heights]
    runs[0]()
    return min(runs, key=timed)


def keops_call(case, arrays):
    from pykeops.numpy import Genred

    options = case.get("options", {})
    given = {"reduction_op": options.get("reductionOp", "Sum"), "opt_arg": options.get("optArg")}
    reduced = Genred(case["formula"], case["aliases"], axis=1, **given)
    import numpy

    parameter = numpy.array([50.0], dtype=case["dtype"])
    extra = arrays[3:] if case.get("extra") else []
    return lambda: reduced(*arrays[:3], parameter, *extra)


# ------------------------------------------------------------------------------------------------------------- solves


def scipy_solve(numpy, x, b, g, alpha):
    """Makes the matrix, too."""
    from scipy.linalg import solve

    squares = (x**2).sum(1)
    matrix = Numpy(numpy).distances(x, x, squares)
    matrix *= -g
    numpy.exp(matrix, out=matrix)
    matrix.flat[:: len(x) + 1] += alpha
    return solve(matrix, b, assume_a="pos", overwrite_a=True, check_finite=False)


def torch_solve(torch, x, b, g, alpha):
    matrix = Torch(torch).distances(x, x, (x**2).sum(1)).mul_(-g).exp_()
    matrix.diagonal().add_(alpha)
    return torch.cholesky_solve(b, torch.linalg.cholesky(matrix))


# --------------------------------------------------------------------------------------------------------------- main


def random_arrays(numpy, case):
    random = numpy.random.default_rng(1)
    batch = [case["batch"]] if case.get("batch") else []
    shapes = [(case["m"], case["d"]), (case["n"], case["d"]), (case["n"], case["dv"]), (case["m"], 1)]
    return [random.random((*batch, *shape)).astype(case["dtype"]) for shape in shapes]


def calls(case, modules):
    """Pairs of a peer's name and a function that makes a call which computes the case."""
    import numpy

    x, y, b, e = random_arrays(numpy, case)
    if case["kind"] == "solve":
        g, alpha = case["g"], case["alpha"]
        if "scipy" in modules:
            yield "scipy", lambda: lambda: scipy_solve(numpy, x, b, g, alpha)
        if "torch" in modules:
            Torch(modules["torch"])
            tensors = [modules["torch"].from_numpy(array) for array in (x, b)]
            yield "torch", lambda: lambda: torch_solve(modules["torch"], *tensors, g, alpha)
        return
    if "numpy" in modules:
        yield "numpy", lambda: sum_call(Numpy(numpy), case, (x, y, b, e))
    if "torch" in modules:
        yield "torch", lambda: sum_call(Torch(modules["torch"]), case, (x, y, b, e))
    if "pykeops" in modules and not case.get("blocks"):
        yield "pykeops", lambda: keops_call(case, (x, y, b, e))


def main():
    names = ("numpy", "scipy", "torch", "pykeops")
    if "--list" in sys.argv:
        print(json.dumps({name: about(name) for name in names}))
        return
    asked = json.load(sys.stdin)
    modules = {name: importlib.import_module(name) for name in asked["peers"]}
    for case in asked["cases"]:
        for peer, make in calls(case, modules):
            try:
                call = make()
                call()
                seconds = best(call)
            except Exception as error:
                print(f"{peer}: {case['label']}, {case['dtype']}: {error}", file=sys.stderr)
                continue
            row = {"label": case["label"], "dtype": case["dtype"], "peer": peer, "seconds": seconds}
            print(json.dumps(row), flush=True)


main()
