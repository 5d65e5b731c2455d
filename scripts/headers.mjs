// Copies the headers of Node-API into headers/ with their licences, from where an installed package builds its addon
// (`npx tskeops build`); part of `npm pack`. A clone reads those of its node_modules.
import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { resolve } = createRequire(import.meta.url);

const PACKAGES = [
  { name: "node-addon-api", folder: ".", licence: "LICENSE.md" },
  { name: "node-api-headers", folder: "include", licence: "LICENSE" },
];

export function copyHeaders(to = join(root, "headers")) {
  mkdirSync(to, { recursive: true });
  for (const { name, folder, licence } of PACKAGES) {
    const from = dirname(resolve(`${name}/package.json`));
    for (const file of readdirSync(join(from, folder)).filter((each) => each.endsWith(".h")))
      cpSync(join(from, folder, file), join(to, file));
    cpSync(join(from, licence), join(to, `LICENSE-${name}`));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) copyHeaders();
