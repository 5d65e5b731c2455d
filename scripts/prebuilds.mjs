// Copies the built addon to prebuilds/<platform>-<arch>, from where an installed package loads it: no install script
// needed. The WebAssembly module lies in dist/web, for browsers and for Node.
import "./require-built.mjs";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "prebuilds", `${process.platform}-${process.arch}`);
mkdirSync(folder, { recursive: true });
copyFileSync(join(root, "build", "Release", "tskeops.node"), join(folder, "tskeops.node"));
console.log(`prebuilds: ${join(folder, "tskeops.node")}`);

if (!existsSync(join(root, "dist", "web", "tskeops.wasm")))
  console.log("prebuilds: no WebAssembly: npm run build:wasm makes it, with emscripten");
