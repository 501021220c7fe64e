/**
 * `npm run bench`: measures Holdfast against the floor and against Cloudflare Workflows on one local workerd.
 *
 * Owns: the order of things, and the exit code: 0 if everything was measured, 1 if a subject failed, 2 for a wrong
 * command line. A missed target is a figure, not a failure.
 */
import { writeFile } from "node:fs/promises";

import { measureRow, type ComparedRow } from "./measurements/compared.ts";
import { measureCost, type CostRow } from "./measurements/cost.ts";
import { measureHistoryGap, type HistoryGap } from "./measurements/history-gap.ts";
import { type ComparedName, hasManyObjects, isCompared } from "./measurements/names.ts";
import { measureSleeping, type SleepCount } from "./measurements/sleeping.ts";
import { HELP, parseCommandLine, type Options } from "./options.ts";
import { buildReport, type Report } from "./report.ts";
import { openRuntime } from "./runtime.ts";
import type { SubjectName } from "./subjects.ts";
import { formatReport } from "./table.ts";

/** In a workerd of its own: every object that is loaded keeps files open, and a process may not have any number. */
async function measureApart(name: ComparedName, names: readonly SubjectName[], quick: boolean): Promise<ComparedRow> {
  await using runtime = await openRuntime(names, "timed");
  return await measureRow(name, runtime.subjects, quick);
}

async function measure({ only, subjects: names, quick }: Options): Promise<Report> {
  const rows: ComparedRow[] = [];
  let historyGap: HistoryGap | undefined;
  let sleeping: SleepCount | undefined;
  let cost: readonly CostRow[] | undefined;
  if (only.some((name) => isCompared(name) || name === "history")) {
    await using runtime = await openRuntime(names, "timed");
    const holdfast = runtime.subjects.find(({ name }) => name === "holdfast");
    for (const name of only) {
      if (isCompared(name)) {
        console.error(`measuring ${name} …`);
        rows.push(
          hasManyObjects(name)
            ? await measureApart(name, names, quick)
            : await measureRow(name, runtime.subjects, quick),
        );
      }
      if (name === "history" && holdfast !== undefined) {
        console.error(`measuring ${name} …`);
        historyGap = await measureHistoryGap(holdfast, quick);
      }
    }
  }
  if (only.includes("sleeping") && names.includes("holdfast")) {
    console.error("counting what sleeping workflows do …");
    sleeping = await measureSleeping(quick);
  }
  if (only.includes("cost")) {
    console.error("counting cost …");
    cost = await measureCost(names);
  }
  const extras = {
    ...(historyGap === undefined ? {} : { historyGap }),
    ...(sleeping === undefined ? {} : { sleeping }),
    ...(cost === undefined ? {} : { cost }),
  };
  return buildReport({ rows, ...extras }, { quick });
}

const commandLine = parseCommandLine(process.argv.slice(2));
switch (commandLine.kind) {
  case "help":
    console.log(HELP);
    break;
  case "wrong":
    console.error(`${commandLine.message}\n\n${HELP}`);
    process.exitCode = 2;
    break;
  case "run": {
    const report = await measure(commandLine.options);
    console.log(formatReport(report));
    const { jsonPath } = commandLine.options;
    if (jsonPath !== undefined) await writeFile(jsonPath, `${JSON.stringify(report, undefined, 2)}\n`);
    break;
  }
}
