/**
 * What one activity costs: rows written, requests, queue operations, and their price.
 *
 * Owns: the subtraction. Workflows of one activity and of more are run and counted apart; the difference, divided by
 * the activities more, is the cost of an activity, and what is left of the first is the cost of a workflow. Runs in a
 * workerd of its own, so that the counting slows nothing that is timed.
 */
import { pause } from "../interleaving.ts";
import { priceOfMillion, WORKFLOWS_DOLLARS_PER_MILLION_STEPS } from "../prices.ts";
import { openRuntime, type Subject } from "../runtime.ts";
import type { SubjectName } from "../subjects.ts";
import { USAGE_ROUTE, type Usage } from "../workers/usage.ts";

export type CostUnit = "activity in a row" | "activity in parallel" | "workflow, without its activities";

export interface CostRow {
  readonly subject: SubjectName;
  readonly unit: CostUnit;
  /** Absent for Cloudflare Workflows, which is billed by the step. */
  readonly usage?: Usage;
  readonly dollarsPerMillion: number;
}

const WORKFLOWS = 5;
const IN_A_ROW = 21;
const IN_PARALLEL = 101;
/** Longer than an idle session is kept and a fallback alarm waits. */
const QUIET_MS = 3000;
const POLL_MS = 250;

/**
 * Counts and prices each subject.
 *
 * @example
 * const rows = await measureCost(["floor", "holdfast", "workflows"]);
 */
export async function measureCost(names: readonly SubjectName[]): Promise<readonly CostRow[]> {
  const counted = names.filter((name) => name !== "workflows");
  const rows: CostRow[] = [];
  if (counted.length > 0) {
    await using runtime = await openRuntime(counted, "counted");
    for (const subject of runtime.subjects) rows.push(...(await costOf(subject)));
  }
  if (names.includes("workflows")) {
    const price = { subject: "workflows", dollarsPerMillion: WORKFLOWS_DOLLARS_PER_MILLION_STEPS } as const;
    rows.push({ ...price, unit: "activity in a row" }, { ...price, unit: "activity in parallel" });
  }
  return rows;
}

async function costOf(subject: Subject): Promise<readonly CostRow[]> {
  const single = await usageOf(subject, "/sequence", 1);
  const row = await usageOf(subject, "/sequence", IN_A_ROW);
  const singleParallel = await usageOf(subject, "/parallel", 1);
  const parallel = await usageOf(subject, "/parallel", IN_PARALLEL);
  const inARow = combine(row, single, (more, less) => (more - less) / (IN_A_ROW - 1));
  const inParallel = combine(parallel, singleParallel, (more, less) => (more - less) / (IN_PARALLEL - 1));
  const workflow = combine(single, inARow, (whole, activity) => whole - activity);
  return [
    costRow(subject.name, "activity in a row", inARow),
    costRow(subject.name, "activity in parallel", inParallel),
    costRow(subject.name, "workflow, without its activities", workflow),
  ];
}

function costRow(subject: SubjectName, unit: CostUnit, usage: Usage): CostRow {
  return { subject, unit, usage, dollarsPerMillion: priceOfMillion(usage) };
}

/** What one workflow with so many activities uses, everything that it leaves behind included. */
async function usageOf(subject: Subject, route: "/sequence" | "/parallel", steps: number): Promise<Usage> {
  const before = await quietUsage(subject);
  for (let index = 0; index < WORKFLOWS; index += 1) await subject.call(route, { id: crypto.randomUUID(), steps });
  const after = await quietUsage(subject);
  return combine(after, before, (more, less) => (more - less) / WORKFLOWS);
}

/** The counters, once they have not moved for a while. */
async function quietUsage(subject: Subject): Promise<Usage> {
  let last = await readUsage(subject);
  let quietSinceMs = performance.now();
  while (performance.now() - quietSinceMs < QUIET_MS) {
    await pause(POLL_MS);
    const next = await readUsage(subject);
    if (JSON.stringify(next) !== JSON.stringify(last)) quietSinceMs = performance.now();
    last = next;
  }
  return last;
}

async function readUsage(subject: Subject): Promise<Usage> {
  return (await subject.ask(USAGE_ROUTE, {})) as Usage;
}

function combine(left: Usage, right: Usage, merge: (left: number, right: number) => number): Usage {
  return {
    rowsWritten: merge(left.rowsWritten, right.rowsWritten),
    objectRequests: merge(left.objectRequests, right.objectRequests),
    workerRequests: merge(left.workerRequests, right.workerRequests),
    queueOperations: merge(left.queueOperations, right.queueOperations),
  };
}
