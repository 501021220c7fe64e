// The public API's types: calls that must compile do, and each that must not is refused. A refusal is stated by
// `@ts-expect-error`, which is an error itself where there is nothing to refuse.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

const here = import.meta.dirname;
const compiler = join(here, "..", "..", "node_modules", ".bin", "tsc");
const declarations = readdirSync(here).filter((name) => name.endsWith(".test-d.ts"));
const planted = mkdtempSync(join(tmpdir(), "holdfast-types-"));

afterAll(() => rmSync(planted, { recursive: true }));

function compile(project: string): string {
  const { stdout, stderr } = spawnSync(compiler, ["-p", project], { encoding: "utf8" });
  return stdout + stderr;
}

describe("the types", () => {
  it("let through what is right and nothing else", { timeout: 120_000 }, () => {
    expect(declarations.length).toBeGreaterThan(0);
    expect(compile(here)).toBe("");
  });

  it("would be noticed if they let everything through", { timeout: 120_000 }, () => {
    const config = { extends: join(here, "tsconfig.json"), compilerOptions: { types: [] }, include: ["*.ts"] };
    writeFileSync(join(planted, "tsconfig.json"), JSON.stringify(config));
    // Where anything goes, an expected refusal does not come.
    const code =
      "const anything = (..._args: unknown[]): unknown => 0;\n// @ts-expect-error -- nothing is wrong here\nanything(1);\n";
    writeFileSync(join(planted, "loose.test-d.ts"), `${code}export {};\n`);
    expect(compile(planted)).toMatch(/loose\.test-d\.ts\(2,1\): error TS2578/);
  });
});
