/**
 * The command line of the benchmark.
 *
 * Owns: flags, their meaning, and the text of --help. Everything else gets a parsed `Options`.
 */
import { parseArgs } from "node:util";

import { measurementNames, type MeasurementName } from "./measurements/names.ts";
import { subjectNames, type SubjectName } from "./subjects.ts";

export interface Options {
  /** Fewer repetitions: a look, not a figure to publish. */
  readonly quick: boolean;
  readonly only: readonly MeasurementName[];
  readonly subjects: readonly SubjectName[];
  /** Where to write the report as JSON as well. */
  readonly jsonPath?: string;
}

export type CommandLine =
  | { readonly kind: "run"; readonly options: Options }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly message: string };

export const HELP = `npm run bench -- [options]

Compares, on the same local workerd and in one run: the floor (a bare Durable Object that does one RPC and one insert
a step), Holdfast, Holdfast with every activity sent through the queue, and Cloudflare Workflows.

  --only NAME      run this measurement only; may be repeated. Names: ${measurementNames.join(", ")}
  --subject NAME   run this subject only; may be repeated. Names: ${subjectNames.join(", ")}
  --quick          fewer repetitions
  --json FILE      write the report to FILE as well
  --help           this text
`;

/**
 * Reads the arguments after the script's name.
 *
 * @example
 * parseCommandLine(["--quick", "--only", "one"]);
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        only: { type: "string", multiple: true },
        subject: { type: "string", multiple: true },
        quick: { type: "boolean", default: false },
        json: { type: "string" },
        help: { type: "boolean", default: false },
      },
    }));
  } catch (error) {
    return { kind: "wrong", message: error instanceof Error ? error.message : String(error) };
  }
  if (values.help) return { kind: "help" };
  const only = chosen(measurementNames, values.only);
  const subjects = chosen(subjectNames, values.subject);
  if (only === undefined) return { kind: "wrong", message: `--only takes one of ${measurementNames.join(", ")}.` };
  if (subjects === undefined) return { kind: "wrong", message: `--subject takes one of ${subjectNames.join(", ")}.` };
  const options = { quick: values.quick, only, subjects };
  return { kind: "run", options: values.json === undefined ? options : { ...options, jsonPath: values.json } };
}

/** The names asked for, in the order of `all`; all of them if none was; undefined if one is unknown. */
function chosen<Name extends string>(
  all: readonly Name[],
  wanted: readonly string[] = [],
): readonly Name[] | undefined {
  if (!wanted.every((name) => (all as readonly string[]).includes(name))) return undefined;
  return wanted.length === 0 ? all : all.filter((name) => wanted.includes(name));
}
