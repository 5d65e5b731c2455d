// Removes what builds make, so that a package never holds files of deleted sources.
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
for (const folder of ["dist", "build", "build-wasm", "build-crossed", "packages", "native/generated", "headers"])
  rmSync(join(root, folder), { recursive: true, force: true });
