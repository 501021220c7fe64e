/** The command `holdfast-bundle`: what it writes, what it says, and how it ends. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

const cli = resolve(import.meta.dirname, "../../src/bundler/cli.ts");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
  writeFileSync(join(folder, "workflows.ts"), "export async function w() {}\n");
  writeFileSync(join(folder, "stateful.ts"), "let n = 0;\nexport async function w() { n += 1; }\n");
  writeFileSync(join(folder, "wrong.ts"), 'import "node:fs";\nexport async function w() {}\n');
});

afterAll(() => rmSync(folder, { recursive: true }));

function holdfastBundle(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8" });
  return { status, stdout, stderr };
}

it("writes a bundle where it is told to", () => {
  expect(holdfastBundle("workflows.ts", "--out", "out/workflows.bundle.js")).toMatchObject({
    status: 0,
    stdout: "out/workflows.bundle.js: 1 modules\n",
  });
  expect(existsSync(join(folder, "out/workflows.bundle.js"))).toBe(true);
  expect(existsSync(join(folder, "out/workflows.bundle.d.ts"))).toBe(true);
});

it("fails for imports that workflow code must not have, and writes nothing", () => {
  const { status, stderr } = holdfastBundle("wrong.ts", "--out", "wrong.bundle.js");
  expect(status).toBe(1);
  expect(stderr).toContain("wrong.ts -> node:fs");
  expect(existsSync(join(folder, "wrong.bundle.js"))).toBe(false);
});

it("checks modules for state, and says where it is", () => {
  expect(holdfastBundle("check", "workflows.ts").status).toBe(0);
  const { status, stderr } = holdfastBundle("check", "workflows.ts", "stateful.ts");
  expect(status).toBe(1);
  expect(stderr).toContain('stateful.ts:1:5 "n" is kept by the module and gets another value in line 2');
});

it("says how it is used when it cannot tell what to do", () => {
  for (const args of [[], ["workflows.ts"], ["check"], ["workflows.ts", "stateful.ts", "--out", "o.js"]]) {
    const { status, stderr } = holdfastBundle(...args);
    expect(status).toBe(2);
    expect(stderr).toContain("holdfast-bundle <workflows> --out <file>");
  }
});
