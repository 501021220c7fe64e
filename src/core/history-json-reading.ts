/**
 * History from Temporal's JSON form, the way back of `history-json.ts`.
 *
 * Owns: which events there are. Both spellings of event types and enums are understood. Events that Temporal lets a
 * worker ignore, and those that only say what has no meaning for workflow code, are left out with their numbers; any
 * other event that is not known is an error, because a replay without it would be another one.
 */
import { EVENT_FIELDS, type Field } from "./event-fields.ts";
import type { EventType, HistoryEvent, UpdateRequestRecord } from "./history-event.ts";
import { screamingSnake } from "./history-json.ts";
import {
  enumName,
  fieldsOf,
  isAbsent,
  type JsonObject,
  jsonName,
  number,
  object,
  payload,
  text,
  time,
} from "./json-fields.ts";

/** A text that is no history, or one with an event that cannot be replayed. `eventId` is undefined for the former. */
export class HistoryFormatError extends Error {
  override readonly name = "HistoryFormatError";
  readonly eventId: number | undefined;

  constructor(message: string, eventId?: number) {
    super(message);
    this.eventId = eventId;
  }
}

const EVENT_TYPES: ReadonlyMap<string, EventType> = new Map(
  (Object.keys(EVENT_FIELDS) as EventType[]).map((eventType) => [screamingSnake(eventType), eventType]),
);

/** Known events without meaning for workflow code: settings of the service, and work that the service skipped or paused. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  "WORKFLOW_EXECUTION_OPTIONS_UPDATED",
  "WORKFLOW_EXECUTION_PAUSED",
  "WORKFLOW_EXECUTION_UNPAUSED",
  "WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED",
]);

/** Workers of these versions used two flags without recording them. */
const UNRECORDED_FLAGS_VERSION = /^@temporalio\/worker@1\.11\.[01]\+/;
const UNRECORDED_FLAGS = [1, 2] as const;

/**
 * Reads a history: an object `{ events: [...] }`, or its text. Where an event was left out, the numbers have a gap.
 *
 * Throws `HistoryFormatError`, which names the event where there is one.
 *
 * @example
 * const events = historyFromJson(await readFile("history.json", "utf8"));
 */
export function historyFromJson(history: unknown): readonly HistoryEvent[] {
  const events = eventList(typeof history === "string" ? parse(history) : history);
  const admitted = new Map<string, UpdateRequestRecord>();
  const read: HistoryEvent[] = [];
  for (const item of events) {
    const event = eventOf(item, admitted);
    if (event) read.push(event);
  }
  return read;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw new HistoryFormatError(`A history must be JSON: ${String(error)}`);
  }
}

function eventList(history: unknown): readonly unknown[] {
  const events = typeof history === "object" && history !== null ? Reflect.get(history, "events") : undefined;
  if (Array.isArray(events)) return events as readonly unknown[];
  throw new HistoryFormatError("A history must be an object with a list of events.");
}

function eventOf(item: unknown, admitted: Map<string, UpdateRequestRecord>): HistoryEvent | undefined {
  let eventId: number | undefined;
  try {
    const json = object(item, "An event");
    eventId = number(json["eventId"], "eventId");
    return readEvent(json, eventId, admitted);
  } catch (error) {
    if (error instanceof HistoryFormatError || !(error instanceof TypeError)) throw error;
    throw new HistoryFormatError(`Event ${eventId ?? "without number"}: ${error.message}.`, eventId);
  }
}

function readEvent(
  json: JsonObject,
  eventId: number,
  admitted: Map<string, UpdateRequestRecord>,
): HistoryEvent | undefined {
  const name = isAbsent(json["eventType"]) ? undefined : enumName(text(json["eventType"], "eventType"), "EVENT_TYPE_");
  const eventType = EVENT_TYPES.get(name ?? "");
  if (eventType === undefined) {
    if (json["workerMayIgnore"] === true || PASSED_OVER.has(name ?? "")) return undefined;
    throw new HistoryFormatError(`Event ${eventId} is of a type that cannot be replayed: ${name ?? "none"}.`, eventId);
  }
  const written = attributesOf(json, eventType);
  const attributes = readAttributes(eventType, written);
  if (eventType === "WorkflowExecutionUpdateAdmitted") noteAdmitted(attributes, admitted);
  complete(eventType, attributes, written, admitted);
  const userMetadata = isAbsent(json["userMetadata"])
    ? {}
    : fieldsOf({ summary: payload, details: payload })(json["userMetadata"], "userMetadata");
  return {
    eventId,
    eventTimeMs: isAbsent(json["eventTime"]) ? 0 : time(json["eventTime"], "eventTime"),
    eventType,
    attributes,
    ...(Object.keys(userMetadata).length > 0 ? { userMetadata } : {}),
  } as unknown as HistoryEvent;
}

/** Proto JSON may leave out attributes that all have their default values. */
function attributesOf(json: JsonObject, eventType: EventType): JsonObject {
  const name = `${eventType.charAt(0).toLowerCase()}${eventType.slice(1)}EventAttributes`;
  return isAbsent(json[name]) ? {} : object(json[name], name);
}

function readAttributes(eventType: EventType, json: JsonObject): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, field] of Object.entries<Field>(EVENT_FIELDS[eventType])) {
    const name = jsonName(key);
    const value = (isAbsent(json[name]) ? undefined : field.read(json[name], name)) ?? field.absent;
    if (value !== undefined) result[key] = value;
  }
  return result;
}

/** What an event leaves to others, or to conventions of its time. */
function complete(
  eventType: EventType,
  attributes: Record<string, unknown>,
  json: JsonObject,
  admitted: Map<string, UpdateRequestRecord>,
): void {
  if (eventType === "WorkflowExecutionUpdateAccepted" && isAbsent(json["acceptedRequest"])) {
    const request = admitted.get(String(attributes["protocolInstanceId"]));
    if (request) attributes["acceptedRequest"] = request;
  }
  if (eventType === "WorkflowTaskCompleted") addUnrecordedFlags(attributes, json);
}

/** An acceptance that follows an admission leaves the request to it. */
function noteAdmitted(attributes: Record<string, unknown>, admitted: Map<string, UpdateRequestRecord>): void {
  const request = attributes["request"] as UpdateRequestRecord;
  admitted.set(request.meta.updateId, request);
}

function addUnrecordedFlags(attributes: Record<string, unknown>, json: JsonObject): void {
  const version = json["workerVersion"];
  const buildId: unknown =
    typeof version === "object" && version !== null ? Reflect.get(version, "buildId") : undefined;
  if (typeof buildId !== "string" || !UNRECORDED_FLAGS_VERSION.test(buildId)) return;
  const metadata = (attributes["sdkMetadata"] ?? {}) as { readonly langUsedFlags?: readonly number[] };
  const langUsedFlags = new Set([...(metadata.langUsedFlags ?? []), ...UNRECORDED_FLAGS]);
  attributes["sdkMetadata"] = { ...metadata, langUsedFlags: [...langUsedFlags] };
}
