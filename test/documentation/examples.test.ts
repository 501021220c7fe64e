// Every function that users import has an example in its documentation, and is called in a test.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { type Declaration, declarationOf, entrySources, exportsOf, read } from "./package-entries.ts";

const tests = join(import.meta.dirname, "..");
const testTexts = readdirSync(tests, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));

/** The comments that stand before the overloads and the body of a function; undefined for what is no function. */
function functionComments({ source, name }: Declaration): string | undefined {
  const head = new RegExp(String.raw`(/\*\*(?:[^*]|\*(?!/))*\*/\n)?export (?:async )?function\*? ?${name}\b`, "g");
  const found = [...read(source).replaceAll("async function* ", "async function ").matchAll(head)];
  return found.length === 0 ? undefined : found.map(([, comment = ""]) => comment).join("");
}

interface PublicFunction {
  readonly name: string;
  readonly comments: string;
}

/** The functions of an entry. Those of the codec layer are for authors of codecs and converters. */
function functionsOf(entry: string, source: string): readonly PublicFunction[] {
  if (entry === "codec") return [];
  return [...exportsOf(source)].flatMap(([name, { isType }]) => {
    if (isType) return [];
    const declaration = declarationOf(source, name);
    const comments = functionComments(declaration);
    return comments === undefined || declaration.source.startsWith("src/codec/") ? [] : [{ name, comments }];
  });
}

const functions = [...entrySources()].flatMap(([entry, source]) =>
  functionsOf(entry, source).map((found) => ({ ...found, entry })),
);

describe("every public function", () => {
  it("is found", () => {
    const names = functions.map(({ entry, name }) => `${entry} ${name}`);
    const some = ["workflow sleep", "workflow condition", "activity heartbeat", "worker createWorker"];
    expect(names).toEqual(expect.arrayContaining([...some, "testing replayHistories", "bundler findModuleState"]));
  });

  it("has an example that uses it", () => {
    const without = functions.filter(({ name, comments }) => {
      const [, ...examples] = comments.split("@example");
      return !examples.some((example) => new RegExp(String.raw`\b${name}\b`).test(example));
    });
    expect(without.map(({ entry, name }) => `${entry} ${name}`)).toEqual([]);
  });

  it("is called in a test", () => {
    const uncalled = functions.filter(({ name }) => {
      const call = new RegExp(String.raw`\b${name}(?:<[^\n]*>)?\(`);
      return !testTexts.some((text) => call.test(text));
    });
    expect(uncalled.map(({ entry, name }) => `${entry} ${name}`)).toEqual([]);
  });
});
