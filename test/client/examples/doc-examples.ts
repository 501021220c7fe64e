/**
 * Examples in the documentation, as the tests see them.
 *
 * Owns: reading code blocks, and how a source file of this project reads once it is published: its imports of the
 * project's own sources are the package's.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../..");

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** The contents of all fenced blocks of a page. */
export function codeBlocks(page: string): string[] {
  return [...read(page).matchAll(/^```\w*\n(.*?)^```$/gms)].map((match) => match[1] ?? "");
}

/** A source file with the imports that its users write. */
export function published(path: string): string {
  return read(path).replaceAll(/"(?:\.\.\/)+src\/(?:sdk\/)?([\w-]+)\/index\.ts"/g, '"holdfast/$1"');
}
