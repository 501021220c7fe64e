/**
 * Examples of documentation as code that runs.
 *
 * Owns: the module made of them. A statement with a comment behind it says its value: `msToNumber("1 minute"); // 60000`
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parseSync } from "oxc-parser";

const root = join(import.meta.dirname, "../..");

/** What the examples name without declaring it: the bindings of a Worker, and workflows of the reader's own. */
const SURROUNDINGS = `
const env = { HOLDFAST_ENCRYPTION_KEYS: "k1:" + btoa("0123456789abcdef0123456789abcdef") };
async function transfer(amount: number): Promise<number> { return amount; }
void [env, transfer];
`;

export interface Example {
  readonly title: string;
  readonly code: string;
}

/** A value that an example computes, and the one that it says. */
export interface StatedValue {
  readonly statement: string;
  readonly actual: unknown;
  readonly stated: unknown;
}

/** What is wrong with the syntax of an example. */
export function syntaxErrors(code: string): readonly string[] {
  return parseSync("example.mts", code).errors.map(({ message }) => message);
}

/** The example as the body of a function that answers its stated values. */
function bodyOf(code: string): string {
  const { program } = parseSync("example.mts", code);
  let body = "";
  let position = 0;
  for (const statement of program.body) {
    if (statement.type !== "ExpressionStatement") continue;
    const { start, end, expression } = statement;
    const stated = /^[ \t]*\/\/ (.*)$/m.exec(code.slice(end).split("\n")[0] ?? "")?.[1];
    if (stated === undefined) continue;
    const actual = code.slice(expression.start, expression.end);
    const text = `values.push({ statement: ${JSON.stringify(actual)}, actual: ${actual}, stated: ${stated} });`;
    body += code.slice(position, start) + text;
    position = end + (code.slice(end).split("\n")[0]?.length ?? 0);
  }
  return body + code.slice(position);
}

/** The names that a module exports which the examples use, as an import. */
function importOf(source: string, names: readonly string[], code: string): string {
  const used = names.filter((name) => new RegExp(String.raw`\b${name}\b`).test(code));
  return `import { ${used.join(", ")} } from ${JSON.stringify(join(root, source))};\n`;
}

/**
 * Writes the module, in a folder of its own with the settings to compile it by; each example is a function of `examples`.
 * `exported` says which names to import from which sources.
 */
export function writeModule(
  examples: readonly Example[],
  exported: ReadonlyMap<string, readonly string[]>,
): { readonly folder: string; readonly path: string } {
  const bodies = examples.map(
    ({ code }, index) => `async function example${index}(): Promise<StatedValue[]> {
  const values: StatedValue[] = [];
  ${bodyOf(code)}
  return values;
}`,
  );
  const code = bodies.join("\n");
  const imports = [...exported].map(([source, names]) => importOf(source, names, code)).join("");
  const list = `export const examples = [${examples.map((_, index) => `example${index}`).join(", ")}];`;
  const type = "interface StatedValue { statement: string; actual: unknown; stated: unknown }";
  const folder = mkdtempSync(join(tmpdir(), "holdfast-examples-"));
  const path = join(folder, "examples.ts");
  writeFileSync(path, [imports, SURROUNDINGS, type, code, list, ""].join("\n"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const compilerOptions = {
    // Examples show what a call looks like; not every result is used.
    noUnusedLocals: false,
    rewriteRelativeImportExtensions: false,
    types: ["@cloudflare/workers-types", "node"],
    typeRoots: [join(root, "node_modules"), join(root, "node_modules/@types")],
  };
  const settings = { extends: join(root, "tsconfig.json"), compilerOptions, include: ["examples.ts"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
  return { folder, path };
}
