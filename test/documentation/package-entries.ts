/**
 * What the package exports, read off its sources.
 *
 * Owns: the way from an entry of the package to the file that declares a name. Every entry is a list of names.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { parseSync, type StaticExportEntry } from "oxc-parser";

const root = join(import.meta.dirname, "../..");

/** The text of a file of the project. */
export function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** The sources of the package's entries by their names, `workflow` for `holdfast/workflow`. */
export function entrySources(): ReadonlyMap<string, string> {
  const { exports } = JSON.parse(read("package.json")) as {
    readonly exports: Readonly<Record<string, string | { readonly import: string }>>;
  };
  return new Map(
    Object.entries(exports).flatMap(([name, target]) =>
      typeof target === "string"
        ? []
        : [[name.slice("./".length), target.import.replace("./dist/", "src/").replace(/\.js$/, ".ts")] as const],
    ),
  );
}

/** What a source exports, by name. */
export function exportsOf(source: string): ReadonlyMap<string, StaticExportEntry> {
  const { staticExports } = parseSync(source, read(source)).module;
  return new Map(staticExports.flatMap(({ entries }) => entries).map((entry) => [entry.exportName.name ?? "*", entry]));
}

export interface Declaration {
  readonly source: string;
  readonly name: string;
}

/** Where an exported name is declared, and under which name. */
export function declarationOf(source: string, name: string): Declaration {
  const exported = exportsOf(source).get(name);
  if (exported === undefined) throw new Error(`${source} does not export ${name}.`);
  const { moduleRequest, importName, localName } = exported;
  if (moduleRequest === null) return { source, name: localName.name ?? name };
  return declarationOf(join(dirname(source), moduleRequest.value), importName.name ?? name);
}
