/**
 * Which run of a workflow id a request means.
 *
 * Owns: this shape alone, which requests of every kind share.
 */

/** Without `runId` the current one; `firstExecutionRunId` guards against another chain. */
export interface RunSelector {
  readonly runId?: string;
  readonly firstExecutionRunId?: string;
}
