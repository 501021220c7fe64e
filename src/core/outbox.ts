/**
 * The outbox: what a run still has to tell other workflow executions. Derived from its state, never stored.
 *
 *   what the state shows                               | what is delivered                  | until
 *   ---------------------------------------------------+------------------------------------+---------------------------
 *   open run, a child that is not known to have started| start, by its request id           | recordChildStart
 *   a signal or cancellation without answer            | signal or requestCancel, by its id | recordExternalResult (*)
 *   closed run, open children                          | what their parent close policy says| settleOutbox
 *   closed run, a child to be abandoned, not started   | start                              | settleOutbox
 *   closed run that was the last of its chain, a child | childClosed to the parent          | settleOutbox
 *
 * (*) once the run has closed: until settleOutbox, for nothing is added to a closed history.
 *
 * Owns: what waits, in the order in which it must arrive, the request each becomes, and what an answer means. Whatever
 * is delivered may be delivered again, so every request carries what its receiver needs to tell a repetition.
 */
import type { ChildClosedRequest, ExternalSender, StartRequest } from "./protocol.ts";
import type { CancelRequest, SignalRequest, TerminateRequest } from "./protocol.ts";
import type {
  ChildWorkflowIdReusePolicy,
  EventOf,
  EventType,
  ExecutionRef,
  ExecutionTarget,
  HistoryEvent,
} from "./history-event.ts";
import type { Reply } from "./rejection.ts";
import { type ChildState, type ExternalState, type WorkflowState, writerOf } from "./state.ts";

/** Who does what the service does of its own accord, as clients read it in a history. */
const SERVICE_IDENTITY = "history-service";
const PARENT_CLOSE_REASON = "by parent close policy";

/** Longest time between two deliveries of the same thing, and how long a run may wait for the first to be repeated. */
export const REDELIVERY_MAXIMUM_MS = 60_000;
export const FIRST_REDELIVERY_MS = 10_000;
const REDELIVERY_INITIAL_MS = 1_000;

/** Milliseconds to wait after delivery number `attempt` (from 1) has failed. */
export function redeliveryBackoffMs(attempt: number): number {
  return Math.min(REDELIVERY_MAXIMUM_MS, REDELIVERY_INITIAL_MS * 2 ** (attempt - 1));
}

/** One thing that waits to be delivered. `key` names it within its run. */
export interface OutboxItem {
  readonly key: string;
  readonly kind: "startChild" | "signal" | "cancel" | "terminateChild" | "cancelChild" | "tellParent";
  readonly namespace: string;
  readonly workflowId: string;
  /** The event that initiated it; of the child, for what happens when its parent closes. */
  readonly initiatedEventId: number;
}

/** Whether anything waits. Costs little: asked after every commit. */
export function hasOutbox(state: Readonly<WorkflowState>): boolean {
  if (state.outboxSettled) return false;
  for (const _id in state.externals) return true;
  const isOpen = state.status === "RUNNING";
  if (!isOpen && hasParentToTell(state)) return true;
  for (const id in state.children) {
    const child = state.children[id as unknown as number];
    if (child && childItemKind(child, isOpen)) return true;
  }
  return false;
}

/**
 * Whether a run that another is about to follow will have something to deliver once these events have ended it. Says
 * yes when in doubt: it is only the reason to look at the run again after a reload.
 */
export function mayLeaveOutbox(state: Readonly<WorkflowState>, events: readonly HistoryEvent[]): boolean {
  if (state.status !== "RUNNING") return hasOutbox(state);
  for (const _id in state.children) return true;
  for (const _id in state.externals) return true;
  if (events.some((event) => INITIATING.has(event.eventType))) return true;
  const last = events.at(-1);
  const isFollowed = last && ("newExecutionRunId" in last.attributes || "resetRunId" in last.attributes);
  return state.start.parent !== undefined && !isFollowed;
}

const INITIATING: ReadonlySet<EventType> = new Set<EventType>([
  "StartChildWorkflowExecutionInitiated",
  "SignalExternalWorkflowExecutionInitiated",
  "RequestCancelExternalWorkflowExecutionInitiated",
]);

/** Everything that waits, in the order of its events; within one target that is the order of arrival. */
export function outboxOf(state: Readonly<WorkflowState>): readonly OutboxItem[] {
  if (!hasOutbox(state)) return [];
  const items: OutboxItem[] = [];
  const isOpen = state.status === "RUNNING";
  for (const child of Object.values(state.children)) {
    const kind = childItemKind(child, isOpen);
    if (kind) items.push(item(kind, child.initiatedEventId, child));
  }
  for (const external of Object.values(state.externals)) {
    const { namespace, target, initiatedEventId } = external;
    items.push(item(external.kind, initiatedEventId, { namespace, workflowId: target.workflowId }));
  }
  // What the close policy asks for comes from the run's last event, whenever the child was initiated.
  const causeOf = ({ kind, initiatedEventId }: OutboxItem): number =>
    kind === "terminateChild" || kind === "cancelChild" ? (state.closeEventId ?? 0) : initiatedEventId;
  items.sort((a, b) => causeOf(a) - causeOf(b) || a.initiatedEventId - b.initiatedEventId);
  const { parent } = state.start;
  if (parent && hasParentToTell(state) && !isOpen) items.push(item("tellParent", parent.initiatedEventId, parent));
  return items;
}

function item(
  kind: OutboxItem["kind"],
  initiatedEventId: number,
  { namespace, workflowId }: { readonly namespace: string; readonly workflowId: string },
): OutboxItem {
  return { key: `${kind}/${initiatedEventId}`, kind, namespace, workflowId, initiatedEventId };
}

function hasParentToTell(state: Readonly<WorkflowState>): boolean {
  // A parent hears of the end of the whole chain only.
  return state.start.parent !== undefined && state.newExecutionRunId === undefined;
}

function childItemKind(child: Readonly<ChildState>, isOpen: boolean): OutboxItem["kind"] | undefined {
  const isStarted = child.startedEventId !== undefined;
  if (isOpen) return isStarted ? undefined : "startChild";
  switch (child.parentClosePolicy) {
    case "TERMINATE":
      return "terminateChild";
    case "REQUEST_CANCEL":
      return "cancelChild";
    case "ABANDON":
      return isStarted ? undefined : "startChild";
  }
}

/** When what waits is delivered again though nobody calls, or undefined if nothing waits. */
export function outboxDeadlineMs(state: Readonly<WorkflowState>): number | undefined {
  return hasOutbox(state) ? state.redeliverMs : undefined;
}

/** A request to another execution; its name is the method that takes it. */
export type Delivery =
  | { readonly method: "start"; readonly request: StartRequest }
  | { readonly method: "signal"; readonly request: SignalRequest }
  | { readonly method: "requestCancel"; readonly request: CancelRequest }
  | { readonly method: "terminate"; readonly request: TerminateRequest }
  | { readonly method: "childClosed"; readonly request: ChildClosedRequest };

/** Reads one event of the run's own history. */
export type ReadEvent = (eventId: number) => HistoryEvent | undefined;

/** The request that delivers an item. Throws if the history lacks the event it comes from. */
export function deliveryOf(state: Readonly<WorkflowState>, waiting: OutboxItem, readEvent: ReadEvent): Delivery {
  const read = <T extends EventType>(eventId: number, eventType: T): EventOf<T> => {
    const event = readEvent(eventId);
    if (event?.eventType !== eventType) throw new Error(`event ${eventId} of the history is no ${eventType}`);
    return event as EventOf<T>;
  };
  const { initiatedEventId } = waiting;
  switch (waiting.kind) {
    case "startChild":
      return startDelivery(state, read(initiatedEventId, "StartChildWorkflowExecutionInitiated"));
    case "signal":
      return signalDelivery(state, read(initiatedEventId, "SignalExternalWorkflowExecutionInitiated"));
    case "cancel":
      return cancelDelivery(state, read(initiatedEventId, "RequestCancelExternalWorkflowExecutionInitiated"));
    case "terminateChild": {
      const request = { version: 1 as const, reason: PARENT_CLOSE_REASON, ...closedParent(state, initiatedEventId) };
      return { method: "terminate", request };
    }
    case "cancelChild": {
      const requestId = `close/${state.identity.runId}/${initiatedEventId}`;
      const request = { version: 1 as const, requestId, ...closedParent(state, initiatedEventId) };
      return { method: "requestCancel", request };
    }
    case "tellParent":
      return { method: "childClosed", request: childClosedRequest(state, readEvent(state.closeEventId ?? 0)) };
  }
}

/** The request id by which a child's workflow id tells a start that is delivered again. */
export function childStartRequestId(parentRunId: string, initiatedEventId: number): string {
  return `child/${parentRunId}/${initiatedEventId}`;
}

/** The request id of a cancellation that one workflow asks of another. */
export function cancelRequestId(sender: { readonly runId: string; readonly initiatedEventId: number }): string {
  return `cancel/${sender.runId}/${sender.initiatedEventId}`;
}

function startDelivery(
  state: Readonly<WorkflowState>,
  { eventId, attributes, userMetadata }: EventOf<"StartChildWorkflowExecutionInitiated">,
): Delivery {
  const { identity, start } = state;
  const { workflowType, taskQueue, parentClosePolicy: _, workflowTaskCompletedEventId: __, ...given } = attributes;
  const { workflowIdReusePolicy, ...options } = given;
  const request: StartRequest = {
    version: 1,
    ...options,
    workflowType: workflowType.name,
    taskQueue: taskQueue.name,
    ...childIdPolicies(workflowIdReusePolicy),
    requestId: childStartRequestId(writerOf(state, eventId), eventId),
    ...(userMetadata ? { userMetadata } : {}),
    parent: { ...writerRefOf(state, eventId), namespace: identity.namespace, initiatedEventId: eventId },
    root: start.root ?? refOf(state),
  };
  return { method: "start", request };
}

function childIdPolicies(
  reuse: ChildWorkflowIdReusePolicy | undefined,
): Pick<StartRequest, "workflowIdReusePolicy" | "workflowIdConflictPolicy"> {
  if (reuse === "TERMINATE_IF_RUNNING")
    return { workflowIdReusePolicy: "ALLOW_DUPLICATE", workflowIdConflictPolicy: "TERMINATE_EXISTING" };
  return { ...(reuse === undefined ? {} : { workflowIdReusePolicy: reuse }), workflowIdConflictPolicy: "FAIL" };
}

function signalDelivery(
  state: Readonly<WorkflowState>,
  { eventId, attributes }: EventOf<"SignalExternalWorkflowExecutionInitiated">,
): Delivery {
  const { workflowExecution, signalName, input, header, signalRequestId } = attributes;
  const request: SignalRequest = {
    version: 1,
    signalName,
    ...(workflowExecution.runId === undefined ? {} : { runId: workflowExecution.runId }),
    ...(input ? { input } : {}),
    ...(header ? { header } : {}),
    requestId: signalRequestId,
    sender: senderOf(state, eventId, childOf(state, attributes)),
  };
  return { method: "signal", request };
}

function cancelDelivery(
  state: Readonly<WorkflowState>,
  { eventId, attributes }: EventOf<"RequestCancelExternalWorkflowExecutionInitiated">,
): Delivery {
  const { workflowExecution, reason } = attributes;
  const sender = senderOf(state, eventId, childOf(state, attributes));
  const request: CancelRequest = {
    version: 1,
    ...(workflowExecution.runId === undefined ? {} : { runId: workflowExecution.runId }),
    requestId: cancelRequestId(sender),
    ...(reason === undefined ? {} : { reason }),
    sender,
  };
  return { method: "requestCancel", request };
}

/** What the parent close policy's requests have in common: exactly this child is meant, in whichever run it is. */
function closedParent(
  state: Readonly<WorkflowState>,
  initiatedEventId: number,
): Pick<TerminateRequest, "firstExecutionRunId" | "identity" | "sender"> {
  const runId = state.children[initiatedEventId]?.runId;
  return {
    ...(runId === undefined ? {} : { firstExecutionRunId: runId }),
    identity: SERVICE_IDENTITY,
    sender: { ...senderOf(state, initiatedEventId, { initiatedEventId }), isParentClosed: true },
  };
}

/** The child that a message is for, if only a child may have it. */
function childOf(
  { children }: Readonly<WorkflowState>,
  message: {
    readonly childWorkflowOnly?: boolean;
    readonly namespace: string;
    readonly workflowExecution: ExecutionTarget;
  },
): { readonly initiatedEventId?: number } | undefined {
  if (message.childWorkflowOnly !== true) return undefined;
  const { namespace, workflowExecution } = message;
  const isMeant = (child: ChildState) =>
    child.namespace === namespace && child.workflowId === workflowExecution.workflowId;
  const child = Object.values(children).findLast(isMeant);
  return child ? { initiatedEventId: child.initiatedEventId } : {};
}

/** Who sends a message. It comes from the run that wrote it down, and for a child from the run that started the child. */
function senderOf(
  state: Readonly<WorkflowState>,
  initiatedEventId: number,
  child: { readonly initiatedEventId?: number } | undefined,
): ExternalSender {
  const writer = writerRefOf(state, initiatedEventId);
  const sender = { ...writer, namespace: state.identity.namespace, initiatedEventId };
  if (!child) return sender;
  const parentRunId = child.initiatedEventId === undefined ? writer.runId : writerOf(state, child.initiatedEventId);
  return { ...sender, childWorkflowOnly: true, ...(parentRunId === writer.runId ? {} : { parentRunId }) };
}

/** The run that wrote an event of this run's history. What it did is known elsewhere under its id. */
function writerRefOf(state: Readonly<WorkflowState>, eventId: number): ExecutionRef {
  return { workflowId: state.identity.workflowId, runId: writerOf(state, eventId) };
}

function refOf({ identity }: Readonly<WorkflowState>): ExecutionRef {
  return { workflowId: identity.workflowId, runId: identity.runId };
}

function childClosedRequest(state: Readonly<WorkflowState>, closing: HistoryEvent | undefined): ChildClosedRequest {
  const { identity, start } = state;
  const { parent } = start;
  if (!parent) throw new Error(`run ${identity.runId} has no parent to tell`);
  return {
    version: 1,
    parentRunId: parent.runId,
    initiatedEventId: parent.initiatedEventId,
    childNamespace: identity.namespace,
    childWorkflowType: start.workflowType,
    child: refOf(state),
    childFirstExecutionRunId: start.firstExecutionRunId,
    childOriginalExecutionRunId: start.originalExecutionRunId,
    close: closeOf(closing),
  };
}

function closeOf(closing: HistoryEvent | undefined): ChildClosedRequest["close"] {
  switch (closing?.eventType) {
    case "WorkflowExecutionCompleted": {
      const { result } = closing.attributes;
      return { kind: "completed", ...(result ? { result } : {}) };
    }
    case "WorkflowExecutionFailed":
      return { kind: "failed", failure: closing.attributes.failure, retryState: closing.attributes.retryState };
    case "WorkflowExecutionCanceled": {
      const { details } = closing.attributes;
      return { kind: "canceled", ...(details ? { details } : {}) };
    }
    case "WorkflowExecutionTimedOut":
      return { kind: "timedOut", retryState: closing.attributes.retryState };
    case "WorkflowExecutionTerminated":
      return { kind: "terminated" };
    default:
      throw new Error(`the run was not closed by ${String(closing?.eventType)}`);
  }
}

/** What an execution answered, as far as the sender must know. */
export type DeliveryResult =
  | { readonly kind: "childStarted"; readonly childRunId: string }
  | { readonly kind: "childNotStarted" }
  | { readonly kind: "delivered" }
  | { readonly kind: "notFound" }
  | { readonly kind: "namespaceNotFound" }
  | { readonly kind: "tooManySignals" }
  /** It could not be taken now, or was not understood: deliver again later. */
  | { readonly kind: "failed"; readonly message: string };

/** What a reply means for the item that it answers. */
export function resultOf(
  waiting: OutboxItem,
  reply: Reply<{ readonly runId?: string; readonly firstExecutionRunId?: string }>,
): DeliveryResult {
  if (reply.ok) {
    const childRunId = reply.value.runId;
    if (waiting.kind !== "startChild") return { kind: "delivered" };
    return childRunId === undefined
      ? { kind: "failed", message: "the start was answered without a run id" }
      : { kind: "childStarted", childRunId };
  }
  const { code, message } = reply.rejection;
  if (waiting.kind === "startChild" && code === "WorkflowAlreadyStarted") return { kind: "childNotStarted" };
  if (waiting.kind === "signal" && code === "ResourceExhausted") return { kind: "tooManySignals" };
  if (code === "NamespaceNotFound") return { kind: "namespaceNotFound" };
  const isGone = code === "WorkflowNotFound" || code === "WorkflowAlreadyCompleted";
  if (waiting.kind !== "startChild" && isGone) return { kind: "notFound" };
  return { kind: "failed", message: `${code}: ${message}` };
}

/** Whether a target is the sender itself, in whichever run. It cannot be reached that way. */
export function isItself(state: Readonly<WorkflowState>, namespace: string, target: ExecutionTarget): boolean {
  return state.identity.namespace === namespace && state.identity.workflowId === target.workflowId;
}

/** Pending externals of one kind, for the limits. */
export function countExternals(state: Readonly<WorkflowState>, kind: ExternalState["kind"]): number {
  return Object.values(state.externals).filter((external) => external.kind === kind).length;
}
