"""What optimisers of PyTorch and SciPy do on some functions, for test/data/optimisers.json.

    /usr/bin/python3 scripts/record-optimisers.py > test/data/optimisers.json

Adam and SGD: parameters after each of 60 steps on the Rosenbrock function of four numbers, in float64. L-BFGS: values and
evaluations of SciPy's L-BFGS-B without bounds.
"""
import json
import numpy as np
import scipy
import torch
from scipy.optimize import minimize

START = [-1.2, 1.0, -0.5, 0.8]
STEPS = 60


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def steps(make):
    x = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimiser = make([x])
    path = [x.tolist()]
    for _ in range(STEPS):
        optimiser.zero_grad()
        rosenbrock(x).backward()
        optimiser.step()
        path.append(x.tolist())
    return path


FIRST_ORDER = [
    ({"method": "adam", "learningRate": 0.02}, lambda p: torch.optim.Adam(p, lr=0.02)),
    ({"method": "adam", "learningRate": 0.01, "betas": [0.8, 0.99], "epsilon": 1e-6, "weightDecay": 0.1},
     lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1)),
    ({"method": "sgd", "learningRate": 1e-4}, lambda p: torch.optim.SGD(p, lr=1e-4)),
    ({"method": "sgd", "learningRate": 1e-4, "momentum": 0.9}, lambda p: torch.optim.SGD(p, lr=1e-4, momentum=0.9)),
    ({"method": "sgd", "learningRate": 1e-4, "momentum": 0.9, "nesterov": True, "weightDecay": 0.1},
     lambda p: torch.optim.SGD(p, lr=1e-4, momentum=0.9, nesterov=True, weight_decay=0.1)),
]

rng = np.random.default_rng(3)
points = np.concatenate([rng.normal(size=(60, 2)) * 0.3 + 1, rng.normal(size=(60, 2)) * 0.5 - 1])


def mixture(theta):
    """Minus the mean log-likelihood of two round Gaussians: means, logarithms of widths, logits."""
    p = torch.tensor(points)
    means, widths, logits = theta[:4].reshape(2, 2), theta[4:6], theta[6:8]
    squares = ((p[:, None] - means[None]) ** 2).sum(-1) / (2 * torch.exp(2 * widths))
    return -torch.logsumexp(torch.log_softmax(logits, 0) - squares - 2 * widths, 1).mean()


def matching(x):
    """Points that are moved onto others, as measures seen through a Gaussian kernel, and a price for moving."""
    moved, target = x.reshape(20, 2), torch.tensor(points[:25])
    first = torch.tensor(points[60:80])
    k = lambda a, b: torch.exp(-2 * ((a[:, None] - b[None]) ** 2).sum(-1)).mean()
    return k(moved, moved) - 2 * k(moved, target) + k(target, target) + 0.01 * ((moved - first) ** 2).sum()


SMOOTH = {
    "rosenbrock": (rosenbrock, START),
    "mixture": (mixture, [0.5, 0.0, -0.5, 0.0, 0.0, 0.0, 0.0, 0.1]),
    "matching": (matching, points[60:80].ravel().tolist()),
}


def by_scipy(name):
    f, start = SMOOTH[name]

    def value_and_gradient(x):
        theta = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        value = f(theta)
        value.backward()
        return value.item(), theta.grad.numpy()

    found = minimize(value_and_gradient, start, jac=True, method="L-BFGS-B")
    return {"name": name, "start": start, "value": float(found.fun), "evaluations": int(found.nfev), "iterations": int(found.nit)}


print(json.dumps({
    "torch": torch.__version__, "scipy": scipy.__version__, "points": points.tolist(), "start": START,
    "firstOrder": [{"options": options, "path": steps(make)} for options, make in FIRST_ORDER],
    "smooth": [by_scipy(name) for name in SMOOTH],
}))
