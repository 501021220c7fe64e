/**
 * Cron schedules: when the next run of a workflow is due.
 *
 *   run ended \ schedule | none      | one
 *   ---------------------+-----------+-----------------------------------------------------------
 *   before its own time  | no run    | a run at the time that this one was to begin
 *   at or after it       | no run    | a run at the first tick after this run's time that is not past
 *
 * Owns: the ticks of a schedule, and the wait until the next, rounded up to whole seconds as in Temporal. The calendar
 * of a time zone is croner's: the only package the core imports, and the only file that does. Of it nothing is used
 * that has a timer, and every call is given the time that it starts from: it would look at the clock without one.
 *
 * Where a zone's clock is put forward, what falls into the gap is skipped; where it is put back, what comes twice is due
 * twice.
 */
import { Cron } from "croner";

import { type CronCalendar, type CronField, parseCronExpression } from "./cron-expression.ts";

/** What is wrong with a schedule, or undefined when nothing is: not written well, in no known zone, or never due. */
export function cronScheduleProblem(text: string): string | undefined {
  const parsed = parseCronExpression(text);
  if (!parsed.ok) return parsed.problem;
  const { expression } = parsed;
  if (expression.kind === "interval") return undefined;
  try {
    // From any time: days come back within a few years or never.
    return nextCalendarTick(expression, 0) === undefined
      ? `cronSchedule ${JSON.stringify(text)}: no day satisfies it`
      : undefined;
  } catch {
    return `cronSchedule ${JSON.stringify(text)}: the time zone "${expression.timeZone}" is not known`;
  }
}

/**
 * Milliseconds from now until the next run, whole seconds, or undefined if there is none. `executionTimeMs` is when the
 * run that has ended was to begin its work: its start and the wait before its first workflow task.
 */
export function cronBackoffMs(text: string, executionTimeMs: number, nowMs: number): number | undefined {
  const tickMs = nowMs < executionTimeMs ? executionTimeMs : nextTick(text, executionTimeMs, nowMs);
  return tickMs === undefined ? undefined : Math.ceil((tickMs - nowMs) / 1_000) * 1_000;
}

/** The first tick after `afterMs` that is not before `nowMs`, in epoch milliseconds. */
function nextTick(text: string, afterMs: number, nowMs: number): number | undefined {
  const parsed = parseCronExpression(text);
  if (!parsed.ok) return undefined;
  const { expression } = parsed;
  if (expression.kind === "calendar") return nextCalendarTick(expression, Math.max(afterMs, nowMs - 1));
  // Ticks are on whole seconds.
  const fromMs = Math.floor(afterMs / 1_000) * 1_000;
  const missed = Math.ceil((nowMs - fromMs) / expression.everyMs);
  return fromMs + Math.max(1, missed) * expression.everyMs;
}

/** Throws what the platform throws for a time zone that it does not know. */
function nextCalendarTick(calendar: CronCalendar, afterMs: number): number | undefined {
  const cron = new Cron(pattern(calendar), { timezone: calendar.timeZone, mode: "5-part" });
  // A text, since the core has no dates; it holds the time to the millisecond.
  return cron.nextRun(isoTime(afterMs))?.getTime();
}

function isoTime(timeMs: number): string {
  // oxlint-disable-next-line no-restricted-globals -- a conversion of a time that was given, not the clock
  return new Date(timeMs).toISOString();
}

function pattern({ minute, hour, dayOfMonth, month, dayOfWeek }: CronCalendar): string {
  return [minute, hour, dayOfMonth, month, dayOfWeek].map(fieldPattern).join(" ");
}

/** Single values as ranges with a step: written so, none is taken for a "fixed time" that is moved out of a gap. */
function fieldPattern({ values, isOpen }: CronField): string {
  return isOpen ? "*" : values.map((value) => `${value}-${value}/1`).join(",");
}
