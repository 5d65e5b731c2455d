#!/usr/bin/env node
/** The command `tskeops`, for `npx tskeops doctor`. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { doctorText } from "./doctor";
import { version } from "./version";

const USAGE = `Usage: npx tskeops COMMAND

  doctor      what this machine has for tskeops, how fast it is here, and what would make it faster
  build       builds the native addon from the sources in the package; needs cmake, make and a C++20 compiler
  --version   the version of tskeops
`;

const print = (text: string): void => void process.stdout.write(`${text.trimEnd()}\n`);

const COMMANDS: Readonly<Record<string, () => void>> = {
  doctor: () => print(doctorText()),
  build: buildAddon,
  "--version": () => print(version),
  "--help": () => print(USAGE),
};

/** As `npm run build:native` does it in a clone. */
function buildAddon(): void {
  const script = join(__dirname, "..", "scripts", "build-native.mjs");
  if (!existsSync(script)) throw new Error(`expected the package with its sources, got no ${script}`);
  const { status } = spawnSync(process.execPath, [script], { stdio: "inherit" });
  process.exitCode = status ?? 1;
  if (status === 0) print("tskeops: the addon is built; `npx tskeops doctor` tells how fast it is");
}

function refuse(names: readonly string[]): void {
  process.stderr.write(`tskeops: expected a command, got ${names.join(" ")}\n\n${USAGE}`);
  process.exitCode = 2;
}

function main(names: readonly string[]): void {
  const [name = "--help", ...rest] = names;
  // Whatever the environment says wrongly is told without a stack.
  process.once("uncaughtException", ({ message }) => {
    process.stderr.write(`tskeops ${name}: ${message}\n`);
    process.exitCode = 1;
  });
  const command = rest.length === 0 && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command) command();
  else refuse(names);
}

main(process.argv.slice(2));
