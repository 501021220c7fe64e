/**
 * Fields of proto3 JSON, one reader for each kind: text, numbers, times, durations, enums, payloads, failures.
 *
 * Owns: what a value may look like and what an absent one means. Writers differ: int64 come as text or as numbers, enums
 * in two spellings, timestamps with up to nine decimals, bytes in either alphabet of base64, absent messages as null.
 */
import type { Failure } from "./failure.ts";
import { ENUM_PREFIXES, screamingSnake } from "./history-json.ts";
import type { Payload, PayloadMap, Payloads, SearchAttributeMap } from "./payload.ts";
import type { RetryPolicy } from "./retry-policy.ts";

/** Reads a value that is there. Throws `TypeError` for one that makes no sense; `path` names it. */
export type Read<T> = (value: unknown, path: string) => T;

export type JsonObject = Readonly<Record<string, unknown>>;

function refuse(path: string, expected: string, value: unknown): never {
  throw new TypeError(`${path} must be ${expected}, but is ${JSON.stringify(value)}`);
}

/** Whether nothing was written: absent, or null as some writers have it. */
export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

export const object: Read<JsonObject> = (value, path) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(path, "an object", value);
  return value as JsonObject;
};

export const text: Read<string> = (value, path) => (typeof value === "string" ? value : refuse(path, "a text", value));

export const flag: Read<boolean> = (value, path) =>
  typeof value === "boolean" ? value : refuse(path, "true or false", value);

/** A number, as such or as text: int64 is text in proto JSON. */
export const number: Read<number> = (value, path) => {
  const read = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof read === "number" && Number.isFinite(read) ? read : refuse(path, "a number", value);
};

export const texts: Read<readonly string[]> = (value, path) => list(value, path).map((item) => text(item, path));

export const numbers: Read<readonly number[]> = (value, path) => list(value, path).map((item) => number(item, path));

function list(value: unknown, path: string): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : refuse(path, "a list", value);
}

const DURATION = /^(-?)(\d+)(?:\.(\d{1,9}))?s$/;

/** A duration such as "1.5s", in milliseconds. What is shorter than one is cut. */
export const duration: Read<number> = (value, path) => {
  const [, sign, seconds, fraction] =
    DURATION.exec(text(value, path)) ?? refuse(path, 'a duration such as "10s"', value);
  const ms = Number(seconds) * 1_000 + millisecondsOf(fraction);
  return sign === "-" ? -ms : ms;
};

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/i;

/** An RFC 3339 timestamp, in epoch milliseconds. What is shorter than one is cut. */
export const time: Read<number> = (value, path) => {
  const match = TIMESTAMP.exec(text(value, path)) ?? refuse(path, "a timestamp as in RFC 3339", value);
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1, 7).map(Number);
  const [fraction, sign, offsetHours, offsetMinutes] = match.slice(7);
  const offset = (Number(offsetHours ?? 0) * 60 + Number(offsetMinutes ?? 0)) * (sign === "-" ? -1 : 1);
  const inDay = ((hours * 60 + minutes - offset) * 60 + seconds) * 1_000 + millisecondsOf(fraction);
  return dayNumber(year, month, day) * 86_400_000 + inDay;
};

function millisecondsOf(fraction: string | undefined): number {
  return Number((fraction ?? "").slice(0, 3).padEnd(3, "0"));
}

/** The day's number from 1970-01-01 in the proleptic Gregorian calendar, by Howard Hinnant's method. */
function dayNumber(year: number, month: number, day: number): number {
  // Years begin in March here, so that the day that is not in every year comes last.
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** The name of an enum's value without its prefix, from either spelling; undefined for "unspecified". */
export function enumName(value: string, prefix: string): string | undefined {
  const name = value.startsWith(prefix) ? value.slice(prefix.length) : screamingSnake(value);
  return name === "UNSPECIFIED" ? undefined : name;
}

/** An enum of which these values are known. Any other is as if there were none. */
export function enumOf<T extends string>(prefix: string, known: readonly T[]): Read<T | undefined> {
  return (value, path) => {
    const name = enumName(text(value, path), prefix);
    return known.find((candidate) => candidate === name);
  };
}

/** A list of such values. Those that are not known are left out. */
export function enumsOf<T extends string>(prefix: string, known: readonly T[]): Read<readonly T[]> {
  const one = enumOf(prefix, known);
  return (value, path) => {
    if (!Array.isArray(value)) return refuse(path, "a list", value);
    const items = value.map((item, index) => one(item as never, `${path}[${index}]`));
    return items.filter((item) => item !== undefined);
  };
}

export const retryState = enumOf(ENUM_PREFIXES.retryState, [
  "IN_PROGRESS",
  "NON_RETRYABLE_FAILURE",
  "TIMEOUT",
  "MAXIMUM_ATTEMPTS_REACHED",
  "RETRY_POLICY_NOT_SET",
  "INTERNAL_SERVER_ERROR",
  "CANCEL_REQUESTED",
]);

export const timeoutType = enumOf(ENUM_PREFIXES.timeoutType, [
  "START_TO_CLOSE",
  "SCHEDULE_TO_START",
  "SCHEDULE_TO_CLOSE",
  "HEARTBEAT",
]);

const category = enumOf(ENUM_PREFIXES.category, ["BENIGN"]);

/** Reads the fields that are there by their own readers, and leaves out the others. */
export function fieldsOf(readers: Readonly<Record<string, Read<unknown>>>): Read<JsonObject> {
  return (value, path) => {
    const fields = object(value, path);
    const result: Record<string, unknown> = {};
    for (const [key, read] of Object.entries(readers)) {
      const name = jsonName(key);
      if (isAbsent(fields[name])) continue;
      const converted = read(fields[name], `${path}.${name}`);
      if (converted !== undefined) result[key] = converted;
    }
    return result;
  };
}

/** A field's name in JSON: durations and times say their unit in what they look like. */
export function jsonName(key: string): string {
  return key.endsWith("Ms") ? key.slice(0, -2) : key;
}

/** Standard base64 from either alphabet, with padding. */
const bytes: Read<string> = (value, path) => {
  const standard = text(value, path).replaceAll("-", "+").replaceAll("_", "/").replaceAll("=", "");
  if (!/^[A-Za-z0-9+/]*$/.test(standard)) refuse(path, "base64", value);
  return standard.padEnd(Math.ceil(standard.length / 4) * 4, "=");
};

/** A map whose values are all of one kind. */
export function mapOf<T>(read: Read<T>): Read<Readonly<Record<string, T>>> {
  return (value, path) =>
    Object.fromEntries(Object.entries(object(value, path)).map(([key, item]) => [key, read(item, `${path}.${key}`)]));
}

export const payload = fieldsOf({ metadata: mapOf(bytes), data: bytes }) as Read<Payload>;

/** A list of payloads, also where it is empty. */
export const payloadList: Read<Payloads> = (value, path) => {
  const { payloads } = object(value, path);
  return {
    payloads: isAbsent(payloads) ? [] : list(payloads, `${path}.payloads`).map((item) => payload(item, path)),
  };
};

/** A list of payloads; an empty one is none. */
export const payloads: Read<Payloads | undefined> = (value, path) => {
  const read = payloadList(value, path);
  return read.payloads.length === 0 ? undefined : read;
};

const payloadRecord = mapOf(payload);

/** A memo or header; an empty one is none. */
export const payloadMap: Read<PayloadMap | undefined> = (value, path) => {
  const { fields } = object(value, path);
  if (isAbsent(fields) || Object.keys(object(fields, path)).length === 0) return undefined;
  return { fields: payloadRecord(fields, `${path}.fields`) };
};

/** Search attributes; an empty set is none. */
export const searchAttributes: Read<SearchAttributeMap | undefined> = (value, path) => {
  const { indexedFields } = object(value, path);
  if (isAbsent(indexedFields) || Object.keys(object(indexedFields, path)).length === 0) return undefined;
  return { indexedFields: payloadRecord(indexedFields, `${path}.indexedFields`) };
};

export const retryPolicy = fieldsOf({
  initialIntervalMs: duration,
  backoffCoefficient: number,
  maximumIntervalMs: duration,
  maximumAttempts: number,
  nonRetryableErrorTypes: texts,
}) as Read<RetryPolicy>;

/** A text; an empty one is none. */
export const filledText: Read<string | undefined> = (value, path) => text(value, path) || undefined;

const named = fieldsOf({ name: text });
const execution = fieldsOf({ workflowId: text, runId: text });

/** A failure, with its causes. */
export const failure: Read<Failure> = (value, path) => {
  const read = readFailureFields(value, path);
  const { resetWorkflowFailureInfo: reset, ...rest } = read as { readonly resetWorkflowFailureInfo?: ResetInfo };
  if (reset === undefined) return rest;
  // Temporal's SDK shows an activity that a reset has ended as an application failure.
  const details = reset.lastHeartbeatDetails;
  return {
    ...rest,
    applicationFailureInfo: { type: "ResetWorkflow", nonRetryable: false, ...(details ? { details } : {}) },
  };
};

interface ResetInfo {
  readonly lastHeartbeatDetails?: Payloads;
}

const readFailureFields: Read<JsonObject> = (value, path) => FAILURE_FIELDS(value, path);

const FAILURE_FIELDS = fieldsOf({
  message: text,
  source: text,
  stackTrace: text,
  encodedAttributes: payload,
  cause: (value, path) => failure(value, path),
  applicationFailureInfo: fieldsOf({
    type: text,
    nonRetryable: flag,
    details: payloads,
    nextRetryDelayMs: duration,
    category,
  }),
  timeoutFailureInfo: (value, path) => ({
    timeoutType: "START_TO_CLOSE",
    ...fieldsOf({ timeoutType, lastHeartbeatDetails: payloads })(value, path),
  }),
  canceledFailureInfo: fieldsOf({ details: payloads }),
  terminatedFailureInfo: fieldsOf({}),
  serverFailureInfo: fieldsOf({ nonRetryable: flag }),
  resetWorkflowFailureInfo: fieldsOf({ lastHeartbeatDetails: payloads }),
  activityFailureInfo: (value, path) => ({
    activityType: { name: "" },
    activityId: "",
    ...fieldsOf({
      scheduledEventId: number,
      startedEventId: number,
      identity: text,
      activityType: named,
      activityId: text,
      retryState,
    })(value, path),
  }),
  childWorkflowExecutionFailureInfo: (value, path) => ({
    workflowExecution: { workflowId: "", runId: "" },
    workflowType: { name: "" },
    ...fieldsOf({
      namespace: text,
      workflowExecution: execution,
      workflowType: named,
      initiatedEventId: number,
      startedEventId: number,
      retryState,
    })(value, path),
  }),
});
