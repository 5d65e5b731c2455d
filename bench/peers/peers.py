"""Times the cases of the bench with whatever peers are installed: pykeops, PyTorch, NumPy.

Reads a JSON list of cases {label, kind, m, n, d, dv, dtype} from standard input, and prints one JSON line {label, dtype, peer, seconds}
per case and peer. A peer that is not installed is told on standard error. Best of several repetitions, after one that warms up.
"""
import importlib
import json
import os
import sys
import time


def now():
    """Seconds of the wall, or of the processors per thread, as the bench says."""
    if os.environ.get("BENCH_CLOCK") == "processor":
        return time.process_time() / int(os.environ["OMP_NUM_THREADS"])
    return time.perf_counter()


def best(call, least=3, seconds=0.3):
    call()
    times = []
    while len(times) < least or sum(times) < seconds:
        start = now()
        call()
        times.append(now() - start)
    return min(times)


def installed(name):
    try:
        return importlib.import_module(name)
    except Exception as error:
        print(f"peers: {name} is skipped: {error}", file=sys.stderr)
        return None


def numpy_gaussian(numpy, x, y, b, g, rows=500):
    squares = (y**2).sum(1)
    parts = []
    for first in range(0, len(x), rows):
        part = x[first : first + rows]
        distances = (part**2).sum(1)[:, None] + squares[None, :] - 2 * part @ y.T
        parts.append(numpy.exp(-g * distances) @ b)
    return numpy.concatenate(parts)


def torch_gaussian(torch, x, y, b, g, rows=500):
    squares = (y**2).sum(1)
    parts = []
    for part in x.split(rows):
        distances = torch.addmm(squares[None, :], part, y.T, alpha=-2) + (part**2).sum(1)[:, None]
        parts.append(torch.exp(-g * distances) @ b)
    return torch.cat(parts)


def calls(case, modules):
    """Pairs of a peer's name and a call that computes the case."""
    numpy, torch, keops = (modules[name] for name in ("numpy", "torch", "pykeops"))
    if numpy is None or case["kind"] != "gaussian":
        return
    random = numpy.random.default_rng(1)
    shapes = [(case["m"], case["d"]), (case["n"], case["d"]), (case["n"], case["dv"])]
    x, y, b = (random.random(shape).astype(case["dtype"]) for shape in shapes)
    g = 50.0
    yield "numpy", lambda: numpy_gaussian(numpy, x, y, b, g)
    if torch is not None:
        tensors = [torch.from_numpy(array) for array in (x, y, b)]
        yield "torch", lambda: torch_gaussian(torch, *tensors, g)
    if keops is not None:
        from pykeops.numpy import Genred

        aliases = [f"x = Vi({case['d']})", f"y = Vj({case['d']})", f"b = Vj({case['dv']})", "g = Pm(1)"]
        reduced = Genred("Exp(-g * SqDist(x, y)) * b", aliases, axis=1)
        parameter = numpy.array([g], dtype=case["dtype"])
        yield "pykeops", lambda: reduced(x, y, b, parameter)


def main():
    modules = {name: installed(name) for name in ("numpy", "torch", "pykeops")}
    for case in json.load(sys.stdin):
        for peer, call in calls(case, modules):
            row = {"label": case["label"], "dtype": case["dtype"], "peer": peer, "seconds": best(call)}
            print(json.dumps(row), flush=True)


main()
