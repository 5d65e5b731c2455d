/**
 * On which of the two indices each component of a formula depends: where a view shows parts of several formulas, as Concat(x_i, y_j)
 * does, on fewer than the formula does. Knows no engine.
 */
import { Depends } from "../formula/formula";
import type { Formula, Segment } from "../formula/formula";
import { componentsRead, range, segmentsOf } from "./components";

export class ComponentDepends {
  /** Only of formulas whose components differ, or all depend on less than the formula. */
  private readonly differing = new Map<Formula, readonly Depends[]>();

  /** Of all `nodes`; arguments stand before what is built from them. */
  constructor(nodes: readonly Formula[]) {
    for (const node of nodes) if (this.mayDiffer(node)) this.add(node);
  }

  /** Of dim 1 the only component. */
  at(node: Formula, k: number): Depends {
    return this.differing.get(node)?.[node.dim === 1 ? 0 : k] ?? node.depends;
  }

  /** What all components depend on, or undefined where they differ. */
  ofAll(node: Formula): Depends | undefined {
    const [first = node.depends, ...others] = this.differing.get(node) ?? [];
    return others.every((depends) => depends === first) ? first : undefined;
  }

  private mayDiffer(node: Formula): boolean {
    return this.isMixture(node) || node.args.some((arg) => this.differing.has(arg));
  }

  private isMixture(node: Formula): boolean {
    const showsLess = ({ arg }: Segment): boolean => arg === undefined || node.args[arg]!.depends !== node.depends;
    return node.operation.shape.kind === "view" && segmentsOf(node).some(showsLess);
  }

  private add(node: Formula): void {
    const all = range(node.dim).map((k) =>
      componentsRead(node, k).reduce<Depends>((bits, [arg, m]) => bits | this.at(arg, m), Depends.Nothing),
    );
    if (all.some((depends) => depends !== node.depends)) this.differing.set(node, all);
  }
}
