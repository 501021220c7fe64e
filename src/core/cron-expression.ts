/**
 * Cron expressions: what may be written, and what it means.
 *
 *   expression   = [ zone ] ( five fields | "@hourly" … "@yearly" | "@every " duration )
 *   zone         = ( "TZ=" | "CRON_TZ=" ) name of a time zone; UTC without one
 *   field        = item { "," item }
 *   item         = ( "*" | "?" | value [ "-" value ] ) [ "/" step ]      a value with a step reaches to the field's end
 *
 * Owns: the grammar, which is that of Temporal's server (`ParseStandard` of robfig/cron, version 3), and the sets of
 * values that the fields stand for. What other dialects have besides (seconds, L, W, #) is refused. When a schedule is
 * next due is the business of `cron-schedule.ts`.
 */
import { MAX_ID_BYTES } from "./limits.ts";

/** The values of one field, in rising order. `isOpen`: written so that it restricts nothing. */
export interface CronField {
  readonly values: readonly number[];
  readonly isOpen: boolean;
}

/** When the clock of a zone shows certain values. Days must be in both of their fields, or in either if both restrict. */
export interface CronCalendar {
  readonly kind: "calendar";
  /** Name of the zone in the time zone database; "UTC" where none is given. */
  readonly timeZone: string;
  readonly minute: CronField;
  readonly hour: CronField;
  readonly dayOfMonth: CronField;
  readonly month: CronField;
  readonly dayOfWeek: CronField;
}

/** Again and again after the same time, which is whole seconds. */
export interface CronInterval {
  readonly kind: "interval";
  readonly everyMs: number;
}

export type CronExpression = CronCalendar | CronInterval;

/** An expression that was understood, or what is wrong with it. */
export type ParsedCron =
  | { readonly ok: true; readonly expression: CronExpression }
  | { readonly ok: false; readonly problem: string };

interface Bounds {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of the values, from `min` on. */
  readonly names: readonly string[];
}

const MINUTE: Bounds = { name: "minute", min: 0, max: 59, names: [] };
const HOUR: Bounds = { name: "hour", min: 0, max: 23, names: [] };
const DAY_OF_MONTH: Bounds = { name: "day of month", min: 1, max: 31, names: [] };
const MONTH_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MONTH: Bounds = { name: "month", min: 1, max: 12, names: MONTH_NAMES };
const DAY_NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const DAY_OF_WEEK: Bounds = { name: "day of week", min: 0, max: 6, names: DAY_NAMES };

const NICKNAMES: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

const EVERY = "@every ";
const ZONE = /^(?:CRON_)?TZ=([A-Za-z][A-Za-z0-9_+\-/]*)\s+(.*)$/s;
const SHORTEST_INTERVAL_MS = 1_000;

/** What is wrong inside an expression; never leaves this file. */
class CronProblem extends Error {}

/** Reads an expression. Says nothing of whether its zone is known, nor whether it is ever due. */
export function parseCronExpression(text: string): ParsedCron {
  try {
    if (text.length > MAX_ID_BYTES) throw new CronProblem(`it is longer than ${MAX_ID_BYTES} characters`);
    return { ok: true, expression: read(text) };
  } catch (error) {
    if (error instanceof CronProblem) return { ok: false, problem: `cronSchedule ${quote(text)}: ${error.message}` };
    throw error;
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

function read(text: string): CronExpression {
  const isZoned = /^(?:CRON_)?TZ=/.test(text);
  const [, zone, rest] = ZONE.exec(text) ?? [];
  if (isZoned && (zone === undefined || rest === undefined))
    throw new CronProblem('a time zone must be named as in "TZ=Europe/Zurich", with the schedule after it');
  const schedule = (rest ?? text).trim();
  if (schedule.startsWith(EVERY)) return { kind: "interval", everyMs: intervalMs(schedule.slice(EVERY.length)) };
  return calendar(NICKNAMES[schedule] ?? schedule, zone ?? "UTC");
}

function calendar(schedule: string, timeZone: string): CronCalendar {
  if (schedule.startsWith("@"))
    throw new CronProblem(`it must be one of ${Object.keys(NICKNAMES).join(", ")}, or "@every" with a duration`);
  const fields = schedule.split(/\s+/).filter((field) => field !== "");
  if (fields.length !== 5) {
    const expected = "five: minute, hour, day of month, month, day of week";
    throw new CronProblem(`it has ${fields.length} fields, but must have ${expected}`);
  }
  const [minute = "", hour = "", dayOfMonth = "", month = "", dayOfWeek = ""] = fields;
  return {
    kind: "calendar",
    timeZone,
    minute: readField(minute, MINUTE),
    hour: readField(hour, HOUR),
    dayOfMonth: readField(dayOfMonth, DAY_OF_MONTH),
    month: readField(month, MONTH),
    dayOfWeek: readField(dayOfWeek, DAY_OF_WEEK),
  };
}

function readField(text: string, bounds: Bounds): CronField {
  const items = text.split(",").filter((item) => item !== "");
  if (items.length === 0) throw new CronProblem(`the field ${bounds.name} is empty`);
  const values = new Set<number>();
  let isOpen = false;
  for (const item of items) {
    const range = readItem(item, bounds);
    isOpen ||= range.isOpen;
    for (let value = range.from; value <= range.to; value += range.step) values.add(value);
  }
  return { values: [...values].toSorted((a, b) => a - b), isOpen };
}

interface ItemRange {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly isOpen: boolean;
}

function readItem(item: string, bounds: Bounds): ItemRange {
  const { name, min, max } = bounds;
  const [range = "", stepText, ...tooMany] = item.split("/");
  const step = stepText === undefined ? 1 : wholeNumber(stepText);
  if (tooMany.length > 0 || step === undefined || step === 0)
    throw new CronProblem(`${name}: "${item}" has no whole step above zero after its "/"`);
  if (range === "*" || range === "?") return { from: min, to: max, step, isOpen: step === 1 };
  const [fromText = "", toText, ...more] = range.split("-");
  const from = valueOf(fromText, bounds);
  const to = toText === undefined ? (stepText === undefined ? from : max) : valueOf(toText, bounds);
  if (more.length > 0 || from === undefined || to === undefined)
    throw new CronProblem(`${name}: "${item}" is not a value, a range, "*" or "?"${allowed(bounds)}`);
  if (from < min || to > max || from > to)
    throw new CronProblem(`${name}: "${item}" is not within ${min} to ${max}, the smaller first`);
  return { from, to, step, isOpen: false };
}

function allowed({ names }: Bounds): string {
  return names.length === 0 ? "" : ` (names: ${names.join(", ")})`;
}

function valueOf(text: string, { min, names }: Bounds): number | undefined {
  const index = names.indexOf(text.toLowerCase());
  return index === -1 ? wholeNumber(text) : min + index;
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,4}$/.test(text) ? Number(text) : undefined;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const DURATION = /^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const DURATION_PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
/** A hundred years: beyond, the sum of two times is no exact number of milliseconds any more in some engine's dates. */
const LONGEST_INTERVAL_MS = 3_155_760_000_000;

/** A duration as Go writes it, such as "1h30m", cut to whole seconds; what is shorter than one is one. */
function intervalMs(text: string): number {
  if (!DURATION.test(text)) throw new CronProblem('the duration after "@every" must be such as "90s" or "1h30m"');
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(DURATION_PART)) totalMs += Number(amount) * (UNIT_MS[unit ?? ""] ?? 0);
  if (!(totalMs <= LONGEST_INTERVAL_MS)) throw new CronProblem('the duration after "@every" is longer than 100 years');
  return Math.max(SHORTEST_INTERVAL_MS, Math.floor(totalMs / 1_000) * 1_000);
}
