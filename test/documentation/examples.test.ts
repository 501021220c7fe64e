// Every function that users import has an example in its documentation, and is called in a test. The examples of the
// data layer stand by themselves: they are compiled and run, and the values that they say must come out.
import { execFile } from "node:child_process";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { afterAll, describe, expect, it } from "vitest";

import { type Example, type StatedValue, syntaxErrors, writeModule } from "./example-module.ts";
import { entrySources, exportsOf } from "./package-entries.ts";
import { type PublicFunction, publicFunctions } from "./public-functions.ts";

const tests = join(import.meta.dirname, "..");
const testTexts = readdirSync(tests, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));

const functions = publicFunctions();
const titleOf = ({ entry, name }: PublicFunction): string => `${entry} ${name}`;

describe("every public function", () => {
  it("is found", () => {
    const some = ["workflow sleep", "workflow condition", "activity heartbeat", "worker createWorker", "common u8"];
    const more = ["testing replayHistories", "bundler findModuleState", "codec toWirePayload"];
    expect(functions.map(titleOf)).toEqual(expect.arrayContaining([...some, ...more]));
  });

  it("has an example that uses it", () => {
    const without = functions.filter(({ declared, examples }) => {
      return !examples.some((example) => new RegExp(String.raw`\b${declared}\b`).test(example));
    });
    expect(without.map(titleOf)).toEqual([]);
  });

  it("has examples that can be read", () => {
    const wrong = functions.flatMap((found) =>
      found.examples.flatMap(syntaxErrors).map((message) => `${titleOf(found)}: ${message}`),
    );
    expect(wrong).toEqual([]);
  });

  it("is called in a test", () => {
    const uncalled = functions.filter(({ name, declared }) => {
      const call = new RegExp(String.raw`\b(?:${name}|${declared})(?:<[^\n]*>)?\(`);
      return !testTexts.some((text) => call.test(text));
    });
    expect(uncalled.map(titleOf)).toEqual([]);
  });
});

/** The examples of the entries whose examples run, each once. */
function runnable(): readonly Example[] {
  const examples = functions
    .filter(({ entry }) => entry === "codec" || entry === "common")
    .flatMap((found) => found.examples.map((code) => [code, found.declared] as const));
  return [...new Map(examples)].map(([code, title]) => ({ title, code }));
}

/** What examples import: all of `holdfast/codec`, and what `holdfast/common` has besides. */
function importable(): ReadonlyMap<string, readonly string[]> {
  const taken = new Set<string>();
  return new Map(
    ["codec", "common"].map((entry) => {
      const source = entrySources().get(entry) ?? "";
      const names = [...exportsOf(source)].flatMap(([name, { isType }]) => (isType || taken.has(name) ? [] : [name]));
      for (const name of names) taken.add(name);
      return [source, names];
    }),
  );
}

describe("the examples of holdfast/codec and holdfast/common", () => {
  const examples = runnable();
  const { folder, path } = writeModule(examples, importable());
  afterAll(() => rmSync(folder, { recursive: true }));

  it("compile", async () => {
    const tsc = join(tests, "../node_modules/.bin/tsc");
    const compiled = promisify(execFile)(process.execPath, [tsc, "-p", folder]);
    // The compiler writes what is wrong to its output, and fails.
    const output = await compiled.then(
      ({ stdout }) => stdout,
      (error: unknown) => String(Reflect.get(Object(error), "stdout")),
    );
    expect(output).toBe("");
  }, 60_000);

  it.each(examples.map(({ title, code }, index) => [title, code, index] as const))("%s", async (_, code, index) => {
    const { examples: runs } = (await import(pathToFileURL(path).href)) as {
      readonly examples: readonly (() => Promise<readonly StatedValue[]>)[];
    };
    const values = (await runs[index]?.()) ?? [];
    // What comes of a Worker's variables is not for an example to say.
    expect(values.length > 0 || code.includes("env.")).toBe(true);
    for (const { statement, actual, stated } of values) expect(actual, statement).toEqual(stated);
  });
});
