/**
 * Histories by hand: one call for each event, numbered as they come, one second apart.
 *
 * Owns: given/when/then for sessions. `history()` is given, `replay()` is when, and what it returns is then.
 */
import {
  decodeSearchAttributes,
  defaultPayloadConverter,
  fromWireMap,
  fromWirePayloads,
  loadDataConverter,
  type LoadedDataConverter,
  toWirePayloads,
} from "../../src/codec/index.ts";
import type { Command } from "../../src/core/command.ts";
import type { Failure } from "../../src/core/failure.ts";
import type {
  EventAttributes,
  EventOf,
  EventType,
  HistoryEvent,
  SdkMetadata,
  UpdateOutcome,
} from "../../src/core/history-event.ts";
import type { PayloadMap, Payloads, SearchAttributeMap } from "../../src/core/payload.ts";
import type { OpenSession, UpdateMessage, WorkflowTaskResult } from "../../src/core/workflow-task.ts";
import { type LogLevel, WorkflowSession } from "../../src/replay/index.ts";
import type { WorkflowSessionOptions } from "../../src/replay/workflow-session.ts";

export const RUN_ID = "0f3ac1b0-6c2c-4b0a-9a55-1d7c0c6d9b11";
export const CHILD_RUN_ID = "7c9f6f1e-2a53-4d0c-8f0e-0d4c6f2f7a10";
export const START_MS = Date.UTC(2026, 0, 1);
/** What a task of this version records when it is the first. */
export const ALL_FLAGS: SdkMetadata = { langUsedFlags: [1, 2], coreUsedFlags: [1, 2, 3], sdkName: "holdfast" };

export function openSession(workflowType: string): OpenSession {
  return { version: 1, namespace: "default", workflowId: "wf-1", runId: RUN_ID, workflowType, taskQueue: "default" };
}

export function wire(...values: unknown[]): Payloads | undefined {
  return toWirePayloads(defaultPayloadConverter, values);
}

export function valuesOf(payloads: Payloads | undefined): unknown[] {
  return fromWirePayloads(defaultPayloadConverter, payloads);
}

/** `{ key: value }`, or nothing for undefined. */
function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}

export class HistoryBuilder {
  readonly events: HistoryEvent[] = [];
  nowMs = START_MS;
  #completedEventId = 0;

  add<T extends EventType>(eventType: T, attributes: EventAttributes[T]): number {
    const eventId = this.events.length + 1;
    this.nowMs += 1_000;
    this.events.push({ eventId, eventTimeMs: this.nowMs, eventType, attributes } as HistoryEvent);
    return eventId;
  }

  /** Adds and goes on: for events whose number nobody needs. */
  with<T extends EventType>(eventType: T, attributes: EventAttributes[T]): this {
    this.add(eventType, attributes);
    return this;
  }

  started(workflowType: string, args: unknown[] = [], more: Partial<EventAttributes["WorkflowExecutionStarted"]> = {}) {
    return this.with("WorkflowExecutionStarted", {
      workflowType: { name: workflowType },
      workflowId: "wf-1",
      taskQueue: { name: "default" },
      ...given("input", wire(...args)),
      workflowTaskTimeoutMs: 10_000,
      originalExecutionRunId: RUN_ID,
      firstExecutionRunId: RUN_ID,
      attempt: 1,
      ...more,
    });
  }

  /** A workflow task that is to be run: scheduled and started, not completed. */
  taskStarted(): this {
    const scheduledEventId = this.add("WorkflowTaskScheduled", {
      taskQueue: { name: "default" },
      startToCloseTimeoutMs: 10_000,
      attempt: 1,
    });
    return this.with("WorkflowTaskStarted", { scheduledEventId, historySizeBytes: this.events.length * 100 });
  }

  taskCompleted(sdkMetadata?: SdkMetadata): this {
    const startedEventId = this.events.length;
    this.#completedEventId = this.add("WorkflowTaskCompleted", {
      scheduledEventId: startedEventId - 1,
      startedEventId,
      ...given("sdkMetadata", sdkMetadata),
    });
    return this;
  }

  /** A whole recorded task; what follows are the events of its commands. */
  task(sdkMetadata: SdkMetadata | undefined = ALL_FLAGS): this {
    return this.taskStarted().taskCompleted(sdkMetadata);
  }

  taskFailed(): this {
    const startedEventId = this.events.length;
    return this.with("WorkflowTaskFailed", {
      scheduledEventId: startedEventId - 1,
      startedEventId,
      cause: "WORKFLOW_WORKER_UNHANDLED_FAILURE",
    });
  }

  taskTimedOut(): this {
    const startedEventId = this.events.length;
    return this.with("WorkflowTaskTimedOut", {
      scheduledEventId: startedEventId - 1,
      startedEventId,
      timeoutType: "START_TO_CLOSE",
    });
  }

  signaled(signalName: string, ...args: unknown[]): this {
    const requestId = `request-${this.events.length}`;
    return this.with("WorkflowExecutionSignaled", { signalName, ...given("input", wire(...args)), requestId });
  }

  cancelRequested(): this {
    return this.with("WorkflowExecutionCancelRequested", { identity: "test" });
  }

  timerStarted(timerId: string, startToFireTimeoutMs = 1_000): this {
    const workflowTaskCompletedEventId = this.#completedEventId;
    return this.with("TimerStarted", { timerId, startToFireTimeoutMs, workflowTaskCompletedEventId });
  }

  timerFired(timerId: string): this {
    return this.with("TimerFired", { timerId, startedEventId: this.#find("TimerStarted", "timerId", timerId) });
  }

  timerCanceled(timerId: string): this {
    return this.with("TimerCanceled", {
      timerId,
      startedEventId: this.#find("TimerStarted", "timerId", timerId),
      workflowTaskCompletedEventId: this.#completedEventId,
    });
  }

  activityScheduled(activityId: string, activityType: string, ...args: unknown[]): this {
    return this.with("ActivityTaskScheduled", {
      activityId,
      activityType: { name: activityType },
      taskQueue: { name: "default" },
      ...given("input", wire(...args)),
      scheduleToCloseTimeoutMs: 0,
      scheduleToStartTimeoutMs: 0,
      startToCloseTimeoutMs: 10_000,
      heartbeatTimeoutMs: 0,
      retryPolicy: {},
      workflowTaskCompletedEventId: this.#completedEventId,
    });
  }

  activityCancelRequested(activityId: string): this {
    return this.with("ActivityTaskCancelRequested", {
      scheduledEventId: this.#scheduled(activityId),
      workflowTaskCompletedEventId: this.#completedEventId,
    });
  }

  activityCompleted(activityId: string, ...result: unknown[]): this {
    const ids = this.#startActivity(activityId);
    return this.with("ActivityTaskCompleted", { ...ids, ...given("result", wire(...result)) });
  }

  activityFailed(activityId: string, failure: Failure): this {
    const ids = this.#startActivity(activityId);
    return this.with("ActivityTaskFailed", { ...ids, failure, retryState: "MAXIMUM_ATTEMPTS_REACHED" });
  }

  activityTimedOut(activityId: string, failure: Failure): this {
    const ids = this.#startActivity(activityId);
    return this.with("ActivityTaskTimedOut", { ...ids, failure, retryState: "TIMEOUT" });
  }

  activityCanceled(activityId: string): this {
    const scheduledEventId = this.#scheduled(activityId);
    return this.with("ActivityTaskCanceled", { scheduledEventId, startedEventId: 0, latestCancelRequestedEventId: 0 });
  }

  /** The updates that the task before it accepted; the sequencing id is that of the task's scheduling. */
  updateAccepted(updateId: string, name: string, ...args: unknown[]): this {
    return this.with("WorkflowExecutionUpdateAccepted", {
      protocolInstanceId: updateId,
      acceptedRequestMessageId: `${updateId}/request`,
      acceptedRequestSequencingEventId: this.#completedEventId - 2,
      acceptedRequest: { meta: { updateId }, input: { name, ...given("args", wire(...args)) } },
    });
  }

  updateCompleted(updateId: string, ...result: unknown[]): this {
    return this.updateEnded(updateId, { success: wire(...result) ?? { payloads: [] } });
  }

  updateEnded(updateId: string, outcome: UpdateOutcome): this {
    const acceptedEventId = this.#find("WorkflowExecutionUpdateAccepted", "protocolInstanceId", updateId);
    return this.with("WorkflowExecutionUpdateCompleted", { meta: { updateId }, acceptedEventId, outcome });
  }

  markerRecorded(markerName: string, details: Readonly<Record<string, Payloads>>): this {
    const workflowTaskCompletedEventId = this.#completedEventId;
    return this.with("MarkerRecorded", { markerName, details, workflowTaskCompletedEventId });
  }

  searchAttributesUpserted(searchAttributes: SearchAttributeMap): this {
    const workflowTaskCompletedEventId = this.#completedEventId;
    return this.with("UpsertWorkflowSearchAttributes", { searchAttributes, workflowTaskCompletedEventId });
  }

  memoModified(upsertedMemo: PayloadMap): this {
    const workflowTaskCompletedEventId = this.#completedEventId;
    return this.with("WorkflowPropertiesModified", { upsertedMemo, workflowTaskCompletedEventId });
  }

  childInitiated(workflowId: string, workflowType: string, ...args: unknown[]): this {
    return this.with("StartChildWorkflowExecutionInitiated", {
      namespace: "default",
      workflowId,
      workflowType: { name: workflowType },
      taskQueue: { name: "default" },
      ...given("input", wire(...args)),
      parentClosePolicy: "TERMINATE",
      workflowTaskCompletedEventId: this.#completedEventId,
    });
  }

  childStarted(workflowId: string, runId = CHILD_RUN_ID): this {
    const child = this.#child(workflowId);
    return this.with("ChildWorkflowExecutionStarted", { ...child, workflowExecution: { workflowId, runId } });
  }

  childStartFailed(workflowId: string): this {
    const { namespace, workflowType, initiatedEventId } = this.#child(workflowId);
    return this.with("StartChildWorkflowExecutionFailed", {
      namespace,
      workflowId,
      workflowType,
      initiatedEventId,
      cause: "WORKFLOW_ALREADY_EXISTS",
      workflowTaskCompletedEventId: this.#completedEventId,
    });
  }

  childCompleted(workflowId: string, ...result: unknown[]): this {
    const ended = this.#endedChild(workflowId);
    return this.with("ChildWorkflowExecutionCompleted", { ...ended, ...given("result", wire(...result)) });
  }

  childFailed(workflowId: string, failure: Failure): this {
    const retryState = "RETRY_POLICY_NOT_SET";
    return this.with("ChildWorkflowExecutionFailed", { ...this.#endedChild(workflowId), failure, retryState });
  }

  childCanceled(workflowId: string): this {
    return this.with("ChildWorkflowExecutionCanceled", this.#endedChild(workflowId));
  }

  childTimedOut(workflowId: string): this {
    return this.with("ChildWorkflowExecutionTimedOut", { ...this.#endedChild(workflowId), retryState: "TIMEOUT" });
  }

  childTerminated(workflowId: string): this {
    return this.with("ChildWorkflowExecutionTerminated", this.#endedChild(workflowId));
  }

  signalInitiated(workflowId: string, signalName: string, more: { readonly childWorkflowOnly?: true } = {}): this {
    return this.with("SignalExternalWorkflowExecutionInitiated", {
      namespace: "default",
      workflowExecution: { workflowId },
      signalName,
      signalRequestId: `signal-${this.events.length}`,
      workflowTaskCompletedEventId: this.#completedEventId,
      ...more,
    });
  }

  signalDelivered(workflowId: string): this {
    return this.with("ExternalWorkflowExecutionSignaled", this.#external("Signal", workflowId));
  }

  signalFailed(workflowId: string): this {
    return this.with("SignalExternalWorkflowExecutionFailed", {
      ...this.#external("Signal", workflowId),
      cause: "EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND",
      workflowTaskCompletedEventId: this.#completedEventId,
    });
  }

  cancelInitiated(workflowId: string, more: { readonly childWorkflowOnly?: true } = {}): this {
    return this.with("RequestCancelExternalWorkflowExecutionInitiated", {
      namespace: "default",
      workflowExecution: { workflowId },
      workflowTaskCompletedEventId: this.#completedEventId,
      ...more,
    });
  }

  cancelDelivered(workflowId: string): this {
    return this.with("ExternalWorkflowExecutionCancelRequested", this.#external("RequestCancel", workflowId));
  }

  cancelFailed(workflowId: string): this {
    return this.with("RequestCancelExternalWorkflowExecutionFailed", {
      ...this.#external("RequestCancel", workflowId),
      cause: "EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND",
      workflowTaskCompletedEventId: this.#completedEventId,
    });
  }

  workflowCompleted(...result: unknown[]): this {
    return this.with("WorkflowExecutionCompleted", {
      ...given("result", wire(...result)),
      workflowTaskCompletedEventId: this.#completedEventId,
    });
  }

  #startActivity(activityId: string): { readonly scheduledEventId: number; readonly startedEventId: number } {
    const scheduledEventId = this.#scheduled(activityId);
    const startedEventId = this.add("ActivityTaskStarted", { scheduledEventId, attempt: 1 });
    return { scheduledEventId, startedEventId };
  }

  #child(workflowId: string) {
    const initiatedEventId = this.#find("StartChildWorkflowExecutionInitiated", "workflowId", workflowId);
    const { attributes } = this.events[initiatedEventId - 1] as EventOf<"StartChildWorkflowExecutionInitiated">;
    const { namespace, workflowType } = attributes;
    return { namespace, workflowType, initiatedEventId };
  }

  #endedChild(workflowId: string) {
    const child = this.#child(workflowId);
    const started = this.events.findLast(
      (event) =>
        event.eventType === "ChildWorkflowExecutionStarted" &&
        event.attributes.initiatedEventId === child.initiatedEventId,
    ) as EventOf<"ChildWorkflowExecutionStarted"> | undefined;
    if (started === undefined) throw new Error(`The child ${workflowId} never started.`);
    return { ...child, workflowExecution: started.attributes.workflowExecution, startedEventId: started.eventId };
  }

  #external(operation: "Signal" | "RequestCancel", workflowId: string) {
    const eventType = `${operation}ExternalWorkflowExecutionInitiated` as const;
    const initiated = this.events.findLast(
      (event) =>
        (event.eventType === "SignalExternalWorkflowExecutionInitiated" ||
          event.eventType === "RequestCancelExternalWorkflowExecutionInitiated") &&
        event.eventType === eventType &&
        event.attributes.workflowExecution.workflowId === workflowId,
    );
    if (initiated === undefined) throw new Error(`The history has no ${eventType} for ${workflowId}.`);
    return { namespace: "default", workflowExecution: { workflowId }, initiatedEventId: initiated.eventId };
  }

  #scheduled(activityId: string): number {
    return this.#find("ActivityTaskScheduled", "activityId", activityId);
  }

  #find(eventType: EventType, key: string, id: string): number {
    const event = this.events.findLast(
      (event) => event.eventType === eventType && Reflect.get(event.attributes, key) === id,
    );
    if (event === undefined) throw new Error(`The history has no ${eventType} with ${key} ${id}.`);
    return event.eventId;
  }
}

/** The beginning of a history. */
export function history(workflowType: string, ...args: unknown[]): HistoryBuilder {
  return new HistoryBuilder().started(workflowType, args);
}

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
}

/** What a worker gives its sessions besides the workflows. */
export type SessionOptions = Omit<WorkflowSessionOptions, "open" | "workflows" | "dataConverter" | "logger">;

/** A session over workflows, with what it logged. */
export class TestSession {
  readonly lines: LogLine[] = [];
  readonly session: WorkflowSession;
  #seen = 0;

  constructor(
    workflows: Record<string, unknown>,
    workflowType: string,
    dataConverter: LoadedDataConverter = loadDataConverter(),
    options: SessionOptions = {},
  ) {
    const logger = {
      log: (level: LogLevel, message: string, metadata?: Readonly<Record<string, unknown>>) =>
        void this.lines.push({ level, message, metadata }),
    };
    this.session = new WorkflowSession({
      open: openSession(workflowType),
      workflows,
      dataConverter,
      logger,
      ...options,
    });
  }

  /** Runs the task that ends the events, handing over those the session has not seen. */
  run(events: readonly HistoryEvent[], updates?: readonly UpdateMessage[]): Promise<WorkflowTaskResult> {
    const unseen = events.slice(this.#seen);
    this.#seen = events.length;
    const task = { events: unseen, startedEventId: events.length, attempt: 1 };
    return this.session.runTask({ ...task, ...given("updates", updates) });
  }

  query(events: readonly HistoryEvent[], queryType: string, ...values: unknown[]) {
    const unseen = events.slice(this.#seen);
    this.#seen = events.length;
    return this.session.query({ events: unseen, queryId: "q1", queryType, ...given("args", wire(...values)) });
  }
}

/** The commands of the task that ends a history, from a fresh session. Throws if the task failed. */
export async function replay(workflow: Workflow, builder: HistoryBuilder): Promise<readonly Command[]> {
  return commandsOf(await new TestSession({ workflow }, "workflow").run(builder.events));
}

/** An update as a live task carries it. */
export function updateMessage(updateId: string, updateName: string, ...args: unknown[]): UpdateMessage {
  return { updateId, updateName, ...given("args", wire(...args)) };
}

// The arguments of a workflow under test are whatever its history gives it.
export type Workflow = (...args: never[]) => unknown;

/** The commands of a result. Throws if the task failed. */
export function commandsOf(result: WorkflowTaskResult): readonly Command[] {
  if (result.kind === "completed") return result.commands;
  throw new Error(`The workflow task failed: ${result.cause} ${failureText(result.failure)}`);
}

/** The message of a failure, read from its encoded attributes. */
export function failureText(failure: Failure): string {
  if (!failure.encodedAttributes) return failure.message ?? "";
  const [attributes] = valuesOf({ payloads: [failure.encodedAttributes] }) as [{ readonly message: string }];
  return attributes.message;
}

/** The failed result of a task, or an error if it was completed. */
export async function failureOf(workflow: Workflow, builder: HistoryBuilder) {
  const result = await new TestSession({ workflow }, "workflow").run(builder.events);
  if (result.kind === "completed")
    throw new Error(`The workflow task was completed: ${JSON.stringify(result.commands)}`);
  return { cause: result.cause, message: failureText(result.failure), failure: result.failure };
}

/** The kinds of commands, with what tells them apart. */
export function brief(commands: readonly Command[]): readonly string[] {
  return commands.map((command) => {
    switch (command.commandType) {
      case "ScheduleActivityTask":
        return `ScheduleActivityTask ${command.activityId} ${command.activityType}`;
      case "RequestCancelActivityTask":
        return `RequestCancelActivityTask ${command.scheduledEventId}`;
      case "StartTimer":
      case "CancelTimer":
        return `${command.commandType} ${command.timerId}`;
      case "CompleteWorkflowExecution":
        return `Complete ${JSON.stringify(valuesOf(command.result)[0])}`;
      case "FailWorkflowExecution":
        return `Fail ${failureText(command.failure)}`;
      case "CancelWorkflowExecution":
        return "Cancel";
      case "ContinueAsNewWorkflowExecution":
        return `ContinueAsNew ${command.workflowType} ${JSON.stringify(valuesOf(command.input))}`;
      case "RecordMarker":
        return `RecordMarker ${command.markerName} ${JSON.stringify(valuesOf(command.details?.["patch-data"])[0])}`;
      case "UpsertWorkflowSearchAttributes":
        return `UpsertSearchAttributes ${JSON.stringify(decodeSearchAttributes(command.searchAttributes))}`;
      case "ModifyWorkflowProperties":
        return `ModifyMemo ${JSON.stringify(fromWireMap(defaultPayloadConverter, command.upsertedMemo))}`;
      case "StartChildWorkflowExecution":
        return `StartChild ${command.workflowId} ${command.workflowType}`;
      case "SignalExternalWorkflowExecution":
        return `Signal ${command.workflowExecution.workflowId} ${command.signalName}`;
      case "RequestCancelExternalWorkflowExecution":
        return `RequestCancel ${command.workflowExecution.workflowId}${command.childWorkflowOnly ? " child" : ""}`;
      case "AcceptUpdate":
        return `AcceptUpdate ${command.updateId}`;
      case "RejectUpdate":
        return `RejectUpdate ${command.updateId} ${failureText(command.failure)}`;
      case "CompleteUpdate":
        return "success" in command.outcome
          ? `CompleteUpdate ${command.updateId} ${JSON.stringify(valuesOf(command.outcome.success)[0])}`
          : `CompleteUpdate ${command.updateId} failed: ${failureText(command.outcome.failure)}`;
    }
  });
}
