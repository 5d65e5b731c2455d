const tskeops = require("tskeops");

const { KernelSolve, grad, rand, randn, settings } = tskeops;
const x = rand([200, 2], { seed: 1, requiresGrad: true });
const b = rand([200, 2], { seed: 2 });
const aliases = ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "g = Pm(1)"];
const Kinv = KernelSolve("Exp(- g * SqDist(x,y)) * b", aliases, "b", { axis: 1 });
const c = Kinv(x, x, b, 50, { alpha: 0.01 });
const [u] = grad(c, [x], randn([200, 2], { seed: 3 }));
import("tskeops").then((esm) => {
  const isOne = Object.keys(tskeops).every((name) => esm[name] === tskeops[name]);
  console.log(settings.instructionSet, c.get(0, 0).toFixed(1), u.get(0, 0).toFixed(1), isOne ? "155.7" : "two");
});
