/**
 * Finds state that workflow code keeps at module level.
 *
 * Owns: what is reported of a change, and the comment that accepts it. With a plain module all runs of an isolate see
 * such state, and a replay sees it differently; with a bundle every run has its own.
 */
import { readFile } from "node:fs/promises";
import { relative } from "node:path";

import { workflowFiles } from "./module-graph.ts";
import { type StateChange, stateChanges } from "./state-changes.ts";
import { parseSource, type SourceComment } from "./syntax-tree.ts";

/** State that outlives a run. */
export interface ModuleStateFinding {
  /** The file, relative to the working directory. */
  readonly file: string;
  /** Where the state is declared; where it is changed, if it is declared elsewhere. Counted from 1. */
  readonly line: number;
  readonly column: number;
  /** The line of the first change. */
  readonly changedAtLine: number;
  readonly kind: StateChange["kind"];
  readonly name: string;
  /** What is wrong, as a sentence. */
  readonly message: string;
}

/** Followed by a reason, on the line or on the one above it. */
const ACCEPTANCE = /\bholdfast-allow-module-state:\s*\S/;

/**
 * Looks through workflow modules and what they import, packages left out, for module-level state that functions change:
 * variables that get other values, containers, objects, classes and imports whose contents change, and globals. It
 * follows names, not values: state in a closure, or passed to another function, is not seen.
 *
 * A comment `holdfast-allow-module-state: <reason>` beside the declaration or the change accepts it. Throws esbuild's
 * error for a module that cannot be read.
 *
 * @example
 * const findings = await findModuleState(["src/workflows.ts"]);
 * for (const { file, line, message } of findings) console.error(`${file}:${line} ${message}`);
 */
export async function findModuleState(files: readonly string[]): Promise<ModuleStateFinding[]> {
  const found: ModuleStateFinding[] = [];
  for (const path of await workflowFiles(files)) found.push(...findInText(path, await readFile(path, "utf8")));
  return found;
}

function findInText(path: string, text: string): ModuleStateFinding[] {
  const { program, comments } = parseSource(path, text);
  const lines = new LineNumbers(text);
  const accepted = acceptedLines(comments, lines);
  const reported = new Set<string>();
  return stateChanges(program).flatMap((change) => {
    const declared = lines.at(change.declaredAt.start);
    const changed = lines.at(change.changedAt.start);
    const id = `${change.name} ${declared.line}`;
    if (reported.has(id) || accepted.has(declared.line) || accepted.has(changed.line)) return [];
    reported.add(id);
    const { kind, name } = change;
    const message = describe(change, changed.line);
    return [{ file: relative(process.cwd(), path), ...declared, changedAtLine: changed.line, kind, name, message }];
  });
}

function describe({ kind, name }: StateChange, line: number): string {
  switch (kind) {
    case "reassigned":
      return `"${name}" is kept by the module and gets another value in line ${line}: all runs share it.`;
    case "mutated":
      return `What "${name}" holds outlives a run and is changed in line ${line}: all runs share it.`;
    case "global":
      return `"${name}" is global and is changed in line ${line}: all code of the isolate shares it.`;
  }
}

/** The lines that comments accept: their own, and the first line of code below. */
function acceptedLines(comments: readonly SourceComment[], lines: LineNumbers): ReadonlySet<number> {
  const accepted = new Set<number>();
  for (const { value, start, end } of comments) {
    if (!ACCEPTANCE.test(value)) continue;
    const last = lines.at(end).line;
    for (let line = lines.at(start).line; line <= last + 1; line += 1) accepted.add(line);
  }
  return accepted;
}

class LineNumbers {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (const { index } of text.matchAll(/\n/g)) this.#starts.push(index + 1);
  }

  at(offset: number): { readonly line: number; readonly column: number } {
    const line = this.#starts.findLastIndex((start) => start <= offset);
    return { line: line + 1, column: offset - (this.#starts[line] ?? 0) + 1 };
  }
}
