#!/usr/bin/env node
/**
 * The command `holdfast-bundle`: makes a bundle, or checks modules for state.
 *
 * Owns: arguments, output and exit code. Everything else is in the library.
 */
import { parseArgs } from "node:util";

import { findModuleState } from "./module-state.ts";
import { bundleWorkflowCode } from "./workflow-bundler.ts";

const USAGE = `holdfast-bundle <workflows> --out <file> [options]
  Bundles workflow code so that every run has modules of its own.
  --interceptors <file>  a module that exports workflow interceptors; may be repeated
  --preload <module>     a package that all runs share; may be repeated
  --ignore <module>      a package to replace by an empty one; may be repeated

holdfast-bundle check <workflows>...
  Reports state at module level, which all runs share where the code is not bundled.
`;

async function bundle(workflowsPath: string | undefined, outfile: string | undefined, lists: Lists): Promise<number> {
  if (workflowsPath === undefined || outfile === undefined) return usage();
  const { inputs } = await bundleWorkflowCode({
    workflowsPath,
    outfile,
    workflowInterceptorModules: lists.interceptors,
    preloadModules: lists.preload,
    ignoreModules: lists.ignore,
  });
  console.log(`${outfile}: ${inputs.length} modules`);
  return 0;
}

async function check(files: readonly string[]): Promise<number> {
  if (files.length === 0) return usage();
  const findings = await findModuleState(files);
  for (const { file, line, column, message } of findings) console.error(`${file}:${line}:${column} ${message}`);
  return findings.length === 0 ? 0 : 1;
}

function usage(): number {
  console.error(USAGE);
  return 2;
}

interface Lists {
  readonly interceptors?: string[];
  readonly preload?: string[];
  readonly ignore?: string[];
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: "string" },
      interceptors: { type: "string", multiple: true },
      preload: { type: "string", multiple: true },
      ignore: { type: "string", multiple: true },
    },
  });
  const [first, ...others] = positionals;
  if (first === "check") return check(others);
  return others.length === 0 ? bundle(first, values.out, values) : usage();
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
