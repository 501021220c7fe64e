/**
 * The report as text for a terminal.
 *
 * Owns: columns and rounding. Numbers are aligned right; a dash stands for what was not measured or does not apply.
 */
import type { ComparedRow, Figures } from "./measurements/compared.ts";
import type { CostRow } from "./measurements/cost.ts";
import type { HistoryGap } from "./measurements/history-gap.ts";
import type { SleepCount } from "./measurements/sleeping.ts";
import { isRate, type Report } from "./report.ts";
import { subjectNames, subjectTitles } from "./subjects.ts";

const NONE = "–";

/**
 * The whole report.
 *
 * @example
 * console.log(formatReport(report));
 */
export function formatReport(report: Report): string {
  const { environment, rows, historyGap, sleeping, cost, targets } = report;
  const sections = [
    `workerd ${environment.workerd} through Miniflare ${environment.miniflare}, Node ${environment.node}, ` +
      `${environment.system}, ${environment.processor}${report.quick ? "; quick run" : ""}`,
  ];
  if (rows.length > 0) sections.push(latencies(report), ...throughputs(report));
  if (historyGap !== undefined) sections.push(historyLines(historyGap));
  if (sleeping !== undefined) sections.push(sleepingLines(sleeping));
  if (cost !== undefined && cost.length > 0) sections.push(costs(cost));
  if (targets.length > 0) {
    sections.push(
      targets.map(({ text, actual, met }) => `${met ? "met   " : "missed"}  ${text}: ${fixed(actual)}`).join("\n"),
    );
  }
  return sections.join("\n\n");
}

function latencies({ rows, ratios }: Report): string {
  const names = subjectNames.filter((name) => rows.some(({ subjects }) => subjects[name] !== undefined));
  const header = ["p50 / p99 in ms", ...names.map((name) => subjectTitles[name]), "÷ floor", "÷ Workflows"];
  const lines = rows.map((row) => [
    row.title,
    ...names.map((name) => latency(row.subjects[name])),
    // The ratios of these are of what gets done in a second and stand below.
    ...(isRate(row) ? [NONE, NONE] : [times(ratios[row.name]?.toFloor), times(ratios[row.name]?.toWorkflows)]),
  ]);
  return table([header, ...lines]);
}

function throughputs({ rows, ratios }: Report): readonly string[] {
  const counted = rows.filter(isRate);
  if (counted.length === 0) return [];
  const names = subjectNames.filter((name) => counted.some(({ subjects }) => subjects[name] !== undefined));
  const header = ["a second", ...names.map((name) => subjectTitles[name]), "÷ floor", "÷ Workflows"];
  const lines = counted.map((row) => {
    const { toFloor, toWorkflows } = ratios[row.name] ?? {};
    return [row.title, ...names.map((name) => perSecond(row, name)), times(toFloor), times(toWorkflows)];
  });
  return [table([header, ...lines])];
}

function perSecond(row: ComparedRow, name: (typeof subjectNames)[number]): string {
  return row.subjects[name]?.perSecond?.toFixed(0) ?? NONE;
}

function historyLines({ shortMs, longMs, fromEvent, toEvent, ratio }: HistoryGap): string {
  return table([
    ["gap between two activities, p50 / p99 in ms", "Holdfast"],
    ["around event 10", latency(shortMs)],
    [`at events ${fromEvent} to ${toEvent}`, latency(longMs)],
    ["ratio", times(ratio)],
  ]);
}

function sleepingLines({ workflows, startedInMs, loads, watchedMs, invocations, afterOneCall }: SleepCount): string {
  return table([
    ["workflows that sleep", "Holdfast"],
    ["workflows, each of them loaded as an object", `${workflows} / ${loads}`],
    ["started in, s", fixed(startedInMs / 1000)],
    ["watched for, s", fixed(watchedMs / 1000)],
    ["invocations meanwhile", String(invocations)],
    ["invocations by one call afterwards", String(afterOneCall)],
  ]);
}

function costs(rows: readonly CostRow[]): string {
  const header = [
    "cost of one",
    "",
    "rows written",
    "object requests",
    "Worker requests",
    "queue operations",
    "$ per million",
  ];
  const lines = rows.map(({ subject, unit, usage, dollarsPerMillion }) => [
    unit,
    subjectTitles[subject],
    ...[usage?.rowsWritten, usage?.objectRequests, usage?.workerRequests, usage?.queueOperations].map((count) =>
      count === undefined ? NONE : fixed(count),
    ),
    dollarsPerMillion.toFixed(2),
  ]);
  return table([header, ...lines.toSorted((a, b) => (a[0] ?? "").localeCompare(b[0] ?? ""))]);
}

function latency(figures: Figures | undefined): string {
  return figures === undefined ? NONE : `${fixed(figures.p50)} / ${fixed(figures.p99)}`;
}

function times(ratio: number | undefined): string {
  return ratio === undefined ? NONE : `${ratio.toFixed(2)} ×`;
}

function fixed(value: number): string {
  return value.toFixed(2);
}

/** Pads the cells of each column to the widest; the first column to the left, the others to the right. */
function table(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}
