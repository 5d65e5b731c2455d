// Copies the built addon to prebuilds/<platform>-<arch>, from where an installed package loads it: no install script
// needed.
import "./require-built.mjs";
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "prebuilds", `${process.platform}-${process.arch}`);
mkdirSync(folder, { recursive: true });
copyFileSync(join(root, "build", "Release", "tskeops.node"), join(folder, "tskeops.node"));
console.log(`prebuilds: ${join(folder, "tskeops.node")}`);
