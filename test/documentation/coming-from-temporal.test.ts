// The table of names in docs/guides/coming-from-temporal.md, held against Temporal's names and against the exports.
import { describe, expect, it } from "vitest";

import { entrySources, exportsOf, read } from "./package-entries.ts";
import temporalNames from "./temporal-names.json" with { type: "json" };

const page = read("docs/guides/coming-from-temporal.md");

type PackageName = keyof typeof temporalNames;
const packages = Object.keys(temporalNames) as PackageName[];

interface Row {
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly text: string;
}

/** The rows of one package's table, one for each name. */
function rowsOf(packageName: string): readonly Row[] {
  const [, section = ""] = page.split(`### \`@temporalio/${packageName}\`\n`);
  const [table = ""] = section.split(/^#/m);
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  return rows.flatMap((line) => {
    const [, names = "", kind = "", status = "", text = "", ...rest] = line.split(/\s*(?<!\\)\|\s*/);
    expect(rest, line).toEqual([""]);
    return [...names.matchAll(/`(\w+)`/g)].map(([, name = ""]) => ({ name, kind, status, text }));
  });
}

const sources = entrySources();

/** Whether a name that an entry exports is a type only; undefined for what it does not export. */
function isTypeIn(entry: string, name: string): boolean | undefined {
  const source = sources.get(entry);
  if (source === undefined) throw new Error(`The package has no entry holdfast/${entry}.`);
  return exportsOf(source).get(name)?.isType;
}

/** Where a row says that its name is. */
function entryOf(packageName: string, { text }: Row): string {
  return /^In `holdfast\/([\w-]+)`/.exec(text)?.[1] ?? packageName;
}

describe.each(packages)("the names of @temporalio/%s", (packageName) => {
  const rows = rowsOf(packageName);

  it("are all in the table, once, as what they are", () => {
    const listed = rows.map(({ name, kind }) => `${kind} ${name}`).toSorted();
    const expected = Object.entries(temporalNames[packageName]).flatMap(([kind, names]) =>
      names.map((name) => `${kind} ${name}`),
    );
    expect(listed).toEqual(expected.toSorted());
  });

  it("are the same, different or absent; of the latter two the table says more", () => {
    const unexplained = rows.filter(({ status, text }) => {
      if (status === "same") return text !== "";
      return text === "" || (status !== "different" && status !== "absent");
    });
    expect(unexplained).toEqual([]);
  });

  it("are exported where the table says so, values as values", () => {
    const wrong = rows.filter((row) => {
      if (row.status === "absent") return false;
      const isType = isTypeIn(entryOf(packageName, row), row.name);
      const isTypeThere = row.kind === "interface" || row.kind === "type" || /\ba type\b/.test(row.text);
      return isType === undefined || isType !== isTypeThere;
    });
    expect(wrong).toEqual([]);
  });

  it("are not exported where the table has them as absent", () => {
    const absent = rows.filter(({ status }) => status === "absent");
    expect(absent.filter(({ name }) => isTypeIn(packageName, name) !== undefined)).toEqual([]);
  });
});

describe("the page", () => {
  it("names entries that exist", () => {
    const named = [...page.matchAll(/`holdfast\/([\w-]+)`/g)].map(([, entry = ""]) => entry);
    expect(named.length).toBeGreaterThan(packages.length);
    expect([...new Set(named)].filter((entry) => !sources.has(entry))).toEqual([]);
  });
});
