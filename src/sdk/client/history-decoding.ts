/**
 * A history made readable: every payload decoded where it stands, each under the place it was encoded for.
 *
 * Owns: which field of which event belongs to which channel, and whose it is: what a child or another workflow was
 * sent is the receiver's, and so is what a child sent back. The same wire types come in (encoded) and go out (clear);
 * nothing else of an event changes.
 */
import { type PayloadChannel, PayloadClaimError, PayloadEncoding } from "../../codec/index.ts";
import type {
  EventAttributes,
  EventOf,
  EventType,
  HistoryEvent,
  UpdateRequestRecord,
} from "../../core/history-event.ts";
import { lastCompletionRunId, previousOriginalRunId } from "../../core/previous-run.ts";
import { readLocalActivityMarker } from "../../replay/markers.ts";
import { decodeUserMetadata, metadataPlace, type MetadataPlace } from "../common/user-metadata.ts";
import { decodeUpdateOutcome, withFailure, withMap, withMessage, withPayloads, withStart } from "./event-payloads.ts";

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
  const decoder = new EventDecoder(encoding, first.attributes.originalExecutionRunId, activityIds(events));
  return await Promise.all(events.map(async (event) => await decoder.event(event)));
}

/**
 * Decodes events of one run one by one. Of each activity, `activityIds` must hold the id by the event that scheduled it
 * before a later event of it is decoded.
 */
export function eventDecoder(
  encoding: PayloadEncoding,
  originalExecutionRunId: string,
  ids: ReadonlyMap<number, string>,
): (event: HistoryEvent) => Promise<HistoryEvent> {
  const decoder = new EventDecoder(encoding, originalExecutionRunId, ids);
  return (event) => decoder.event(event);
}

function activityIds(events: readonly HistoryEvent[]): ReadonlyMap<number, string> {
  const ids = new Map<number, string>();
  for (const event of events)
    if (event.eventType === "ActivityTaskScheduled") ids.set(event.eventId, event.attributes.activityId);
  return ids;
}

/** The events whose attributes hold no encoded payload. */
const IN_CLEAR = {
  WorkflowExecutionTimedOut: true,
  WorkflowExecutionCancelRequested: true,
  WorkflowExecutionPaused: true,
  WorkflowExecutionUnpaused: true,
  WorkflowTaskScheduled: true,
  WorkflowTaskStarted: true,
  WorkflowTaskCompleted: true,
  WorkflowTaskTimedOut: true,
  ActivityTaskCancelRequested: true,
  TimerStarted: true,
  TimerFired: true,
  TimerCanceled: true,
  UpsertWorkflowSearchAttributes: true,
  StartChildWorkflowExecutionFailed: true,
  ChildWorkflowExecutionTimedOut: true,
  ChildWorkflowExecutionTerminated: true,
  SignalExternalWorkflowExecutionFailed: true,
  ExternalWorkflowExecutionSignaled: true,
  RequestCancelExternalWorkflowExecutionInitiated: true,
  RequestCancelExternalWorkflowExecutionFailed: true,
  ExternalWorkflowExecutionCancelRequested: true,
} as const satisfies { readonly [T in EventType]?: true };

function isInClear(event: HistoryEvent): event is Extract<HistoryEvent, { eventType: keyof typeof IN_CLEAR }> {
  return Object.hasOwn(IN_CLEAR, event.eventType);
}

/** The events that say how a child ended. */
type ChildCloseAttributes = EventAttributes[
  | "ChildWorkflowExecutionCompleted"
  | "ChildWorkflowExecutionFailed"
  | "ChildWorkflowExecutionCanceled"];

class EventDecoder {
  readonly #encoding: PayloadEncoding;
  /** The run id that payloads are bound to. */
  readonly #runId: string;
  readonly #activityIds: ReadonlyMap<number, string>;

  constructor(encoding: PayloadEncoding, runId: string, ids: ReadonlyMap<number, string>) {
    this.#encoding = encoding;
    this.#runId = runId;
    this.#activityIds = ids;
  }

  /** The event in clear. */
  async event(event: HistoryEvent): Promise<HistoryEvent> {
    const [attributes, userMetadata] = await Promise.all([this.#attributes(event), this.#userMetadata(event)]);
    // The attributes are those of this very event, decoded; the compiler cannot follow that through a union.
    const clear = { ...event, attributes } as HistoryEvent;
    return userMetadata ? { ...clear, userMetadata } : clear;
  }

  async #attributes(event: HistoryEvent): Promise<EventAttributes[EventType]> {
    if (isInClear(event)) return event.attributes;
    const encoding = this.#encoding;
    switch (event.eventType) {
      case "WorkflowExecutionStarted":
        return await this.#started(event.attributes);
      case "WorkflowExecutionContinuedAsNew":
        return await withStart(encoding, event.attributes);
      case "WorkflowExecutionCompleted":
        return await withPayloads(encoding, event.attributes, "result", this.#ofRun("workflow-result"));
      case "WorkflowExecutionFailed":
        return await withFailure(encoding, event.attributes, "failure", this.#ofRun("workflow-failure"));
      case "WorkflowExecutionCanceled":
        return await withPayloads(encoding, event.attributes, "details", this.#ofRun("workflow-cancellation"));
      case "WorkflowExecutionTerminated":
        return await withPayloads(encoding, event.attributes, "details", { kind: "termination" });
      case "WorkflowExecutionSignaled": {
        const { signalName, requestId } = event.attributes;
        return await withMessage(encoding, event.attributes, { kind: "signal", signalName, requestId });
      }
      case "WorkflowTaskFailed":
        return await withFailure(encoding, event.attributes, "failure", this.#ofRun("workflow-task-failure"));
      case "MarkerRecorded":
        return await this.#marker(event.attributes);
      case "WorkflowPropertiesModified":
        return await withMap(encoding, event.attributes, "upsertedMemo", "memo");
      case "WorkflowExecutionUpdateAdmitted": {
        const { request, origin } = event.attributes;
        return { request: await this.#updateRequest(request), origin };
      }
      case "WorkflowExecutionUpdateAccepted": {
        const acceptedRequest = await this.#updateRequest(event.attributes.acceptedRequest);
        return { ...event.attributes, acceptedRequest };
      }
      case "WorkflowExecutionUpdateCompleted": {
        const { meta, outcome } = event.attributes;
        const place = { runId: this.#runId, updateId: meta.updateId };
        return { ...event.attributes, outcome: await decodeUpdateOutcome(encoding, outcome, place) };
      }
      case "ActivityTaskScheduled":
      case "ActivityTaskStarted":
      case "ActivityTaskCompleted":
      case "ActivityTaskFailed":
      case "ActivityTaskTimedOut":
      case "ActivityTaskCanceled":
        return await this.#activity(event);
      case "StartChildWorkflowExecutionInitiated":
      case "ChildWorkflowExecutionStarted":
      case "ChildWorkflowExecutionCompleted":
      case "ChildWorkflowExecutionFailed":
      case "ChildWorkflowExecutionCanceled":
      case "SignalExternalWorkflowExecutionInitiated":
        return await this.#otherWorkflow(event);
    }
  }

  /** What the runs before left behind is bound to them. */
  async #started(started: EventAttributes["WorkflowExecutionStarted"]): Promise<typeof started> {
    const failed = { kind: "workflow-failure", runId: previousOriginalRunId(started) } as const;
    const completed = { kind: "workflow-result", runId: lastCompletionRunId(started) } as const;
    const input = await withStart(this.#encoding, started);
    const withLastFailure = await withFailure(this.#encoding, input, "continuedFailure", failed);
    return await withPayloads(this.#encoding, withLastFailure, "lastCompletionResult", completed);
  }

  async #activity(
    event: EventOf<
      | "ActivityTaskScheduled"
      | "ActivityTaskStarted"
      | "ActivityTaskCompleted"
      | "ActivityTaskFailed"
      | "ActivityTaskTimedOut"
      | "ActivityTaskCanceled"
    > &
      HistoryEvent,
  ): Promise<EventAttributes[EventType]> {
    const encoding = this.#encoding;
    switch (event.eventType) {
      case "ActivityTaskScheduled": {
        const { activityId } = event.attributes;
        return await withMessage(encoding, event.attributes, {
          kind: "activity-input",
          runId: this.#runId,
          activityId,
        });
      }
      case "ActivityTaskStarted":
        return await withFailure(
          encoding,
          event.attributes,
          "lastFailure",
          this.#ofActivity("activity-failure", event),
        );
      case "ActivityTaskCompleted":
        return await withPayloads(encoding, event.attributes, "result", this.#ofActivity("activity-result", event));
      case "ActivityTaskFailed":
      case "ActivityTaskTimedOut":
        return await withFailure(encoding, event.attributes, "failure", this.#ofActivity("activity-failure", event));
      case "ActivityTaskCanceled":
        return await withPayloads(
          encoding,
          event.attributes,
          "details",
          this.#ofActivity("activity-cancellation", event),
        );
    }
  }

  async #otherWorkflow(
    event: EventOf<
      | "StartChildWorkflowExecutionInitiated"
      | "ChildWorkflowExecutionStarted"
      | "ChildWorkflowExecutionCompleted"
      | "ChildWorkflowExecutionFailed"
      | "ChildWorkflowExecutionCanceled"
      | "SignalExternalWorkflowExecutionInitiated"
    > &
      HistoryEvent,
  ): Promise<EventAttributes[EventType]> {
    switch (event.eventType) {
      case "StartChildWorkflowExecutionInitiated": {
        const { namespace, workflowId } = event.attributes;
        return await unlessGone(event.attributes, withStart(this.#of(namespace, workflowId), event.attributes));
      }
      case "ChildWorkflowExecutionStarted": {
        const { namespace, workflowExecution } = event.attributes;
        return await withMap(this.#of(namespace, workflowExecution.workflowId), event.attributes, "header", "header");
      }
      case "ChildWorkflowExecutionCompleted": {
        const { encoding, runId } = this.#child(event.attributes);
        return await withPayloads(encoding, event.attributes, "result", { kind: "workflow-result", runId });
      }
      case "ChildWorkflowExecutionFailed": {
        const { encoding, runId } = this.#child(event.attributes);
        return await withFailure(encoding, event.attributes, "failure", { kind: "workflow-failure", runId });
      }
      case "ChildWorkflowExecutionCanceled": {
        const { encoding, runId } = this.#child(event.attributes);
        return await withPayloads(encoding, event.attributes, "details", { kind: "workflow-cancellation", runId });
      }
      case "SignalExternalWorkflowExecutionInitiated": {
        const { namespace, workflowExecution, signalName, signalRequestId: requestId } = event.attributes;
        const channel: PayloadChannel = { kind: "signal", signalName, requestId };
        const target = this.#of(namespace, workflowExecution.workflowId);
        return await unlessGone(event.attributes, withMessage(target, event.attributes, channel));
      }
    }
  }

  /** Of the markers only those of local activities hold what users wrote. */
  async #marker(marker: EventAttributes["MarkerRecorded"]): Promise<typeof marker> {
    const withHeader = await withMap(this.#encoding, marker, "header", "header");
    const activityId = readLocalActivityMarker(marker)?.activityId;
    if (activityId === undefined) return withHeader;
    const place = { runId: this.#runId, activityId };
    const clear = await withFailure(this.#encoding, withHeader, "failure", {
      kind: "local-activity-failure",
      ...place,
    });
    const channel: PayloadChannel = { kind: "local-activity-result", ...place };
    const result = await this.#encoding.decodePayloads(marker.details?.["result"], channel);
    return result ? { ...clear, details: { ...clear.details, result } } : clear;
  }

  async #updateRequest(request: UpdateRequestRecord): Promise<UpdateRequestRecord> {
    const { meta, input } = request;
    const channel: PayloadChannel = { kind: "update", updateName: input.name, updateId: meta.updateId };
    const args = await withPayloads(this.#encoding, input, "args", channel);
    return { ...request, input: await withMap(this.#encoding, args, "header", "header") };
  }

  async #userMetadata(event: HistoryEvent): Promise<HistoryEvent["userMetadata"]> {
    if (event.userMetadata === undefined) return undefined;
    const { encoding, subject } = this.#metadataPlace(event);
    return await decodeUserMetadata(encoding, subject, event.userMetadata);
  }

  #metadataPlace(event: HistoryEvent): MetadataPlace {
    const own = (subject: string): MetadataPlace => ({
      encoding: this.#encoding,
      subject: { runId: this.#runId, subject },
    });
    switch (event.eventType) {
      case "WorkflowExecutionStarted": {
        const { parentWorkflowExecution: parent, parentWorkflowNamespace: namespace } = event.attributes;
        return metadataPlace(this.#encoding, parent && namespace !== undefined ? { ...parent, namespace } : undefined);
      }
      case "ActivityTaskScheduled":
        return own(`activity/${event.attributes.activityId}`);
      case "TimerStarted":
        return own(`timer/${event.attributes.timerId}`);
      case "StartChildWorkflowExecutionInitiated":
        return own(`child/${event.attributes.workflowId}`);
      case "MarkerRecorded":
        return own(`activity/${readLocalActivityMarker(event.attributes)?.activityId ?? ""}`);
      default:
        throw new TypeError(`Event ${event.eventId}, a ${event.eventType}, has a summary that nobody writes there.`);
    }
  }

  #of(namespace: string, workflowId: string): PayloadEncoding {
    return new PayloadEncoding(this.#encoding.converter, { namespace, workflowId });
  }

  /** A child's place, and the run that what it sent back is bound to. */
  #child(attributes: ChildCloseAttributes): { readonly encoding: PayloadEncoding; readonly runId: string } {
    const { namespace, workflowExecution, childOriginalExecutionRunId } = attributes;
    return {
      encoding: this.#of(namespace, workflowExecution.workflowId),
      runId: childOriginalExecutionRunId ?? workflowExecution.runId,
    };
  }

  #ofRun(
    kind: "workflow-result" | "workflow-failure" | "workflow-cancellation" | "workflow-task-failure",
  ): PayloadChannel {
    return { kind, runId: this.#runId };
  }

  #ofActivity(
    kind: "activity-result" | "activity-failure" | "activity-cancellation",
    event: { readonly eventId: number; readonly attributes: { readonly scheduledEventId: number } },
  ): PayloadChannel {
    const activityId = this.#activityIds.get(event.attributes.scheduledEventId);
    if (activityId === undefined)
      throw new TypeError(`Event ${event.eventId} closes an activity that the history never scheduled.`);
    return { kind, runId: this.#runId, activityId };
  }
}

/**
 * What was sent to another workflow, or the same as it is stored where the other one's payloads have been cleared away:
 * they are gone with it, as they should, and the history of the sender stays readable.
 */
async function unlessGone<A>(stored: A, decoding: Promise<A>): Promise<A> {
  try {
    return await decoding;
  } catch (error) {
    if (error instanceof PayloadClaimError) return stored;
    throw error;
  }
}
