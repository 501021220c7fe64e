/**
 * What `describe` answers: the service's description with times as dates and payloads as values.
 *
 * Owns: the shape users see. Pending work is decoded too, so that a stuck workflow tells why: the last failure of an
 * activity or of a workflow task is an error with its message and stack.
 */
import {
  decodeError,
  decodeSearchAttributes,
  decodeTypedSearchAttributes,
  decodeValues,
  fromWireMap,
  type PayloadEncoding,
  type SearchAttributes,
  type TypedSearchAttributes,
} from "../../codec/index.ts";
import type { PauseInfo as WirePauseInfo } from "../../core/control-requests.ts";
import type { ExecutionRef } from "../../core/history-event.ts";
import type {
  ParentRef,
  PendingActivityInfo,
  PendingActivityState,
  PendingChildInfo,
  PendingWorkflowTaskInfo,
  WorkflowExecutionDescription as WireDescription,
  WorkflowExecutionStatus,
} from "../../core/protocol.ts";
import { decodeUserText, metadataPlace } from "../common/user-metadata.ts";
import { type ActivityOptionsUpdateResult, decodeActivityOptions } from "./activity-options-update.ts";

/** Temporal's numbers of the statuses. */
const STATUS_CODES: Readonly<Record<WorkflowExecutionStatusName, number>> = {
  RUNNING: 1,
  COMPLETED: 2,
  FAILED: 3,
  CANCELLED: 4,
  TERMINATED: 5,
  CONTINUED_AS_NEW: 6,
  TIMED_OUT: 7,
  PAUSED: 8,
};

export type WorkflowExecutionStatusName = WorkflowExecutionStatus | "PAUSED";

/** An activity that has not closed. */
export interface PendingActivity {
  readonly activityId: string;
  readonly activityType: string;
  readonly state: PendingActivityState;
  readonly attempt: number;
  /** Zero for no limit. */
  readonly maximumAttempts: number;
  readonly scheduledTime: Date;
  readonly lastStartedTime: Date | undefined;
  readonly lastHeartbeatTime: Date | undefined;
  readonly heartbeatDetails: unknown;
  readonly lastFailure: Error | undefined;
  readonly lastWorkerIdentity: string | undefined;
  /** When the next attempt is due, while the activity waits for one. */
  readonly nextAttemptScheduleTime: Date | undefined;
  /** When all attempts must be over. */
  readonly expirationTime: Date | undefined;
  /** When, by whom and why it was paused; undefined while it is not. */
  readonly pauseInfo: PauseInfo | undefined;
  /** What it is run with now. */
  readonly options: ActivityOptionsUpdateResult | undefined;
}

/** When, by whom and why a workflow or an activity was paused. */
export interface PauseInfo {
  readonly pausedTime: Date;
  readonly identity: string | undefined;
  readonly reason: string | undefined;
}

/** A timer that has not fired. */
export interface PendingTimer {
  readonly timerId: string;
  readonly fireTime: Date;
}

/** A child workflow that has not closed, or of which the parent does not know it yet. */
export interface PendingChild {
  readonly namespace: string;
  readonly workflowId: string;
  /** Undefined until the child has started. */
  readonly runId: string | undefined;
  readonly workflowType: string;
  readonly parentClosePolicy: string;
}

/** A workflow task that has not completed. An attempt above 1 means that workflow code fails; `lastFailure` says how. */
export interface PendingWorkflowTask {
  readonly state: "SCHEDULED" | "STARTED";
  readonly attempt: number;
  readonly scheduledTime: Date;
  readonly startedTime: Date | undefined;
  readonly lastFailure: Error | undefined;
  readonly lastFailureCause: string | undefined;
}

export interface WorkflowExecutionDescription {
  readonly type: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly firstExecutionRunId: string;
  readonly taskQueue: string;
  readonly status: { readonly code: number; readonly name: WorkflowExecutionStatusName };
  /** When, by whom and why the workflow was paused; undefined while it is not. */
  readonly pauseInfo: PauseInfo | undefined;
  readonly historyLength: number;
  /** Bytes of the stored history. */
  readonly historySize: number;
  readonly startTime: Date;
  readonly executionTime: Date;
  readonly closeTime: Date | undefined;
  readonly memo: Readonly<Record<string, unknown>>;
  /** By name, without their types. `typedSearchAttributes` is to be preferred. */
  readonly searchAttributes: SearchAttributes;
  readonly typedSearchAttributes: TypedSearchAttributes;
  /** The workflow that started this one as its child. */
  readonly parentExecution: (ExecutionRef & { readonly namespace: string }) | undefined;
  /** The top of the tree of children that this workflow belongs to; undefined when it is the top itself. */
  readonly rootExecution: ExecutionRef | undefined;
  readonly cancelRequested: boolean;
  readonly pendingActivities: readonly PendingActivity[];
  readonly pendingTimers: readonly PendingTimer[];
  readonly pendingChildren: readonly PendingChild[];
  readonly pendingWorkflowTask: PendingWorkflowTask | undefined;
  /** The one line about the workflow that its starter gave. */
  readonly staticSummary: () => Promise<string | undefined>;
  /** The longer text about the workflow that its starter gave. */
  readonly staticDetails: () => Promise<string | undefined>;
  /** As the service sent it, payloads encoded. */
  readonly raw: WireDescription;
}

/** Decodes a description. Throws what the codecs throw. */
export async function decodeDescription(
  encoding: PayloadEncoding,
  raw: WireDescription,
): Promise<WorkflowExecutionDescription> {
  const runId = raw.originalExecutionRunId;
  const [memo, pendingActivities, pendingWorkflowTask] = await Promise.all([
    encoding.decodeMap(raw.memo, "memo"),
    Promise.all(raw.pendingActivities.map(async (activity) => await decodeActivity(encoding, runId, activity))),
    raw.pendingWorkflowTask && decodeWorkflowTask(encoding, runId, raw.pendingWorkflowTask),
  ]);
  const metadata = metadataPlace(encoding, raw.parent);
  const text = (part: "summary" | "details") =>
    decodeUserText(metadata.encoding, metadata.subject, part, raw.userMetadata?.[part]);
  return {
    type: raw.workflowType,
    workflowId: raw.workflowId,
    runId: raw.runId,
    firstExecutionRunId: raw.firstExecutionRunId,
    taskQueue: raw.taskQueue,
    status: { code: STATUS_CODES[raw.status], name: raw.status },
    pauseInfo: pauseInfo(raw.pauseInfo),
    historyLength: raw.historyLength,
    historySize: raw.historySizeBytes,
    startTime: new Date(raw.startTimeMs),
    executionTime: new Date(raw.executionTimeMs),
    closeTime: dateOf(raw.closeTimeMs),
    memo: fromWireMap(encoding.converter.payloadConverter, memo, (key) => encoding.contextOf({ kind: "memo", key })),
    searchAttributes: decodeSearchAttributes(raw.searchAttributes),
    typedSearchAttributes: decodeTypedSearchAttributes(raw.searchAttributes),
    parentExecution: parentExecution(raw.parent),
    rootExecution: raw.root,
    cancelRequested: raw.cancelRequested,
    pendingActivities,
    pendingTimers: raw.pendingTimers.map(({ timerId, fireTimeMs }) => ({ timerId, fireTime: new Date(fireTimeMs) })),
    pendingChildren: raw.pendingChildren.map(pendingChild),
    pendingWorkflowTask,
    staticSummary: () => text("summary"),
    staticDetails: () => text("details"),
    raw,
  };
}

function parentExecution(parent: ParentRef | undefined): WorkflowExecutionDescription["parentExecution"] {
  return parent && { namespace: parent.namespace, workflowId: parent.workflowId, runId: parent.runId };
}

function pendingChild(info: PendingChildInfo): PendingChild {
  const { namespace, workflowId, runId, workflowType, parentClosePolicy } = info;
  return { namespace, workflowId, runId, workflowType, parentClosePolicy };
}

async function decodeActivity(
  encoding: PayloadEncoding,
  runId: string,
  info: PendingActivityInfo,
): Promise<PendingActivity> {
  const { activityId } = info;
  const [details, lastFailure] = await Promise.all([
    decodeValues(encoding, { kind: "heartbeat", runId, activityId }, info.heartbeatDetails),
    info.lastFailure && decodeError(encoding, { kind: "activity-failure", runId, activityId }, info.lastFailure),
  ]);
  return {
    activityId,
    activityType: info.activityType,
    state: info.state,
    attempt: info.attempt,
    maximumAttempts: info.maximumAttempts,
    scheduledTime: new Date(info.scheduledTimeMs),
    lastStartedTime: dateOf(info.lastStartedTimeMs),
    lastHeartbeatTime: dateOf(info.lastHeartbeatTimeMs),
    heartbeatDetails: details[0],
    lastFailure,
    lastWorkerIdentity: info.lastWorkerIdentity,
    nextAttemptScheduleTime: dateOf(info.nextAttemptScheduleTimeMs),
    expirationTime: dateOf(info.expirationTimeMs),
    pauseInfo: pauseInfo(info.pauseInfo),
    options: info.options && decodeActivityOptions(info.options),
  };
}

function pauseInfo(info: WirePauseInfo | undefined): PauseInfo | undefined {
  if (!info) return undefined;
  return { pausedTime: new Date(info.pausedTimeMs), identity: info.identity, reason: info.reason };
}

async function decodeWorkflowTask(
  encoding: PayloadEncoding,
  runId: string,
  info: PendingWorkflowTaskInfo,
): Promise<PendingWorkflowTask> {
  const channel = { kind: "workflow-task-failure", runId } as const;
  return {
    state: info.state,
    attempt: info.attempt,
    scheduledTime: new Date(info.scheduledTimeMs),
    startedTime: dateOf(info.startedTimeMs),
    lastFailure: info.lastFailure && (await decodeError(encoding, channel, info.lastFailure)),
    lastFailureCause: info.lastFailureCause,
  };
}

function dateOf(timeMs: number | undefined): Date | undefined {
  return timeMs === undefined ? undefined : new Date(timeMs);
}
