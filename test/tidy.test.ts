// What no lint rule says about the sources. The limits on file and function length are lint rules: see .oxlintrc.json.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

/** The paths of the TypeScript files under a folder of the project, `/` between folders. */
function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted();
}

/** The lines of a file that match, as `path:line`. */
function linesMatching(path: string, pattern: RegExp): string[] {
  return readFileSync(join(root, path), "utf8")
    .split("\n")
    .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
}

const comment = /^\s*(\/\/|\/?\*)/;

describe("every source file", () => {
  it("leaves nothing to do later", () => {
    const laterMarks = /\b(TODO|FIXME|XXX|HACK)\b/;
    expect(sourcesIn("src").flatMap((path) => linesMatching(path, laterMarks))).toEqual([]);
  });

  it("imports statically, so that the layers can be read off the import lines", () => {
    const found = sourcesIn("src").flatMap((path) => linesMatching(path, /\bimport\(|\brequire\(/));
    expect(found.filter((line) => !comment.test(line.slice(line.indexOf(": ") + 2)))).toEqual([]);
  });
});

describe("every file of the core", () => {
  it("opens with a comment that says what the file owns", () => {
    const bare = sourcesIn("src/core").filter((path) => !/^(\/\/|\/\*)/.test(readFileSync(join(root, path), "utf8")));
    expect(bare).toEqual([]);
  });

  it("is synchronous", () => {
    const found = sourcesIn("src/core").flatMap((path) => linesMatching(path, /\basync\b|\bawait\b/));
    expect(found.filter((line) => !comment.test(line.slice(line.indexOf(": ") + 2)))).toEqual([]);
  });
});

describe("the lockfile", () => {
  it("names no registry", () => {
    expect(linesMatching("package-lock.json", /"resolved": "\w+:/)).toEqual([]);
  });

  it("holds every platform's binaries, so that npm ci works on each of them", () => {
    const lock: unknown = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
    expect(absentOptionalPackages(lock as Lockfile)).toEqual([]);
  });
});

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
}

/** Optional dependencies that the lockfile mentions but does not hold, each as `dependent -> dependency`. */
function absentOptionalPackages({ packages }: Lockfile): string[] {
  const isHeld = (dependent: string, dependency: string): boolean => {
    for (let folder = dependent; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
      if (`${folder === "" ? "" : `${folder}/`}node_modules/${dependency}` in packages) return true;
      if (folder === "") return false;
    }
  };
  return Object.entries(packages).flatMap(([dependent, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((dependency) => !isHeld(dependent, dependency))
      .map((dependency) => `${dependent} -> ${dependency}`),
  );
}

describe("the page of limits", () => {
  it("names every limit of the core", () => {
    const page = readFileSync(join(root, "docs/reference/limits.md"), "utf8");
    const limits = [...readFileSync(join(root, "src/core/limits.ts"), "utf8").matchAll(/^export const (\w+)/gm)];
    expect(limits.map(([, name]) => name).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});
