/** One wrong option is one sentence of the type checker, as notebooks show it: not one for each overload. */
import { diagnosticsOf } from "../helpers/examples";

const MADE = `
import { Genred, KernelSolve, Vi, Vj, nd, notebook, rand } from "tskeops";
const [x, b] = [rand([5, 2]), rand([5, 1])];
const K = Vi(x).sqdist(Vj(x)).neg().exp();
const aliases = ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"] as const;
const solve = KernelSolve("Exp(-SqDist(x, y)) * b", aliases, "b", { axis: 1 });
void [Genred, nd, notebook, b, K, solve];
`;

const MISTAKES = [
  ["K.sum({ dim: 1 });", /'dim' does not exist in type/],
  ["K.sum({ axis: 2 });", /'2' is not assignable to type/],
  ["K.logsumexp({ axis: 1, weights: b });", /'weights' does not exist in type/],
  ["K.argKmin(3, { axes: 1 });", /'axes' does not exist in type/],
  ["K.real2complex().sum({ dim: 0 });", /'dim' does not exist in type/],
  ["K.matmul(3);", /'number' is not assignable to parameter/],
  ["K.solve(b, { alfa: 1 });", /'alfa' does not exist in type/],
  ["solve(x, x, b, { alfa: 1 });", /'alfa' does not exist in type/],
  ['Genred("x", ["x = Vj(2)"], { axs: 1 });', /'axs' does not exist in type.*Did you mean to write 'axis'/],
  ["nd.sum(x, { axes: 1 });", /'axes' does not exist in type/],
  ['notebook.lineChart([{ a: 1 }], { x: "a", y: "a", colour: "b" });', /'colour' does not exist in type/],
] as const;

const found = diagnosticsOf(MISTAKES.map(([line]) => `${MADE}${line}`));

test.each(MISTAKES.map(([line, message], n) => [line, message, n] as const))("%s", (_line, message, n) => {
  const told = found.get(n)!;
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(message);
  expect(told[0]).not.toMatch(/overload/i);
});
