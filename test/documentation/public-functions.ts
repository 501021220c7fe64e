/**
 * The functions that users import, with what is written about them.
 *
 * Owns: finding a function's comments, and the examples in them.
 */
import { type Declaration, declarationOf, entrySources, exportsOf, read } from "./package-entries.ts";

export interface PublicFunction {
  /** The entry of the package, `workflow` for `holdfast/workflow`. */
  readonly entry: string;
  /** As it is exported. */
  readonly name: string;
  /** As it is declared; this is what comments call it. */
  readonly declared: string;
  /** The code below each `@example`. */
  readonly examples: readonly string[];
}

/** The comments that stand before the overloads and the body of a function; undefined for what is no function. */
function functionComments({ source, name }: Declaration): readonly string[] | undefined {
  const head = new RegExp(String.raw`(/\*\*(?:[^*]|\*(?!/))*\*/\n)?export (?:async )?function\*? ?${name}\b`, "g");
  const found = [...read(source).replaceAll("async function* ", "async function ").matchAll(head)];
  return found.length === 0 ? undefined : found.map(([, comment = ""]) => comment);
}

function examplesOf(comment: string): readonly string[] {
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\* ?/, ""));
  const text = lines.filter((line) => line !== "/").join("\n");
  const [, ...examples] = text.split(/^@example$/m);
  return examples.map((example) => example.split(/^@/m)[0]?.trim() ?? "");
}

/** Every function of every entry; one that several entries export comes as often. */
export function publicFunctions(): readonly PublicFunction[] {
  return [...entrySources()].flatMap(([entry, source]) =>
    [...exportsOf(source)].flatMap(([name, { isType }]) => {
      if (isType) return [];
      const declaration = declarationOf(source, name);
      const comments = functionComments(declaration);
      if (comments === undefined) return [];
      return [{ entry, name, declared: declaration.name, examples: comments.flatMap(examplesOf) }];
    }),
  );
}
