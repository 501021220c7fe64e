/**
 * What a batch operation is started with, and what is told of it.
 *
 * Owns: the shapes that users see, and their checks.
 */
import { ValueError } from "../../codec/index.ts";
import type { BatchAction, BatchDescription, BatchState } from "../../core/batch-protocol.ts";
import type { SignalDefinition } from "../common/index.ts";
import { checkExcludeTypes, resetPoint, type WorkflowResetOptions } from "./reset-options.ts";
import { messageName } from "./workflow-handle.ts";

/**
 * Sends every execution the same signal; each is given a payload of its own. `args` is required exactly when the signal
 * has arguments.
 */
export type BatchSignalOperation<Args extends readonly unknown[] = readonly unknown[]> = {
  readonly type: "signal";
  readonly signalName: SignalDefinition<Args> | string;
} & (Args extends readonly [unknown, ...unknown[]]
  ? { readonly args: Readonly<NoInfer<Args>> }
  : { readonly args?: Readonly<NoInfer<Args>> | undefined });

/** Asks every execution to stop; its code decides how. */
export interface BatchCancelOperation {
  readonly type: "cancel";
}

/** Ends every execution at once. */
export interface BatchTerminateOperation {
  readonly type: "terminate";
  /** Default: the reason of the batch operation. */
  readonly reason?: string | undefined;
  readonly details?: readonly unknown[] | undefined;
}

type WithoutOrigin<Options> = Options extends unknown ? Omit<Options, "reason" | "requestId"> : never;

/** Where each execution is taken back to; as for the `reset` of a handle. */
export type BatchResetOptions = WithoutOrigin<WorkflowResetOptions>;

/** Takes every execution back to a point of its history, from which a new run goes on. */
export interface BatchResetOperation {
  readonly type: "reset";
  readonly options: BatchResetOptions;
}

/** Deletes every execution, the open ones too. */
export interface BatchDeleteOperation {
  readonly type: "delete";
}

export type BatchOperation<Args extends readonly unknown[] = readonly unknown[]> =
  | BatchSignalOperation<Args>
  | BatchCancelOperation
  | BatchTerminateOperation
  | BatchResetOperation
  | BatchDeleteOperation;

/** An execution of the list: a workflow id, which means its current run, or one run of it. */
export type BatchExecution = string | { readonly workflowId: string; readonly runId?: string | undefined };

export interface BatchOperationOptions<Args extends readonly unknown[] = readonly unknown[]> {
  readonly operation: BatchOperation<Args>;
  /** What the operation is carried out on. One that is listed twice is taken once. */
  readonly executions: Iterable<BatchExecution> | AsyncIterable<BatchExecution>;
  /** Why. Stored in clear with the job and in the histories. */
  readonly reason: string;
  /** Names the job: started again under the same id and with the same list, it goes on. Default: one never used before. */
  readonly jobId?: string | undefined;
  /** How many executions are acted on at once. Default: 25. */
  readonly concurrency?: number | undefined;
  /** How many executions are acted on in a second, at most. Default: no limit but the concurrency. */
  readonly requestsPerSecond?: number | undefined;
}

/** UPLOADING: the list is not complete yet. FAILED: the operation was stopped before its end. */
export type BatchOperationState = "UPLOADING" | "RUNNING" | "COMPLETED" | "FAILED";
export type BatchOperationType = "SIGNAL" | "CANCEL" | "TERMINATE" | "RESET" | "DELETE";

/** Where a batch operation stands. */
export interface BatchOperationDescription {
  readonly jobId: string;
  readonly operationType: BatchOperationType;
  readonly state: BatchOperationState;
  readonly reason: string;
  readonly identity?: string | undefined;
  readonly startTime: Date;
  readonly closeTime?: Date | undefined;
  /** Why it was stopped, if it was. */
  readonly stopReason?: string | undefined;
  readonly totalOperationCount: number;
  /** Executions on which the operation was carried out. */
  readonly completeOperationCount: number;
  /** Executions on which it could not be carried out; `report` says why. */
  readonly failureOperationCount: number;
  /** Executions that gave no answer yet and are tried again. */
  readonly retryingOperationCount: number;
  /** How many executions are acted on at once just now. */
  readonly concurrency: number;
  /** Executions dealt with in a second, since the list was complete. */
  readonly operationsPerSecond: number;
}

const STATES: Readonly<Record<BatchState, BatchOperationState>> = {
  created: "UPLOADING",
  running: "RUNNING",
  completed: "COMPLETED",
  stopped: "FAILED",
};

const TYPES: Readonly<Record<BatchAction["kind"], BatchOperationType>> = {
  signal: "SIGNAL",
  cancel: "CANCEL",
  terminate: "TERMINATE",
  reset: "RESET",
  delete: "DELETE",
};

/** A description as users see it. */
export function batchDescription(described: BatchDescription): BatchOperationDescription {
  return {
    jobId: described.jobId,
    operationType: TYPES[described.action.kind],
    state: STATES[described.state],
    reason: described.reason,
    identity: described.identity,
    startTime: new Date(described.startTimeMs),
    closeTime: described.closeTimeMs === undefined ? undefined : new Date(described.closeTimeMs),
    stopReason: described.stopReason,
    totalOperationCount: described.totalOperationCount,
    completeOperationCount: described.completeOperationCount,
    failureOperationCount: described.failureOperationCount,
    retryingOperationCount: described.retryingOperationCount,
    concurrency: described.concurrency,
    operationsPerSecond: described.operationsPerSecond,
  };
}

/** What is done to each execution, without its payloads. Throws `ValueError` for an operation that there is not. */
export function batchAction(operation: BatchOperation): BatchAction {
  switch (operation.type) {
    case "signal":
      return { kind: "signal", signalName: messageName(operation.signalName) };
    case "reset": {
      const { resetReapplyExcludeTypes: excluded = [] } = operation.options;
      checkExcludeTypes(excluded);
      const reapplyExclude = excluded.length > 0 ? { reapplyExclude: excluded } : {};
      return { kind: "reset", resetPoint: resetPoint(operation.options), ...reapplyExclude };
    }
    case "cancel":
    case "terminate":
    case "delete":
      return { kind: operation.type };
    default:
      throw new ValueError(`there is no batch operation ${JSON.stringify(operation)}`);
  }
}
