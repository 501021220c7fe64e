/**
 * What a workflow may know of its own run.
 *
 * Owns: the shape that `workflowInfo()` answers. Everything but `unsafe` is the same in every replay.
 */

/** Facts that differ between the first run of the code and its replays. Never let a decision depend on them. */
export interface UnsafeWorkflowInfo {
  /** The real time, epoch milliseconds. */
  readonly now: () => number;
  readonly isReplaying: boolean;
  /** Like `isReplaying`, but false while a query is answered. */
  readonly isReplayingHistoryEvents: boolean;
}

/** One run of one workflow, as of the workflow task that is running. */
export interface WorkflowInfo {
  readonly workflowId: string;
  readonly runId: string;
  readonly workflowType: string;
  readonly memo: Readonly<Record<string, unknown>>;
  /** Events of the history up to this workflow task. */
  readonly historyLength: number;
  /** Stored bytes of the history up to this workflow task. */
  readonly historySize: number;
  readonly continueAsNewSuggested: boolean;
  readonly taskQueue: string;
  readonly namespace: string;
  readonly firstExecutionRunId: string;
  /** The run id that seeds randomness; differs from `runId` only after a reset. */
  readonly originalExecutionRunId: string;
  readonly startTime: Date;
  readonly runStartTime: Date;
  readonly executionTimeoutMs?: number;
  readonly executionExpirationTime?: Date;
  readonly runTimeoutMs?: number;
  readonly taskTimeoutMs: number;
  readonly attempt: number;
  readonly unsafe: UnsafeWorkflowInfo;
}
