// Does the lint run refuse what the table of layers forbids, and nothing else?
//
// Each row plants one file in a folder tree outside the project, under the path it would have inside, and lints it with
// the project's own configuration. One lint run covers all rows: a row is told apart by its file name.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

const project = join(import.meta.dirname, "..", "..");

/** A planted file, and the rule that must refuse it; no rule for a legal one. */
interface Row {
  readonly path: string;
  readonly code: string;
  readonly refusedBy?: string;
}

const restricted = "eslint(no-restricted-imports)";

/** One import per other layer or module, as the row for `from` in the table of layers has it. */
const table: Readonly<Record<string, { readonly may: readonly string[]; readonly mayNot: readonly string[] }>> = {
  core: {
    may: ["core"],
    mayNot: [
      "bundler",
      "codec",
      "replay",
      "sdk",
      "durable-objects",
      "worker",
      "cloudflare:workers",
      "node:async_hooks",
      "ms",
    ],
  },
  codec: {
    may: ["core", "codec", "ms"],
    mayNot: ["bundler", "replay", "sdk", "durable-objects", "worker", "cloudflare:workers", "node:crypto", "hono"],
  },
  replay: {
    may: ["core", "codec", "replay", "node:async_hooks"],
    mayNot: ["bundler", "sdk", "durable-objects", "worker", "cloudflare:workers", "node:fs", "hono"],
  },
  sdk: {
    may: ["core", "codec", "replay", "sdk", "ms"],
    mayNot: ["bundler", "durable-objects", "worker", "cloudflare:workers", "node:fs", "hono"],
  },
  "durable-objects": {
    may: ["core", "durable-objects", "cloudflare:workers"],
    mayNot: ["bundler", "codec", "replay", "sdk", "worker", "node:async_hooks", "hono", "ms"],
  },
  worker: {
    may: ["core", "codec", "replay", "sdk", "worker", "cloudflare:workers", "hono"],
    mayNot: ["bundler", "durable-objects", "node:fs"],
  },
  bundler: {
    may: ["bundler", "node:fs", "esbuild"],
    mayNot: ["core", "codec", "replay", "sdk", "durable-objects", "worker", "cloudflare:workers", "hono"],
  },
};

const isLayer = (target: string): boolean => target in table;
const fileName = (text: string): string => text.replaceAll(/[^a-z]+/g, "-");

/** The rows of the table: every import from a file of the layer itself and from one in a folder inside it. */
const importRows: Row[] = Object.entries(table).flatMap(([layer, { may, mayNot }]) =>
  [...may, ...mayNot].flatMap((target) =>
    [0, 1].map((depth): Row => {
      const path = `src/${layer}/${depth === 0 ? "" : "inside/"}imports-${fileName(target)}.ts`;
      const specifier = isLayer(target) ? `${"../".repeat(depth + 1)}${target}/target.ts` : target;
      const code = `import { it } from "${specifier}";\nexport const used = [it];\n`;
      return mayNot.includes(target) ? { path, code, refusedBy: restricted } : { path, code };
    }),
  ),
);

const otherImportRows: Row[] = [
  {
    path: "src/sdk/opentelemetry/traces.ts",
    code: 'import { trace } from "@opentelemetry/api";\nexport const used = [trace];\n',
  },
  {
    path: "src/sdk/client/traces.ts",
    code: 'import { trace } from "@opentelemetry/api";\nexport const used = [trace];\n',
    refusedBy: restricted,
  },
  {
    path: "src/worker/type-of-durable-objects.ts",
    code: 'import type { It } from "../durable-objects/target.ts";\nexport type Used = It;\n',
  },
  {
    path: "src/durable-objects/type-of-sdk.ts",
    code: 'import type { It } from "../sdk/target.ts";\nexport type Used = It;\n',
    refusedBy: restricted,
  },
  {
    path: "src/durable-objects/passes-on-codec.ts",
    code: 'export * from "../codec/target.ts";\n',
    refusedBy: restricted,
  },
  {
    path: "src/durable-objects/loads-codec.ts",
    code: 'export const load = () => import("../codec/target.ts");\n',
    refusedBy: restricted,
  },
  {
    path: "src/durable-objects/names-type-of-codec.ts",
    code: 'export type Used = import("../codec/target.ts").It;\n',
    refusedBy: "typescript(consistent-type-imports)",
  },
  {
    path: "src/core/by-way-of-src.ts",
    code: 'import { it } from "../../src/codec/target.ts";\nexport const used = [it];\n',
    refusedBy: restricted,
  },
  {
    path: "src/core/imports-a-test.ts",
    code: 'import { it } from "../../test/target.ts";\nexport const used = [it];\n',
    refusedBy: restricted,
  },
  ...["client", "activity", "testing"].map((folder) => ({
    path: `src/sdk/workflow/imports-${folder}.ts`,
    code: `import { it } from "../${folder}/target.ts";\nexport const used = [it];\n`,
    refusedBy: restricted,
  })),
  {
    path: "src/sdk/workflow/type-of-client.ts",
    code: 'import type { It } from "../client/target.ts";\nexport type Used = It;\n',
  },
  {
    path: "src/sdk/workflow/imports-common.ts",
    code: 'import { it } from "../common/target.ts";\nexport const used = [it];\n',
  },
];

const ruleRows: Row[] = [
  ...["Date.now()", "new Date()", "crypto.randomUUID()", "performance.now()", "Promise.resolve"].map((code) => ({
    path: `src/core/uses-${fileName(code.toLowerCase())}.ts`,
    code: `export const used = [${code}];\n`,
    refusedBy: "eslint(no-restricted-globals)",
  })),
  {
    path: "src/core/uses-set-timeout.ts",
    code: "export const used = [setTimeout];\n",
    refusedBy: "eslint(no-restricted-globals)",
  },
  {
    path: "src/core/uses-math-random.ts",
    code: "export const used = [Math.random()];\n",
    refusedBy: "eslint(no-restricted-properties)",
  },
  { path: "src/core/uses-math-max.ts", code: "export const used = [Math.max(1, 2)];\n" },
  { path: "src/codec/uses-crypto.ts", code: "export const used = [crypto.randomUUID()];\n" },
  {
    path: "src/core/cycle-of-types-a.ts",
    code: 'import type { B } from "./cycle-of-types-b.ts";\nexport type A = B | 1;\n',
    refusedBy: "import(no-cycle)",
  },
  {
    path: "src/core/cycle-of-types-b.ts",
    code: 'import type { A } from "./cycle-of-types-a.ts";\nexport type B = A | 2;\n',
    refusedBy: "import(no-cycle)",
  },
  {
    path: "src/codec/forgets-a-promise.ts",
    code: "export function forget(work: () => Promise<number>): void {\n  work();\n}\n",
    refusedBy: "typescript(no-floating-promises)",
  },
  {
    path: "src/core/forgets-a-case.ts",
    code: 'export function rank(of: "a" | "b"): number {\n  switch (of) {\n    case "a":\n      return 1;\n  }\n  return 2;\n}\n',
    refusedBy: "typescript(switch-exhaustiveness-check)",
  },
  {
    path: "src/core/returns-from-every-case.ts",
    code: 'export function rank(of: "a" | "b"): number {\n  switch (of) {\n    case "a":\n      return 1;\n    case "b":\n      return 2;\n  }\n}\n',
  },
  {
    path: "src/sdk/any.ts",
    code: "export function used(value: any): boolean {\n  return value === 1;\n}\n",
    refusedBy: "typescript(no-explicit-any)",
  },
  {
    path: "src/core/long-file.ts",
    code: `// Long.\n${"export {};\n".replace("export {};", "// line").repeat(500)}export const used = 1;\n`,
    refusedBy: "eslint(max-lines)",
  },
  {
    path: "src/core/long-function.ts",
    code: `export function used(on: string[]): void {\n${'  on.push("line");\n'.repeat(70)}}\n`,
    refusedBy: "eslint(max-lines-per-function)",
  },
  {
    path: "test/core/sleeps.test.ts",
    code: "setTimeout(() => undefined, 1);\n",
    refusedBy: "eslint(no-restricted-globals)",
  },
  {
    path: "test/core/sleeps-by-import.test.ts",
    code: 'import { setTimeout } from "node:timers/promises";\nexport const used = [setTimeout];\n',
    refusedBy: restricted,
  },
  { path: "test/workers/one/sleeps.test.ts", code: "setTimeout(() => undefined, 1);\n" },
  { path: "test/crash/sleeps.test.ts", code: "setTimeout(() => undefined, 1);\n" },
];

/** What the planted imports point at. Legal everywhere. */
const targets: Row[] = [...Object.keys(table), "sdk/client", "sdk/activity", "sdk/testing", "sdk/common"].map(
  (folder) => ({ path: `src/${folder}/target.ts`, code: "export const it = 1;\nexport type It = number;\n" }),
);

const rows: Row[] = [...importRows, ...otherImportRows, ...ruleRows];

let planted = "";
/** The rules that refused each planted file, by its path. */
let refusals: ReadonlyMap<string, ReadonlySet<string>> = new Map();

beforeAll(() => {
  planted = mkdtempSync(join(tmpdir(), "holdfast-layers-"));
  copyFileSync(join(project, ".oxlintrc.json"), join(planted, ".oxlintrc.json"));
  copyFileSync(join(project, "tsconfig.json"), join(planted, "tsconfig.json"));
  symlinkSync(join(project, "node_modules"), join(planted, "node_modules"), "dir");
  for (const { path, code } of [...targets, ...rows]) {
    mkdirSync(dirname(join(planted, path)), { recursive: true });
    writeFileSync(join(planted, path), code);
  }
  refusals = lint(planted);
}, 60_000);

afterAll(() => {
  rmSync(planted, { recursive: true, force: true });
});

/** Runs the project's linter, with its own settings, in a folder. */
function lint(folder: string): Map<string, Set<string>> {
  const oxlint = join(project, "node_modules", "oxlint", "bin", "oxlint");
  const run = spawnSync(process.execPath, [oxlint, "--type-aware", "--format", "json"], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const report = JSON.parse(run.stdout) as { diagnostics: { filename: string; code: string }[] };
  const found = new Map<string, Set<string>>();
  for (const { filename, code } of report.diagnostics) {
    found.set(filename, (found.get(filename) ?? new Set()).add(code));
  }
  return found;
}

describe("lint refuses", () => {
  it.each(rows.filter(({ refusedBy }) => refusedBy !== undefined))("$path by $refusedBy", ({ path, refusedBy }) => {
    expect([...(refusals.get(path) ?? [])]).toContain(refusedBy);
  });
});

describe("lint accepts", () => {
  it.each([...targets, ...rows.filter(({ refusedBy }) => refusedBy === undefined)])("$path", ({ path }) => {
    expect([...(refusals.get(path) ?? [])]).toEqual([]);
  });
});
