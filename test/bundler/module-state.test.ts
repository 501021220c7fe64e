/** The search for module state: what it reports, and what it leaves alone. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { findModuleState } from "../../src/bundler/index.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-state-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** The findings in a workflow module, as `kind name line changed-at-line`. */
async function stateIn(text: string): Promise<string[]> {
  const findings = await findModuleState([write("workflows.ts", text)]);
  return findings.map(({ kind, name, line, changedAtLine }) => `${kind} ${name} ${line} ${changedAtLine}`);
}

describe("state that functions change", () => {
  it.each([
    ["a variable", "let count = 0;\nexport async function w() { count += 1; return count; }", "reassigned count 1 2"],
    ["a counter", "let count = 0;\nexport const w = async () => count++;", "reassigned count 1 2"],
    ["a var in a block", "{ var seen = 0; }\nexport function w() { seen = 1; }", "reassigned seen 1 2"],
    ["a pattern", "let a = 0, b = 0;\nexport function w() { [a, { b }] = [1, { b: 2 }]; }", "reassigned a 1 2"],
    ["a loop", "let last;\nexport function w(xs: number[]) { for (last of xs); }", "reassigned last 1 2"],
    [
      "a map",
      "const cache = new Map<string, number>();\nexport function w() { cache.set('a', 1); }",
      "mutated cache 1 2",
    ],
    ["a list", "const all: number[] = [];\nexport function w() { (all as number[]).push(1); }", "mutated all 1 2"],
    ["a field", "const state = { n: 0 };\nexport function w() { state.n = 1; }", "mutated state 1 2"],
    ["something deep", "const s = { a: [{ n: 0 }] };\nexport function w() { s.a[0]!.n++; }", "mutated s 1 2"],
    ["a deletion", "const s: Record<string, 1> = {};\nexport function w() { delete s.a; }", "mutated s 1 2"],
    ["Object.assign", "const s = {};\nexport function w() { Object.assign(s, { a: 1 }); }", "mutated s 1 2"],
    ["a static", "class C { static n = 0; }\nexport function w() { C.n += 1; }", "mutated C 1 2"],
    [
      "a static through this",
      "class C { static #n = 0;\nstatic next() { return ++this.#n; } }\nexport const w = () => C.next();",
      "mutated C 1 2",
    ],
    ["a function's property", "export function w() {\nw.calls = 1; }\nw.calls = 0;", "mutated w 1 2"],
    [
      "a generator",
      "const ids = (function* () { yield 1; })();\nexport function w() { return ids.next(); }",
      "mutated ids 1 2",
    ],
    [
      "a closure made at load",
      "const next = (() => { let n = 0;\nreturn () => ++n; })();\nexport const w = () => next();",
      "reassigned n 1 2",
    ],
    [
      "an instance",
      "class C { n = 0; up() { this.n += 1; } }\nconst c = new C();\nexport function w() { c.up(); }",
      "mutated c 2 3",
    ],
    ["a regular expression", "const re = /a/g;\nexport function w(s: string) { return re.test(s); }", "mutated re 1 2"],
    ["a global", "export function w() {\n(globalThis as any).seen = true; }", "global globalThis 2 2"],
    ["a prototype", "\n(Array.prototype as any).last = 1;\nexport function w() {}", "global Array 2 2"],
    [
      "a Trigger",
      'import { Trigger } from "holdfast/workflow";\nconst t = new Trigger<void>();\nexport function w() { t.resolve(); }',
      "mutated t 2 3",
    ],
  ])("reports %s", async (_, text, finding) => {
    expect((await stateIn(text))[0]).toBe(finding);
  });

  it("reports it once, however often it is changed", async () => {
    expect(await stateIn("let n = 0;\nexport function w() { n++; n++; }\nexport function v() { n = 0; }")).toEqual([
      "reassigned n 1 2",
    ]);
  });

  it("looks into what workflow modules import, and at what is changed in imports", async () => {
    write("counter.ts", "export const counter = { n: 0 };\nlet calls = 0;\nexport function up() { calls += 1; }");
    const text = 'import { counter, up } from "./counter.ts";\nexport function w() {\nup(); counter.n += 1; }';
    const found = await stateIn(text);
    expect(found.toSorted()).toEqual(["mutated counter 3 3", "reassigned calls 2 3"]);
  });
});

describe("what is no state of the module", () => {
  it.each([
    ["locals", "export function w() { let n = 0; n += 1; const l = []; l.push(n); return l; }"],
    ["shadowed names", "const n = [1];\nexport function w(n: number[]) { n.push(1); { const n = {a: 1}; n.a = 2; } }"],
    [
      "what is read",
      "const names = ['a']; const m = new Map([[1, 2]]);\nexport const w = () => names.map((x) => x + m.get(1));",
    ],
    [
      "what is filled at load",
      "const m = new Map<string, number>();\nfor (const k of ['a']) m.set(k, 1);\n['b'].forEach((k) => m.set(k, 2));\nexport const w = () => m.get('a');",
    ],
    [
      "fields of instances",
      "class C { n = 0; up() { this.n += 1; } }\nexport function w() { const c = new C(); c.up(); return c.n; }",
    ],
    [
      "stateless instances",
      "class C { up(n: number) { return n + 1; } }\nconst c = new C(); const t = new TextEncoder();\nexport const w = () => [c.up(1), t.encode('')];",
    ],
    ["a regular expression without memory", "const re = /a/i;\nexport const w = (s: string) => re.test(s);"],
    [
      "definitions",
      'import { defineSignal, proxyActivities, log } from "holdfast/workflow";\nexport const s = defineSignal("s");\nconst { a } = proxyActivities<{ a(): Promise<void> }>({ startToCloseTimeout: 1 });\nexport async function w() { await a(); log.info("x"); }',
    ],
    [
      "activities with the names of changing methods",
      'import { proxyActivities } from "holdfast/workflow";\nconst a = proxyActivities<{ add(): Promise<void> }>({ startToCloseTimeout: 1 });\nexport const w = () => a.add();',
    ],
    ["types", "interface S { n: number }\ndeclare let n: S;\nexport type T = S;\nexport const w = () => 1;"],
  ])("leaves %s alone", async (_, text) => {
    expect(await stateIn(text)).toEqual([]);
  });
});

describe("a comment", () => {
  it("accepts a finding beside the declaration or the change, if it gives a reason", async () => {
    const change = "export function w() { n += 1; }";
    expect(await stateIn(`// holdfast-allow-module-state: counts calls for a log line\nlet n = 0;\n${change}`)).toEqual(
      [],
    );
    expect(await stateIn(`let n = 0;\n${change} // holdfast-allow-module-state: a log line`)).toEqual([]);
    expect(await stateIn(`// holdfast-allow-module-state:\nlet n = 0;\n${change}`)).toEqual(["reassigned n 2 3"]);
  });
});
