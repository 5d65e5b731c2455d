// A build of the package, this checkout's or another's: what its index exports, and its other modules by path.
import { createRequire } from "node:module";
import { join } from "node:path";

export function buildAt(root) {
  const load = createRequire(import.meta.url);
  const module = (path) => load(join(root, "dist", path));
  return { module, ...module("index.js") };
}
