// Copies the built addon to prebuilds/<platform>-<arch>, and the WebAssembly module to prebuilds, from where an installed
// package loads them: no install script needed.
import "./require-built.mjs";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "prebuilds", `${process.platform}-${process.arch}`);
mkdirSync(folder, { recursive: true });
copyFileSync(join(root, "build", "Release", "tskeops.node"), join(folder, "tskeops.node"));
console.log(`prebuilds: ${join(folder, "tskeops.node")}`);

const module = join(root, "build-wasm", "tskeops.wasm");
if (existsSync(module)) copyFileSync(module, join(root, "prebuilds", "tskeops.wasm"));
else console.log("prebuilds: no WebAssembly: npm run build:wasm makes it, with emscripten");
