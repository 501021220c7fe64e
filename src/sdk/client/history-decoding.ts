/**
 * A history made readable: every payload decoded where it stands, each under the place it was encoded for.
 *
 * Owns: which field of which event belongs to which channel. The same wire types come in (encoded) and go out (clear);
 * nothing else of an event changes.
 */
import type { PayloadChannel, PayloadEncoding } from "../../codec/index.ts";
import type { Failure } from "../../core/failure.ts";
import type { EventOf, EventType, HistoryEvent } from "../../core/history-event.ts";
import type { PayloadMap, Payloads } from "../../core/payload.ts";

/** What the decoding of later events needs from earlier ones. */
interface Places {
  /** The run id that payloads are bound to. */
  readonly runId: string;
  readonly activityIds: Map<number, string>;
}

/**
 * Decodes the payloads of a whole history, first event included: the places of later payloads follow from it.
 *
 * Throws what the codecs throw, such as `PayloadDecryptionError` when the key is another one, and a `TypeError` when
 * the history does not begin with its first event.
 *
 * @example
 * const clear = await decodeHistory(new PayloadEncoding(converter, { namespace, workflowId }), events);
 */
export async function decodeHistory(
  encoding: PayloadEncoding,
  events: readonly HistoryEvent[],
): Promise<readonly HistoryEvent[]> {
  const first = events[0];
  if (first?.eventType !== "WorkflowExecutionStarted")
    throw new TypeError("A history is decoded from its first event on, which must be WorkflowExecutionStarted.");
  const places: Places = { runId: first.attributes.originalExecutionRunId, activityIds: activityIds(events) };
  const decoder = new EventDecoder(encoding, places);
  return await Promise.all(events.map(async (event) => await decoder.event(event)));
}

function activityIds(events: readonly HistoryEvent[]): Map<number, string> {
  const ids = new Map<number, string>();
  for (const event of events)
    if (event.eventType === "ActivityTaskScheduled") ids.set(event.eventId, event.attributes.activityId);
  return ids;
}

class EventDecoder {
  readonly #encoding: PayloadEncoding;
  readonly #places: Places;

  constructor(encoding: PayloadEncoding, places: Places) {
    this.#encoding = encoding;
    this.#places = places;
  }

  async event(event: HistoryEvent): Promise<HistoryEvent> {
    switch (event.eventType) {
      case "WorkflowExecutionStarted":
        return await this.#started(event);
      case "WorkflowExecutionCompleted":
        return await this.#payloads(event, "result", this.#ofRun("workflow-result"));
      case "WorkflowExecutionFailed":
        return await this.#failure(event, "failure", this.#ofRun("workflow-failure"));
      case "WorkflowExecutionCanceled":
        return await this.#payloads(event, "details", this.#ofRun("workflow-cancellation"));
      case "WorkflowExecutionTerminated":
        return await this.#payloads(event, "details", { kind: "termination" });
      case "WorkflowExecutionSignaled":
        return await this.#signaled(event);
      case "WorkflowTaskFailed":
        return await this.#failure(event, "failure", this.#ofRun("workflow-task-failure"));
      case "ActivityTaskScheduled":
        return await this.#scheduled(event);
      case "ActivityTaskStarted":
        return await this.#failure(event, "lastFailure", this.#ofActivity("activity-failure", event));
      case "ActivityTaskCompleted":
        return await this.#payloads(event, "result", this.#ofActivity("activity-result", event));
      case "ActivityTaskFailed":
      case "ActivityTaskTimedOut":
        return await this.#failure(event, "failure", this.#ofActivity("activity-failure", event));
      case "ActivityTaskCanceled":
        return await this.#payloads(event, "details", this.#ofActivity("activity-cancellation", event));
      case "WorkflowExecutionTimedOut":
      case "WorkflowExecutionCancelRequested":
      case "WorkflowTaskScheduled":
      case "WorkflowTaskStarted":
      case "WorkflowTaskCompleted":
      case "WorkflowTaskTimedOut":
      case "ActivityTaskCancelRequested":
      case "TimerStarted":
      case "TimerFired":
      case "TimerCanceled":
        return event;
    }
  }

  async #started(event: EventOf<"WorkflowExecutionStarted">): Promise<HistoryEvent> {
    const { input, header, memo } = event.attributes;
    const attributes = {
      ...event.attributes,
      ...present("input", await this.#encoding.decodePayloads(input, { kind: "workflow-input" })),
      ...present("header", await this.#map(header, "header")),
      ...present("memo", await this.#map(memo, "memo")),
    };
    return { ...event, attributes };
  }

  async #signaled(event: EventOf<"WorkflowExecutionSignaled">): Promise<HistoryEvent> {
    const { input, header, signalName, requestId } = event.attributes;
    const attributes = {
      ...event.attributes,
      ...present("input", await this.#encoding.decodePayloads(input, { kind: "signal", signalName, requestId })),
      ...present("header", await this.#map(header, "header")),
    };
    return { ...event, attributes };
  }

  async #scheduled(event: EventOf<"ActivityTaskScheduled">): Promise<HistoryEvent> {
    const { input, header, activityId } = event.attributes;
    const channel: PayloadChannel = { kind: "activity-input", runId: this.#places.runId, activityId };
    const attributes = {
      ...event.attributes,
      ...present("input", await this.#encoding.decodePayloads(input, channel)),
      ...present("header", await this.#map(header, "header")),
    };
    return { ...event, attributes };
  }

  /** Decodes one field of payloads. */
  async #payloads<F extends string>(
    event: HistoryEvent & { readonly attributes: { readonly [K in F]?: Payloads } },
    field: F,
    channel: PayloadChannel,
  ): Promise<HistoryEvent> {
    const clear = await this.#encoding.decodePayloads(event.attributes[field], channel);
    return clear === undefined ? event : withAttribute(event, field, clear);
  }

  /** Decodes one field that holds a failure. */
  async #failure<F extends string>(
    event: HistoryEvent & { readonly attributes: { readonly [K in F]?: Failure } },
    field: F,
    channel: PayloadChannel,
  ): Promise<HistoryEvent> {
    const failure = event.attributes[field];
    if (failure === undefined) return event;
    return withAttribute(event, field, await this.#encoding.decodeFailure(failure, channel));
  }

  async #map(map: PayloadMap | undefined, kind: "header" | "memo"): Promise<PayloadMap | undefined> {
    return map === undefined ? undefined : await this.#encoding.decodeMap(map, kind);
  }

  #ofRun(
    kind: "workflow-result" | "workflow-failure" | "workflow-cancellation" | "workflow-task-failure",
  ): PayloadChannel {
    return { kind, runId: this.#places.runId };
  }

  #ofActivity(
    kind: "activity-result" | "activity-failure" | "activity-cancellation",
    event: { readonly eventId: number; readonly attributes: { readonly scheduledEventId: number } },
  ): PayloadChannel {
    const activityId = this.#places.activityIds.get(event.attributes.scheduledEventId);
    if (activityId === undefined)
      throw new TypeError(`Event ${event.eventId} closes an activity that the history never scheduled.`);
    return { kind, runId: this.#places.runId, activityId };
  }
}

function present<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}

function withAttribute(event: HistoryEvent, field: string, value: Payloads | Failure): HistoryEvent {
  // The field was read from this very event, so it keeps its type; the compiler cannot follow that through a union.
  return { ...event, attributes: { ...event.attributes, [field]: value } } as unknown as EventOf<EventType> &
    HistoryEvent;
}
