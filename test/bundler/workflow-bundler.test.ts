/** Bundles of workflow code: instances of their own, what they share, and the imports they refuse. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { type BundleOptions, bundleWorkflowCode, RefusedImportsError } from "../../src/bundler/index.ts";
import { loadWorkflows, type WorkflowBundle } from "../../src/replay/workflow-bundle.ts";
import { sleep } from "../../src/sdk/workflow/index.ts";

const workflowApi = resolve(import.meta.dirname, "../../src/sdk/workflow/index.ts");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-bundler-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Writes files, by their paths in the folder of the test. */
function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** Bundles `workflows.ts` and loads the result. */
async function bundle(options: Partial<BundleOptions> = {}): Promise<WorkflowBundle> {
  const { outfile = join(folder, "out.bundle.js") } = options;
  await bundleWorkflowCode({ workflowsPath: join(folder, "workflows.ts"), ...options, outfile });
  const module = (await import(pathToFileURL(outfile).href)) as { default: WorkflowBundle };
  return module.default;
}

type Workflows = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** The workflow functions of one run. */
function instanceOf(source: WorkflowBundle): Workflows {
  return loadWorkflows(source).workflows as Workflows;
}

async function refusalOf(files: Readonly<Record<string, string>>, options: Partial<BundleOptions> = {}) {
  write(files);
  const error: unknown = await bundle(options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RefusedImportsError);
  const { refusedImports, message } = error as RefusedImportsError;
  const base = relative(process.cwd(), folder);
  return {
    chains: refusedImports.map(({ chain, specifier }) =>
      [...chain.map((path) => relative(base, path)), specifier].join(" -> "),
    ),
    message,
  };
}

describe("an instance", () => {
  it("has modules of its own, and the workflow API in common", async () => {
    write({
      "workflows.ts": `
        import { sleep } from ${JSON.stringify(workflowApi)};
        import { counter } from "./counter.ts";
        let calls = 0;
        export const api = () => sleep;
        export const up = () => [(calls += 1), (counter.n += 1)];`,
      "counter.ts": "export const counter = { n: 0 };",
    });
    const source = await bundle();
    const [one, other] = [instanceOf(source), instanceOf(source)];
    expect([one["up"]?.(), one["up"]?.(), other["up"]?.()]).toEqual([
      [1, 1],
      [2, 2],
      [1, 1],
    ]);
    expect([one["api"]?.(), other["api"]?.()]).toEqual([sleep, sleep]);
  });

  it("keeps what it assigns to the global object, and sees the platform's", async () => {
    write({
      "workflows.ts": `
        export const up = () => (globalThis.bundleTest = (globalThis.bundleTest ?? 0) + 1);
        export const seen = () => [typeof globalThis.structuredClone({}), globalThis.Date === Date,
          globalThis.self === globalThis, "Map" in globalThis, "bundleTest" in globalThis];
        export const take = () => delete globalThis.Date;`,
    });
    const source = await bundle();
    const [one, other] = [instanceOf(source), instanceOf(source)];
    expect([one["up"]?.(), one["up"]?.(), other["up"]?.()]).toEqual([1, 2, 1]);
    expect(Object.keys(globalThis)).not.toContain("bundleTest");
    expect(one["seen"]?.()).toEqual(["object", true, true, true, true]);
    expect(() => one["take"]?.()).toThrow(TypeError);
  });

  it("holds its interceptors, which share its modules", async () => {
    write({
      "workflows.ts": 'import { state } from "./state.ts"; export const read = () => state.made;',
      "state.ts": "export const state = { made: 0 };",
      "tracing.ts":
        'import { state } from "./state.ts"; export const interceptors = () => ((state.made += 1), { inbound: [] });',
      "none.ts": "export const nothing = 1;",
      "wrong.ts": "export const interceptors = [];",
    });
    const paths = (...names: string[]) => names.map((name) => join(folder, name));
    const { workflows, interceptors } = loadWorkflows(
      await bundle({ workflowInterceptorModules: paths("tracing.ts", "none.ts") }),
    );
    expect(interceptors.map((factory) => factory())).toEqual([{ inbound: [] }]);
    expect((workflows as Workflows)["read"]?.()).toBe(1);
    const wrong = await bundle({
      workflowInterceptorModules: paths("wrong.ts"),
      outfile: join(folder, "wrong.bundle.mjs"),
    });
    expect(() => loadWorkflows(wrong)).toThrow("interceptors must be exported as a function");
  });

  it("keeps the names of functions and classes, and of two classes of one name", async () => {
    write({
      "workflows.ts": `
        import { Refusal as Other } from "./other.ts";
        class Refusal extends Error {}
        export async function transfer() {}
        export const names = () => [transfer.name, Refusal.name, Other.name];`,
      "other.ts": "export class Refusal extends Error { code = 1 }",
    });
    expect(instanceOf(await bundle())["names"]?.()).toEqual(["transfer", "Refusal", "Refusal"]);
  });

  it("is evaluated anew where evaluation failed", async () => {
    write({ "workflows.ts": 'throw new RangeError("at load"); export const w = 1;' });
    const source = await bundle();
    expect(() => instanceOf(source)).toThrow(RangeError);
    expect(() => instanceOf(source)).toThrow("at load");
  });
});

describe("the written file", () => {
  it("has types beside it, and a source map to where code was written", async () => {
    write({ "workflows.ts": "// one\n// two\nexport function where() {\n  throw new Error('here');\n}\n" });
    await bundle();
    expect(readFileSync(join(folder, "out.bundle.d.ts"), "utf8")).toContain("WorkflowBundle");
    const text = readFileSync(join(folder, "out.bundle.js"), "utf8");
    const [, encoded = ""] = /base64,(.*)/.exec(text) ?? [];
    const map = new SourceMap(JSON.parse(Buffer.from(encoded, "base64").toString()) as SourceMapPayload);
    const line = text.split("\n").findIndex((each) => each.includes("throw new Error"));
    const entry = map.findEntry(line, 10);
    expect(entry).toMatchObject({ originalLine: 3 });
    expect("originalSource" in entry && entry.originalSource).toBe("workflows.ts");
  });

  it("is refused by a Holdfast of another version", () => {
    const other = { holdfastWorkflowBundle: 2, instantiate: () => ({}) };
    expect(() => loadWorkflows(other)).toThrow("make it anew");
  });

  it("may be handed over as a namespace", async () => {
    write({ "workflows.ts": "export const w = () => 1;" });
    const source = await bundle();
    expect(instanceOf({ default: source } as unknown as WorkflowBundle)["w"]?.()).toBe(1);
  });

  it("is left alone when nothing has changed, so that no watcher builds for ever", async () => {
    write({ "workflows.ts": "export const w = () => 1;" });
    const outfile = join(folder, "out.bundle.js");
    await bundle();
    chmodSync(outfile, 0o444);
    const before = statSync(outfile);
    await bundle();
    expect(statSync(outfile)).toMatchObject({ mtimeMs: before.mtimeMs, ino: before.ino });
    chmodSync(outfile, 0o644);
    write({ "workflows.ts": "export const w = () => 2;" });
    await bundle();
    expect(readFileSync(outfile, "utf8")).toContain("2");
  });

  it("must be a JavaScript file", async () => {
    write({ "workflows.ts": "export const w = () => 1;" });
    await expect(bundle({ outfile: join(folder, "out.ts") })).rejects.toThrow("must be a .js or .mjs file");
  });
});

describe("imports", () => {
  it("are refused with the way that leads to them, all at once", async () => {
    const { chains, message } = await refusalOf({
      "workflows.ts":
        'import { a } from "./a.ts"; import { env } from "cloudflare:workers"; export const w = [a, env];',
      "a.ts": 'import { b } from "./deep/b.ts"; export const a = b;',
      "deep/b.ts":
        'import { readFileSync } from "node:fs"; import { Client } from "holdfast/client"; export const b = [readFileSync, Client];',
    });
    expect(chains.toSorted()).toEqual([
      "workflows.ts -> a.ts -> deep/b.ts -> holdfast/client",
      "workflows.ts -> a.ts -> deep/b.ts -> node:fs",
      "workflows.ts -> cloudflare:workers",
    ]);
    expect(message).toContain("use it in an activity");
  });

  it.each([
    ["holdfast/activity", "import type"],
    ["holdfast/worker", "not for workflow code"],
    ["holdfast/testing", "not for workflow code"],
    ["holdfast/durable-objects", "not for workflow code"],
    ["@temporalio/workflow", "import from holdfast/workflow instead"],
    ["node:async_hooks", "exported by holdfast/workflow"],
    ["fs/promises", "not deterministic"],
    [resolve(import.meta.dirname, "../../src/sdk/client/index.ts"), "not for workflow code"],
  ])("of %s are refused", async (specifier, reason) => {
    const { chains, message } = await refusalOf({
      "workflows.ts": `import * as it from ${JSON.stringify(specifier)}; export const w = () => it;`,
    });
    expect(chains).toEqual([`workflows.ts -> ${specifier}`]);
    expect(message).toContain(reason);
  });

  it("of types only are no imports", async () => {
    write({
      "workflows.ts":
        'import type * as activities from "./activities.ts"; export const w = (a: typeof activities) => a;',
      "activities.ts": 'import { readFileSync } from "node:fs"; export const read = readFileSync;',
    });
    expect(instanceOf(await bundle())["w"]?.("an argument")).toBe("an argument");
  });

  it("of deterministic modules of Node.js are shared, by both spellings", async () => {
    write({
      "workflows.ts": `
        import assert from "assert"; import { inspect } from "node:util"; import * as url from "url";
        export const w = () => { assert(true); return inspect({ a: 1 }) + typeof url.URL; };`,
    });
    expect(instanceOf(await bundle())["w"]?.()).toBe("{ a: 1 }function");
  });

  it("that misspell an export fail when the bundle is made", async () => {
    write({ "workflows.ts": `import { slep } from ${JSON.stringify(workflowApi)}; export const w = () => slep;` });
    await expect(bundle()).rejects.toThrow("slep");
  });

  it("of packages can be shared, or replaced by empty modules", async () => {
    const count = (format: string) => `let n = 0; ${format} = () => (n += 1);`;
    write({
      "workflows.ts": `
        import { up } from "stateful"; import old from "stateful-cjs"; import { up as own } from "own"; import * as gone from "gone";
        export const w = () => [up(), old.up(), own(), Object.keys(gone.default)];`,
      "node_modules/stateful/package.json": '{"type":"module","exports":"./index.js"}',
      "node_modules/stateful/index.js": count("export const up"),
      "node_modules/stateful-cjs/index.js": count("exports.up"),
      "node_modules/own/package.json": '{"type":"module","exports":"./index.js"}',
      "node_modules/own/index.js": count("export const up"),
      "node_modules/gone/index.js": 'require("node:child_process");',
    });
    const source = await bundle({ preloadModules: ["stateful", "stateful-cjs"], ignoreModules: ["gone"] });
    expect(instanceOf(source)["w"]?.()).toEqual([1, 1, 1, []]);
    expect(instanceOf(source)["w"]?.()).toEqual([2, 2, 1, []]);
  });

  it("with top-level await cannot be evaluated synchronously", async () => {
    write({ "workflows.ts": "export const w = await Promise.resolve(1);" });
    await expect(bundle()).rejects.toThrow("Top-level await");
  });
});
