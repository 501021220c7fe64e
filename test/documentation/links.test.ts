// The links between the pages lead somewhere, and every page of a concept can be reached from the README.
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";

import { read } from "./package-entries.ts";

const root = join(import.meta.dirname, "../..");
const pagesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));

const pages = ["README.md", "CONTRIBUTING.md", ...pagesIn("docs")];

/** The text without what stands in code. */
function proseOf(page: string): string {
  return read(page)
    .replaceAll(/^```.*?^```$/gms, "")
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, ""));
}

interface Link {
  readonly path: string;
  readonly anchor: string | undefined;
}

function linksOf(page: string): readonly Link[] {
  return [...proseOf(page).matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].map(([, path = "", anchor]) => ({
    path: path === "" ? page : join(dirname(page), path),
    anchor,
  }));
}

/** The anchors that a page's headings make. */
function anchorsOf(page: string): readonly string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("the links of", () => {
  it.each(pages)("%s", (page) => {
    const broken = linksOf(page).filter(({ path, anchor }) => {
      if (!existsSync(join(root, path))) return true;
      return anchor !== undefined && !anchorsOf(path).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

describe("the README", () => {
  it("leads to every page for users", () => {
    const linked = new Set(linksOf("README.md").map(({ path }) => path));
    const forUsers = pages.filter((page) => /^docs\/(concepts|guides|reference)\//.test(page));
    expect(forUsers.filter((page) => !linked.has(page))).toEqual([]);
  });
});
