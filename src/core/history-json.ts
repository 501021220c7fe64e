/**
 * History in Temporal's JSON form (proto3 JSON of `temporal.api.history.v1.History`), so that others' tools read it.
 *
 * Owns: the mapping from stored events. It goes by the endings of field names (see `history-event.ts`): `…TimeMs` is a
 * timestamp, other `…Ms` a duration, `…EventId` an int64 written as a string; enums get their full names. Payloads are
 * in JSON form already and pass through untouched.
 */
import type { EventType, HistoryEvent, Named } from "./history-event.ts";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** One event: `eventId`, `eventTime`, `eventType` and one attributes object named after the type. */
export interface JsonEvent {
  readonly eventId: string;
  readonly eventTime: string;
  readonly eventType: string;
  readonly taskId: string;
  readonly [attributes: string]: JsonValue;
}

export interface JsonHistory {
  readonly events: readonly JsonEvent[];
}

/** Enum fields by name, with the prefix that their values carry in proto JSON. */
export const ENUM_PREFIXES = {
  retryState: "RETRY_STATE_",
  timeoutType: "TIMEOUT_TYPE_",
  category: "APPLICATION_ERROR_CATEGORY_",
  initiator: "CONTINUE_AS_NEW_INITIATOR_",
  parentClosePolicy: "PARENT_CLOSE_POLICY_",
  workflowIdReusePolicy: "WORKFLOW_ID_REUSE_POLICY_",
  suggestContinueAsNewReasons: "SUGGEST_CONTINUE_AS_NEW_REASON_",
  origin: "UPDATE_ADMITTED_EVENT_ORIGIN_",
} as const;

/** `cause` is an enum in these events only, each time another; in a failure it is the failure behind. */
export const CAUSE_PREFIXES = {
  WorkflowTaskFailed: "WORKFLOW_TASK_FAILED_CAUSE_",
  StartChildWorkflowExecutionFailed: "START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_",
  SignalExternalWorkflowExecutionFailed: "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_",
  RequestCancelExternalWorkflowExecutionFailed: "CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_",
} as const;

/** Fields whose numbers are int64 in the proto and therefore strings in JSON. */
const INT64_FIELDS: ReadonlySet<string> = new Set(["historySizeBytes"]);

/** Fields that only Holdfast's service understands. */
const NOT_EXPORTED: ReadonlySet<string> = new Set([
  "eagerlyClaimed",
  "inheritedRequestIds",
  "removedMemoKeys",
  "signalRequestId",
  "childOriginalExecutionRunId",
  "lastCompletionRunId",
  "continuedOriginalExecutionRunId",
  "resetRunId",
  "childrenHandedOver",
  "handedOverChildren",
]);

/** Fields whose content is the users', to the last name in it. */
const UNTOUCHED: ReadonlySet<string> = new Set(["payloads", "fields", "indexedFields", "encodedAttributes"]);

/** Events that are no news to a workflow. Temporal's SDK refuses them in a replay unless they say so. */
const WORKER_MAY_IGNORE: ReadonlySet<EventType> = new Set<EventType>([
  "WorkflowExecutionPaused",
  "WorkflowExecutionUnpaused",
]);

/** Exports events as Temporal's JSON. Payloads stay as they are: encoded, unless the caller decoded them before. */
export function historyToJson(events: readonly HistoryEvent[]): JsonHistory {
  return { events: events.map(eventToJson) };
}

function eventToJson(event: HistoryEvent): JsonEvent {
  const name = event.eventType.charAt(0).toLowerCase() + event.eventType.slice(1);
  const attributes = convertFields({ ...event.attributes, ...extraAttributes(event) }, event.eventType);
  return {
    eventId: String(event.eventId),
    eventTime: timestamp(event.eventTimeMs),
    eventType: `EVENT_TYPE_${screamingSnake(event.eventType)}`,
    taskId: String(event.eventId),
    ...(WORKER_MAY_IGNORE.has(event.eventType) ? { workerMayIgnore: true } : {}),
    [`${name}EventAttributes`]: attributes,
    ...(event.userMetadata ? { userMetadata: event.userMetadata as JsonValue } : {}),
  };
}

/** Attributes that Temporal writes and Holdfast derives. */
function extraAttributes(event: HistoryEvent): Record<string, unknown> {
  switch (event.eventType) {
    case "WorkflowExecutionStarted":
      return {
        taskQueue: normalTaskQueue(event.attributes.taskQueue),
        firstWorkflowTaskBackoffMs: event.attributes.firstWorkflowTaskBackoffMs ?? 0,
      };
    case "WorkflowExecutionContinuedAsNew":
    case "StartChildWorkflowExecutionInitiated":
    case "WorkflowTaskScheduled":
    case "ActivityTaskScheduled":
      return { taskQueue: normalTaskQueue(event.attributes.taskQueue) };
    default:
      return {};
  }
}

function normalTaskQueue(taskQueue: Named): Record<string, string> {
  return { name: taskQueue.name, kind: "TASK_QUEUE_KIND_NORMAL" };
}

function convertFields(fields: Readonly<Record<string, unknown>>, eventType: string): { [key: string]: JsonValue } {
  const result: { [key: string]: JsonValue } = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined || NOT_EXPORTED.has(key)) continue;
    const [name, converted] = convertField(key, value, eventType);
    result[name] = converted;
  }
  return result;
}

function convertField(key: string, value: unknown, eventType: string): readonly [string, JsonValue] {
  if (typeof value === "number") return convertNumber(key, value);
  if (typeof value === "string") {
    return [key, enumPrefix(key, eventType) + value];
  }
  if (Array.isArray(value)) {
    const prefix = enumPrefix(key, eventType);
    const items = value as readonly JsonValue[];
    return [key, prefix === "" ? items : items.map((item) => (typeof item === "string" ? prefix + item : item))];
  }
  if (typeof value === "object" && value !== null) {
    if (UNTOUCHED.has(key)) return [key, value as JsonValue];
    return [key, convertFields(value as Record<string, unknown>, key)];
  }
  return [key, value as JsonValue];
}

/** What an enum's value begins with; nothing for a field that is none. */
function enumPrefix(key: string, eventType: string): string {
  const prefixes: Readonly<Record<string, string>> = key === "cause" ? CAUSE_PREFIXES : ENUM_PREFIXES;
  const name = key === "cause" ? eventType : key;
  return Object.hasOwn(prefixes, name) ? (prefixes[name] ?? "") : "";
}

function convertNumber(key: string, value: number): readonly [string, JsonValue] {
  if (key.endsWith("TimeMs")) return [key.slice(0, -2), timestamp(value)];
  if (key.endsWith("Ms")) return [key.slice(0, -2), duration(value)];
  if (key.endsWith("EventId") || INT64_FIELDS.has(key)) return [key, String(value)];
  return [key, value];
}

/** "TimerStarted" as "TIMER_STARTED". */
export function screamingSnake(name: string): string {
  return name.replaceAll(/(?<!^)([A-Z])/g, "_$1").toUpperCase();
}

/** Milliseconds as proto JSON duration: seconds with as many decimals as needed. */
export function duration(ms: number): string {
  const sign = ms < 0 ? "-" : "";
  const whole = Math.round(Math.abs(ms));
  const rest = whole % 1_000;
  const seconds = (whole - rest) / 1_000;
  return rest === 0 ? `${sign}${seconds}s` : `${sign}${seconds}.${String(rest).padStart(3, "0")}s`;
}

/** Epoch milliseconds as RFC 3339 in UTC. Computed here because core has no clock and no Date. */
export function timestamp(ms: number): string {
  const days = Math.floor(ms / 86_400_000);
  const inDay = ms - days * 86_400_000;
  const [year, month, day] = civilDate(days);
  const hours = Math.floor(inDay / 3_600_000);
  const minutes = Math.floor(inDay / 60_000) % 60;
  const seconds = Math.floor(inDay / 1_000) % 60;
  const millis = String(Math.floor(inDay) % 1_000).padStart(3, "0");
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${two(hours)}:${two(minutes)}:${two(seconds)}.${millis}Z`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** Year, month and day of a day number from 1970-01-01, in the proleptic Gregorian calendar, for years from 1970. */
function civilDate(days: number): readonly [number, number, number] {
  let year = 1970;
  let rest = days;
  for (;;) {
    const length = isLeap(year) ? 366 : 365;
    if (rest < length) break;
    rest -= length;
    year += 1;
  }
  const lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  let month = 0;
  while (rest >= (lengths[month] ?? 31)) {
    rest -= lengths[month] ?? 31;
    month += 1;
  }
  return [year, month + 1, rest + 1];
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}
