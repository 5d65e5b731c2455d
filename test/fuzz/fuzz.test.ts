import { caseOf } from "./cases";
import { check, describeCase, expectationOf } from "./engines";
import { smallest } from "./shrink";
import { nodesOf } from "./structure";
test("try", () => {
  let used = 0,
    skipped = 0,
    bad = 0;
  const t: Record<string, number> = {};
  const time = (k: string, f: () => void) => {
    const s = performance.now();
    try {
      f();
    } finally {
      t[k] = (t[k] ?? 0) + performance.now() - s;
    }
  };
  const N = Number(process.env.N ?? 300);
  const skips: Record<string, number> = {};
  for (let n = 0; n < N; n++) {
    let c: any;
    time("gen", () => {
      c = caseOf(Number(process.env.S ?? 1), n);
    });
    for (const dtype of ["float64", "float32"] as const) {
      let ex: any;
      time("expect", () => {
        ex = expectationOf(c, dtype);
      });
      if (!ex) {
        skipped++;
        for (const f of nodesOf(c.formula)) if (f.kind === "call") skips[f.rule.name] = (skips[f.rule.name] ?? 0) + 1;
        skips[c.reduction] = (skips[c.reduction] ?? 0) + 1;
        continue;
      }
      for (const backend of ["tiles", "reference"] as const) {
        const run = (c: any) => check(c, backend, dtype);
        try {
          time(backend + dtype, () => {
            if (check(c, backend, dtype, ex)) used++;
          });
        } catch (e: any) {
          bad++;
          if (bad > 12) continue;
          const small = smallest(c, (s) => {
            try {
              run(s);
              return false;
            } catch {
              return true;
            }
          });
          let m = "";
          try {
            run(small);
          } catch (x: any) {
            m = x.message;
          }
          process.stdout.write(
            `#${n} ${backend} ${dtype}: ${describeCase(small)}\n   ${m.slice(0, 600)}\n   original: ${describeCase(c).split("\n")[0]}\n`,
          );
        }
      }
    }
  }
  process.stdout.write(
    JSON.stringify({
      used,
      skipped,
      bad,
      t,
      skips: Object.entries(skips)
        .sort((a, b) => b[1] - a[1])
        .slice(0, 25),
    }) + "\n",
  );
});
