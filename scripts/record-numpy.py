"""Values of NumPy and SciPy for the functions of arrays, for test/data/nd.json.

    python3 scripts/record-numpy.py > test/data/nd.json

Each case is a call of `nd`: its name, arguments (arrays as {"shape", "data"}), and what NumPy gives.
"""
import json
import numpy as np
from scipy import special

rng = np.random.default_rng(7)
x = rng.normal(size=(3, 4, 2))
m = rng.normal(size=(4, 3))
square = rng.normal(size=(4, 4))
positive = square @ square.T + np.eye(4)
labels = np.array([2, 0, 2, 1, 5])


def plain(value):
    if isinstance(value, np.ndarray):
        return {"shape": list(value.shape), "data": [plain(v) for v in value.ravel().tolist()],
                "type": "int" if value.dtype.kind in "iu" else "float"}
    if isinstance(value, (np.integer, np.floating)):
        return plain(np.asarray(value))
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value


cases = []


def case(name, args, expected):
    cases.append({"name": name, "args": [plain(a) for a in args], "expected": plain(expected)})


AXES = [(None, {}), (0, {"axis": 0}), (-1, {"axis": -1}), ((0, 2), {"axis": [0, 2]})]
for name, f in [("sum", np.sum), ("mean", np.mean), ("max", np.max), ("min", np.min), ("logsumexp", special.logsumexp)]:
    for axis, options in AXES:
        for keep in (False, True):
            case(name, [x, {**options, "keepDims": keep}], np.asarray(f(x, axis=axis, keepdims=keep)))
for axis, options in AXES:
    case("softmax", [x, options], special.softmax(x, axis=axis))
    case("norm", [x, options], np.sqrt(np.sum(x * x, axis=axis)))
    case("norm", [x, {**options, "order": 1}], np.sum(abs(x), axis=axis))
    case("norm", [x, {**options, "order": 3}], np.sum(abs(x) ** 3, axis=axis) ** (1 / 3))
    case("flip", [x, options], np.flip(x, axis))
for axis, options in AXES[:3]:
    case("argmax", [x, options], np.asarray(np.argmax(x, axis=axis)))
    case("argmin", [x, options], np.asarray(np.argmin(x, axis=axis)))
    case("cumsum", [x, options], np.cumsum(x, axis=axis))
for axis, options in AXES[1:3]:
    case("sort", [x, options], np.sort(x, axis=axis))
    case("argsort", [x, options], np.argsort(x, axis=axis, kind="stable"))
nan = np.array([3.0, np.nan, 1.0])
for name, f in [("max", np.max), ("min", np.min), ("argmax", np.argmax), ("argmin", np.argmin), ("sort", np.sort), ("argsort", np.argsort)]:
    case(name, [nan], np.asarray(f(nan)))

case("take", [x, [2, 0, 2], {"axis": 0}], np.take(x, [2, 0, 2], axis=0))
case("take", [x, [[1, 3], [0, 0]], {"axis": 1}], np.take(x, [[1, 3], [0, 0]], axis=1))
case("take", [m[:, 0], [[1, 3], [0, 0]]], np.take(m[:, 0], [[1, 3], [0, 0]]))
added = np.zeros((6, 3))
np.add.at(added, labels[:4], m)
case("scatterAdd", [m, labels[:4].tolist(), 6], added)
case("bincount", [labels.tolist()], np.bincount(labels))
case("bincount", [labels.tolist(), {"minLength": 9}], np.bincount(labels, minlength=9))
case("oneHot", [labels.tolist(), 6, {"dtype": "float64"}], np.eye(6)[labels])
case("where", [(m > 0).astype(float), m, 2.0], np.where(m > 0, m, 2.0))
for axis in (0, 1):
    case("concat", [[m, m[:, ::-1] if axis else m[::-1]], {"axis": axis}], np.concatenate([m, m[:, ::-1] if axis else m[::-1]], axis))
for axis in (0, 1, 2, -1):
    case("stack", [[m, 2 * m], {"axis": axis}], np.stack([m, 2 * m], axis))
case("split", [x, 2, {"axis": 1}], None)
cases[-1]["expected"] = [plain(part) for part in np.split(x, 2, 1)]
case("split", [x, [1, 1, 3], {"axis": 1}], None)
cases[-1]["expected"] = [plain(part) for part in np.split(x, [1, 1, 3], 1)]
case("reshape", [x, [4, -1]], x.reshape(4, -1))
case("transpose", [x], x.transpose())
case("transpose", [x, [1, 2, 0]], x.transpose(1, 2, 0))

case("matmul", [m, m.T], m @ m.T)
case("matmul", [x.transpose(0, 2, 1), m], x.transpose(0, 2, 1) @ m)
case("matmul", [m[:, 0], m], m[:, 0] @ m)
case("matmul", [m, m[0]], m @ m[0])
case("matmul", [m[0], m[1]], np.asarray(m[0] @ m[1]))
case("outer", [m[:, 0], m[0]], np.outer(m[:, 0], m[0]))
case("cross", [m, m[::-1].copy()], np.cross(m, m[::-1]))
case("tensordot", [x, m, [[1], [0]]], np.tensordot(x, m, ([1], [0])))
case("tensordot", [x, x, [[0, 2], [0, 2]]], np.tensordot(x, x, ([0, 2], [0, 2])))
case("tensordot", [m, m[0], 1], np.tensordot(m, m[0], 1))
case("tensordot", [m[0], m[1], 0], np.tensordot(m[0], m[1], 0))

case("solve", [square, m], np.linalg.solve(square, m))
case("solve", [positive, m[:, 0]], np.linalg.solve(positive, m[:, 0]))
case("inv", [square], np.linalg.inv(square))
case("det", [square], np.asarray(np.linalg.det(square)))
case("det", [square[[1, 0, 2, 3]]], np.asarray(np.linalg.det(square[[1, 0, 2, 3]])))
case("logdet", [positive], np.asarray(np.linalg.slogdet(positive)[1]))
case("cholesky", [positive], np.linalg.cholesky(positive))
case("eigh", [positive], None)
cases[-1]["expected"] = {"values": plain(np.linalg.eigvalsh(positive))}
case("svd", [m], None)
cases[-1]["expected"] = {"s": plain(np.linalg.svd(m, compute_uv=False))}
case("svd", [m.T.copy()], None)
cases[-1]["expected"] = {"s": plain(np.linalg.svd(m.T, compute_uv=False))}

squares = np.stack([square, square.T @ square, square[[1, 0, 2, 3]]])
positives = np.stack([positive, 2 * positive + np.eye(4)])
wide = np.stack([m, m[::-1]])
case("solve", [squares, np.stack([m, 2 * m, m[::-1]])], np.linalg.solve(squares, np.stack([m, 2 * m, m[::-1]])))
case("solve", [squares, m], np.linalg.solve(squares, m))
case("solve", [square, wide], np.linalg.solve(square, wide))
case("solve", [squares[:, None], wide], np.linalg.solve(squares[:, None], wide))
case("solve", [squares, m[:, 0]], np.linalg.solve(squares, np.broadcast_to(m[:, 0, None], (3, 4, 1)))[..., 0])
case("inv", [squares], np.linalg.inv(squares))
case("det", [squares], np.linalg.det(squares))
case("logdet", [positives], np.linalg.slogdet(positives)[1])
case("cholesky", [positives], np.linalg.cholesky(positives))
case("eigh", [positives], None)
cases[-1]["expected"] = {"values": plain(np.linalg.eigvalsh(positives))}
case("svd", [wide], None)
cases[-1]["expected"] = {"s": plain(np.linalg.svd(wide, compute_uv=False))}

case("linspace", [-1.0, 2.0, 7, {"dtype": "float64"}], np.linspace(-1, 2, 7))
case("linspace", [-1.0, 2.0, 7, {"dtype": "float64", "endpoint": False}], np.linspace(-1, 2, 7, endpoint=False))
case("arange", [5, None, 1, {"dtype": "float64"}], np.arange(5.0))
case("arange", [2, -1, -0.5, {"dtype": "float64"}], np.arange(2, -1, -0.5))
case("eye", [3, {"dtype": "float64"}], np.eye(3))
case("grid", [m[:2, 0], m[0]], np.stack(np.meshgrid(m[:2, 0], m[0], indexing="ij"), -1).reshape(-1, 2))

print(json.dumps({"numpy": np.__version__, "cases": cases}))
