/**
 * What a workflow may know of its own run.
 *
 * Owns: the shape that `workflowInfo()` answers, and how it is put together from the first event and the current task.
 * Everything but `unsafe` is the same in every replay.
 */
import {
  decompileRetryPolicy,
  type RetryPolicy,
  type SearchAttributes,
  type TypedSearchAttributes,
} from "../codec/index.ts";
import type { EventOf, SuggestContinueAsNewReason } from "../core/history-event.ts";
import type { OpenSession } from "../core/workflow-task.ts";
import type { RunAttributes } from "./run-attributes.ts";
import { UNSAFE_RANDOM, type UnsafeRandomSource } from "./unsafe-random.ts";

/** Facts that differ between the first run of the code and its replays. Never let a decision depend on them. */
export interface UnsafeWorkflowInfo {
  /** The real time, epoch milliseconds. */
  readonly now: () => number;
  readonly isReplaying: boolean;
  /** Like `isReplaying`, but false while a query is answered. */
  readonly isReplayingHistoryEvents: boolean;
  readonly random: UnsafeRandomSource;
}

/** The workflow that started this one as its child. */
export interface ParentWorkflowInfo {
  readonly workflowId: string;
  readonly runId: string;
  readonly namespace: string;
}

/** The workflow at the top of the tree of children. */
export interface RootWorkflowInfo {
  readonly workflowId: string;
  readonly runId: string;
}

/** One run of one workflow, as of the workflow task that is running. */
export interface WorkflowInfo {
  readonly workflowId: string;
  readonly runId: string;
  readonly workflowType: string;
  /** By name, each a list. `typedSearchAttributes` says more. */
  readonly searchAttributes: SearchAttributes;
  readonly typedSearchAttributes: TypedSearchAttributes;
  /** With what `upsertMemo` made of it. */
  readonly memo: Readonly<Record<string, unknown>>;
  /** Present in children. */
  readonly parent?: ParentWorkflowInfo;
  /** Absent when it is this workflow. */
  readonly root?: RootWorkflowInfo;
  /** What the last run of the chain that completed came to. */
  readonly lastResult?: unknown;
  /** What the run before failed with. */
  readonly lastFailure?: Error;
  /** Events of the history up to this workflow task. */
  readonly historyLength: number;
  /** Stored bytes of the history up to this workflow task. */
  readonly historySize: number;
  readonly continueAsNewSuggested: boolean;
  /** Why it is suggested; absent when it is not. */
  readonly suggestedContinueAsNewReasons?: readonly SuggestContinueAsNewReason[];
  /** Always false: worker versions are not told apart yet. */
  readonly targetWorkerDeploymentVersionChanged: boolean;
  readonly taskQueue: string;
  readonly namespace: string;
  readonly firstExecutionRunId: string;
  /** The run id that seeds randomness; differs from `runId` only after a reset. */
  readonly originalExecutionRunId: string;
  /** The run before this one in the chain. */
  readonly continuedFromExecutionRunId?: string;
  readonly startTime: Date;
  /** When the first workflow task began. */
  readonly runStartTime: Date;
  readonly executionTimeoutMs?: number;
  readonly executionExpirationTime?: Date;
  readonly runTimeoutMs?: number;
  readonly taskTimeoutMs: number;
  readonly retryPolicy?: RetryPolicy;
  readonly attempt: number;
  readonly cronSchedule?: string;
  /** Milliseconds that the run waited for its tick; as in Temporal also for a retry, or for a start delay. */
  readonly cronScheduleToScheduleInterval?: number;
  readonly unsafe: UnsafeWorkflowInfo;
}

/** What the first event says, in clear. */
export interface StartedRun {
  readonly attributes: EventOf<"WorkflowExecutionStarted">["attributes"];
  /** When it was written, epoch milliseconds. */
  readonly timeMs: number;
  readonly lastResult: unknown;
  readonly lastFailure: Error | undefined;
}

/** What the info is made of. */
export interface WorkflowInfoParts {
  readonly open: OpenSession;
  readonly started: StartedRun | undefined;
  readonly attributes: RunAttributes;
  readonly task: {
    readonly historyLength: number;
    readonly historySize: number;
    readonly continueAsNewSuggested: boolean;
    readonly suggestedContinueAsNewReasons: readonly SuggestContinueAsNewReason[] | undefined;
  };
  /** When the first workflow task began, epoch milliseconds. */
  readonly runStartMs: number;
  readonly unsafe: Omit<UnsafeWorkflowInfo, "random">;
}

/** An object with the field, or an empty one if there is no value. */
function optional<K extends string, T>(key: K, value: T | undefined): Partial<Record<K, T>> {
  return (value === undefined ? {} : { [key]: value }) as Partial<Record<K, T>>;
}

/** A frozen copy of what is known now. */
export function makeWorkflowInfo({
  open,
  started,
  attributes,
  task,
  runStartMs,
  unsafe,
}: WorkflowInfoParts): WorkflowInfo {
  const { namespace, workflowId, runId, workflowType } = open;
  return Object.freeze({
    namespace,
    workflowId,
    runId,
    workflowType,
    searchAttributes: attributes.searchAttributes,
    typedSearchAttributes: attributes.typedSearchAttributes,
    memo: attributes.memo,
    historyLength: task.historyLength,
    historySize: task.historySize,
    continueAsNewSuggested: task.continueAsNewSuggested,
    ...optional("suggestedContinueAsNewReasons", task.suggestedContinueAsNewReasons),
    targetWorkerDeploymentVersionChanged: false,
    runStartTime: new Date(runStartMs),
    ...startInfo(open, started),
    ...originInfo(started),
    unsafe: Object.freeze({ ...unsafe, random: UNSAFE_RANDOM }),
  });
}

/** Where and within which limits the run takes place. */
function startInfo(open: OpenSession, started: StartedRun | undefined) {
  const attributes = started?.attributes;
  const expirationMs = attributes?.workflowExecutionExpirationTimeMs;
  return {
    taskQueue: attributes?.taskQueue.name ?? open.taskQueue,
    firstExecutionRunId: attributes?.firstExecutionRunId ?? open.runId,
    originalExecutionRunId: attributes?.originalExecutionRunId ?? open.runId,
    startTime: new Date(started?.timeMs ?? 0),
    ...optional("executionTimeoutMs", attributes?.workflowExecutionTimeoutMs),
    ...optional("executionExpirationTime", expirationMs === undefined ? undefined : new Date(expirationMs)),
    ...optional("runTimeoutMs", attributes?.workflowRunTimeoutMs),
    taskTimeoutMs: attributes?.workflowTaskTimeoutMs ?? 0,
    ...optional("retryPolicy", decompileRetryPolicy(attributes?.retryPolicy)),
    attempt: attributes?.attempt ?? 1,
    ...optional("cronSchedule", attributes?.cronSchedule),
    ...optional("cronScheduleToScheduleInterval", attributes?.firstWorkflowTaskBackoffMs || undefined),
  };
}

/** Where the run comes from. */
function originInfo(started: StartedRun | undefined) {
  const { parentWorkflowExecution, parentWorkflowNamespace, rootWorkflowExecution, continuedExecutionRunId } =
    started?.attributes ?? {};
  const parent =
    parentWorkflowExecution && parentWorkflowNamespace !== undefined
      ? Object.freeze({ ...parentWorkflowExecution, namespace: parentWorkflowNamespace })
      : undefined;
  return {
    ...optional("parent", parent),
    ...optional("root", rootWorkflowExecution && Object.freeze({ ...rootWorkflowExecution })),
    ...optional("continuedFromExecutionRunId", continuedExecutionRunId),
    ...optional("lastResult", started?.lastResult),
    ...optional("lastFailure", started?.lastFailure),
  };
}
