/**
 * Namespaces: which there are, and how long each keeps the runs that have closed.
 *
 * Owns: reading the variable HOLDFAST_NAMESPACES. Without it every namespace exists, with the default retention; with it
 * only those that it names. Whatever is wrong in it is an error that says where.
 *
 *   { "default": { "retention": "7 days" }, "audit": { "retention": "400 days" }, "drafts": {} }
 */
import { namespaceProblem } from "../core/identifiers.ts";
import { DEFAULT_RETENTION_MS, MAX_RETENTION_MS } from "../core/limits.ts";

/** What holds for one namespace. */
export interface NamespaceConfig {
  /** How long a run is kept after it has closed, in milliseconds. */
  readonly retentionMs: number;
}

/** One namespace as the variable says it. */
export interface NamespaceSettings {
  /** Milliseconds, or a number with a unit: "12 hours", "7 days". Default: 3 days. */
  readonly retention?: number | string;
}

/** The variable: an object, as wrangler's `vars` can hold, or its JSON. */
export type NamespacesVariable = Readonly<Record<string, NamespaceSettings>> | string;

/** Answers for one namespace; undefined says that there is none of this name. */
export type Namespaces = (namespace: string) => NamespaceConfig | undefined;

const VARIABLE = "HOLDFAST_NAMESPACES";
const EVERY_NAMESPACE: NamespaceConfig = { retentionMs: DEFAULT_RETENTION_MS };

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
};
const DURATION = /^(\d+(?:\.\d+)?) ?(ms|second|minute|hour|day|week)s?$/;

/**
 * Reads the variable. Throws `TypeError` that names the variable and the field for anything that cannot be meant.
 *
 * @example
 * const namespaces = readNamespaces({ orders: { retention: "30 days" } });
 * namespaces("orders")?.retentionMs; // 2592000000
 * namespaces("others"); // undefined
 */
export function readNamespaces(variable: unknown): Namespaces {
  if (variable === undefined) return () => EVERY_NAMESPACE;
  const entries = Object.entries(record(typeof variable === "string" ? parsed(variable) : variable, VARIABLE));
  const configs = new Map(entries.map(([namespace, settings]) => [namespace, readSettings(namespace, settings)]));
  return (namespace) => configs.get(namespace);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TypeError(`${VARIABLE} is no JSON: ${String(error)}`, { cause: error });
  }
}

function readSettings(namespace: string, settings: unknown): NamespaceConfig {
  const place = `${VARIABLE}[${JSON.stringify(namespace)}]`;
  const problem = namespaceProblem(namespace);
  if (problem !== undefined) throw new TypeError(`${place}: ${problem}`);
  const { retention, ...others } = record(settings, place);
  const [unknown] = Object.keys(others);
  // A word that is spelled wrong would otherwise mean the default, and runs would be deleted too soon.
  if (unknown !== undefined) throw new TypeError(`${place} has the field ${JSON.stringify(unknown)}, which is unknown`);
  return { retentionMs: retention === undefined ? DEFAULT_RETENTION_MS : durationMs(retention, `${place}.retention`) };
}

function record(value: unknown, place: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new TypeError(`${place} must be an object, such as { "default": { "retention": "7 days" } } for the variable`);
}

function durationMs(value: unknown, place: string): number {
  const ms = typeof value === "string" ? textMs(value) : value;
  if (typeof ms === "number" && ms > 0 && ms <= MAX_RETENTION_MS) return Math.ceil(ms);
  throw new TypeError(
    `${place} is ${JSON.stringify(value)}: give milliseconds as a number, or a text such as "12 hours" or "7 days"; ` +
      "more than zero and at most 100 years",
  );
}

function textMs(text: string): number | undefined {
  const [, amount, unit = ""] = DURATION.exec(text.trim().toLowerCase()) ?? [];
  const unitMs = UNIT_MS[unit];
  return unitMs === undefined ? undefined : Number(amount) * unitMs;
}
