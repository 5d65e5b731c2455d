#!/usr/bin/env node
/** The command `tskeops`, for `npx tskeops doctor`. */
import { doctorText } from "./doctor";
import { version } from "./version";

const USAGE = `Usage: npx tskeops COMMAND

  doctor      what this machine has for tskeops, how fast it is here, and what would make it faster
  --version   the version of tskeops
`;

const COMMANDS: Readonly<Record<string, () => string>> = {
  doctor: doctorText,
  "--version": () => version,
  "--help": () => USAGE,
};

function main(names: readonly string[]): void {
  const [name = "--help", ...rest] = names;
  // Whatever the environment says wrongly is told without a stack.
  process.once("uncaughtException", ({ message }) => {
    process.stderr.write(`tskeops ${name}: ${message}\n`);
    process.exitCode = 1;
  });
  const command = rest.length === 0 && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command) process.stdout.write(`${command().trimEnd()}\n`);
  else process.stderr.write(`tskeops: expected a command, got ${names.join(" ")}\n\n${USAGE}`);
  process.exitCode = command ? 0 : 2;
}

main(process.argv.slice(2));
