/**
 * The report: what was measured, on what, how Holdfast compares, and which targets it meets.
 *
 * Owns: the shape that --json writes, the ratios and the targets. `table.ts` prints it.
 */
import { cpus, type } from "node:os";

import miniflarePackage from "miniflare/package.json" with { type: "json" };

import type { ComparedRow, Figures } from "./measurements/compared.ts";
import type { CostRow } from "./measurements/cost.ts";
import type { HistoryGap } from "./measurements/history-gap.ts";
import type { SleepCount } from "./measurements/sleeping.ts";
import { subjectTitles } from "./subjects.ts";

export interface Measurements {
  readonly rows: readonly ComparedRow[];
  readonly historyGap?: HistoryGap;
  readonly sleeping?: SleepCount;
  readonly cost?: readonly CostRow[];
}

/** Times of Holdfast over times of another subject; of what gets done in a second, its figure over the other's. */
export interface Ratios {
  readonly toFloor?: number;
  readonly toWorkflows?: number;
}

export interface Target {
  readonly text: string;
  readonly actual: number;
  readonly met: boolean;
}

export interface Report extends Measurements {
  readonly measuredAt: string;
  readonly quick: boolean;
  readonly environment: Readonly<Record<"node" | "miniflare" | "workerd" | "system" | "processor", string>>;
  /** By the name of the row. */
  readonly ratios: Readonly<Record<string, Ratios>>;
  readonly targets: readonly Target[];
}

const MAX_ROWS_PER_ACTIVITY = 4;
const MAX_HISTORY_RATIO = 1.2;
const MIN_THROUGHPUT_RATIO = 1.5;
const MAX_EAGER_TO_FLOOR = 1.5;

/**
 * Compares and judges what was measured.
 *
 * @example
 * const report = buildReport({ rows }, { quick: true });
 */
export function buildReport(measurements: Measurements, { quick }: { readonly quick: boolean }): Report {
  const [processor] = cpus();
  return {
    measuredAt: new Date().toISOString(),
    quick,
    environment: {
      node: process.versions.node,
      miniflare: miniflarePackage.version,
      workerd: miniflarePackage.dependencies.workerd,
      system: type(),
      processor: `${cpus().length} × ${processor?.model ?? "unknown"}`,
    },
    ...measurements,
    ratios: Object.fromEntries(measurements.rows.map((row) => [row.name, ratiosOf(row)])),
    targets: targetsOf(measurements),
  };
}

function ratiosOf({ subjects: { floor, holdfast, workflows } }: ComparedRow): Ratios {
  if (holdfast === undefined) return {};
  return {
    ...(floor === undefined ? {} : { toFloor: ratio(holdfast, floor) }),
    ...(workflows === undefined ? {} : { toWorkflows: ratio(holdfast, workflows) }),
  };
}

function ratio(figures: Figures, other: Figures): number {
  if (figures.perSecond !== undefined && other.perSecond !== undefined) return figures.perSecond / other.perSecond;
  return figures.p50 / other.p50;
}

function targetsOf({ rows, historyGap, sleeping, cost }: Measurements): readonly Target[] {
  const targets = rows.flatMap((row) => targetOfRow(row));
  if (historyGap !== undefined) {
    const text = `gap between two activities at event 5,000 at most ${MAX_HISTORY_RATIO} times the gap at event 10`;
    targets.push({ text, actual: historyGap.ratio, met: historyGap.ratio <= MAX_HISTORY_RATIO });
  }
  if (sleeping !== undefined) {
    const text = `no invocation while ${sleeping.workflows.toLocaleString("en")} workflows sleep`;
    targets.push({ text, actual: sleeping.invocations, met: sleeping.invocations === 0 });
  }
  for (const { subject, unit, usage } of cost ?? []) {
    const isHoldfast = subject === "holdfast" || subject === "queue";
    if (!isHoldfast || usage === undefined || !unit.startsWith("activity")) continue;
    const text = `${subjectTitles[subject]}: at most ${MAX_ROWS_PER_ACTIVITY} rows written for an ${unit}`;
    targets.push({ text, actual: usage.rowsWritten, met: usage.rowsWritten <= MAX_ROWS_PER_ACTIVITY });
  }
  return targets;
}

function targetOfRow(row: ComparedRow): Target[] {
  const { toFloor, toWorkflows } = ratiosOf(row);
  const targets: Target[] = [];
  if ((row.name === "one" || row.name === "eager") && toFloor !== undefined) {
    const floor = row.name === "one" ? "the floor" : "a floor with the same writes and hops";
    const text = `one activity: at most ${MAX_EAGER_TO_FLOOR} times ${floor}`;
    targets.push({ text, actual: toFloor, met: toFloor <= MAX_EAGER_TO_FLOOR });
  }
  if (toWorkflows === undefined || row.name === "empty") return targets;
  if (isRate(row)) {
    const atLeast = row.name === "throughput" ? MIN_THROUGHPUT_RATIO : 1;
    const text = `${row.title}: at least ${atLeast} times as many a second as Cloudflare Workflows`;
    return [...targets, { text, actual: toWorkflows, met: toWorkflows >= atLeast }];
  }
  const text = `${row.title}: at most the latency of Cloudflare Workflows`;
  return [...targets, { text, actual: toWorkflows, met: toWorkflows <= 1 }];
}

/** Whether a row says how much gets done in a second, and its ratios are of that. */
export function isRate({ subjects }: ComparedRow): boolean {
  return Object.values(subjects).some(({ perSecond }) => perSecond !== undefined);
}
