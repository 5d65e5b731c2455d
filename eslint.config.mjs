// Strict, type-aware rules for the library; plain JavaScript rules for the scripts.
import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";
import { importRules } from "./eslint.imports.mjs";

const restricted = [
  { selector: "ExportDefaultDeclaration", message: "No default exports: a name is searched for, a default is not." },
  { selector: "TSExportAssignment", message: "No `export =`: a name is searched for." },
];

const nodeGlobals = Object.fromEntries(
  [
    "console",
    "process",
    "Buffer",
    "URL",
    "setTimeout",
    "clearTimeout",
    "setImmediate",
    "AbortSignal",
    "performance",
    "window",
    "require",
    "module",
    "__dirname",
  ].map((name) => [name, "readonly"]),
);

export default defineConfig(
  {
    ignores: [
      "build-wasm/",
      "dist/",
      "build/",
      "build-crossed/",
      "packages/",
      "coverage/",
      "**/node_modules/",
      "notebooks/out/",
      "test/web/bundles/out-*/",
      "docs/reference/",
      "docs/.vitepress/{pages,cache,dist}/",
    ],
  },
  js.configs.recommended,
  {
    files: ["**/*.{ts,mts}"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: "./test/tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      "no-restricted-syntax": ["error", ...restricted],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-non-null-assertion": "off", // with noUncheckedIndexedAccess, `a[i]!` says: i is in range
      "@typescript-eslint/no-unsafe-enum-assignment": "off", // categories are numbers of the formula language, `depends` are bits
    },
  },
  {
    files: ["src/**/*.{ts,mts}"],
    rules: {
      "no-console": "error",
      "max-lines": ["error", { max: 300, skipBlankLines: true }],
      "prefer-rest-params": "off", // a rest parameter that only refuses would stand in signatures that users read
    },
  },
  ...importRules(restricted),
  { files: ["src/browser/*.ts"], rules: { "no-console": "off" } }, // where pages tell their developers
  {
    files: [
      "src/formula/{core,maths,functions,vectors,complex,special,reductions}.ts",
      "src/lazytensor/methods.ts",
      "src/nd/rows.ts",
    ], // tables, one row per operation or reduction
    rules: { "max-lines": "off" },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/no-unsafe-assignment": "off", // expect.stringContaining and its kin are `any`
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/unbound-method": "off", // what a test says about a type never runs
    },
  },
  {
    files: ["**/*.{js,mjs,cjs}"],
    languageOptions: { globals: nodeGlobals },
  },
);
