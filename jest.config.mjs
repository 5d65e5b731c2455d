/** How jest runs the tests: TypeScript of the sources by swc, every file of tests in a context of its own. */

/**
 * What the language itself provides, handed to each module by name. In the contexts that jest makes, looking one of
 * these up as a global takes a third of a microsecond each time, and loops of sources and tests are full of `Math`.
 */
const LANGUAGE = [
  "Array ArrayBuffer BigInt Boolean DataView Error Float32Array Float64Array Infinity Int32Array JSON Map Math Number",
  "Object Promise Reflect RegExp Set String Symbol Uint32Array Uint8Array WeakMap WeakRef",
].flatMap((names) => names.split(" "));

export default {
  testEnvironment: "node",
  maxWorkers: "100%",
  sandboxInjectedGlobals: LANGUAGE,
  globalSetup: "<rootDir>/scripts/built.mjs",
  modulePathIgnorePatterns: ["<rootDir>/packages/", "<rootDir>/build-crossed/"],
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: { target: "es2022", parser: { syntax: "typescript" } },
        module: { type: "commonjs" },
        sourceMaps: "inline",
      },
    ],
  },
};
