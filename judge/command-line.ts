/**
 * The command line of `npm run judge`.
 *
 * Owns: the options and their spelling.
 */
import { parseArgs } from "node:util";

export interface Options {
  /** Only scenarios whose names hold one of these. Empty: all. */
  readonly only: readonly string[];
  /** Where the histories are written to, one file for each scenario. */
  readonly historiesFolder: string | undefined;
}

export const HELP = `npm run judge -- [--only <text>]... [--histories <folder>]

Runs workflows on Holdfast, exports their histories, and has Temporal's own SDK replay them over the same source.

--only <text>         only the scenarios whose names hold the text; without the broken histories
--histories <folder>  keep the exported histories there, as JSON`;

/** Reads the arguments. Throws a TypeError with the reason for those it does not know. */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", multiple: true },
      histories: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return "help";
  return { only: values.only ?? [], historiesFolder: values.histories };
}
