import { Genred, KernelSolve, grad, rand, randn, settings } from "tskeops";

const x = rand([200, 2], { seed: 1, requiresGrad: true });
const b = rand([200, 2], { seed: 2 });
const aliases = ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "g = Pm(1)"];
const Kinv = KernelSolve("Exp(- g * SqDist(x,y)) * b", aliases, "b", { axis: 1 });
const c = Kinv(x, x, b, 50, { alpha: 0.01 });
const [u] = grad(c, [x], randn([200, 2], { seed: 3 }));
const later = await Genred("Exp(- SqDist(x,y))", ["x = Vi(2)", "y = Vj(2)"], { axis: 1 }).async(x, x);
console.log(settings.instructionSet, c.get(0, 0).toFixed(1), u.get(0, 0).toFixed(1), later.get(0, 0).toFixed(1));
