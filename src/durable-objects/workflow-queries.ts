/**
 * Queries: the workflow's code answers, from its replayed memory; history does not change.
 *
 * Owns: when a query may be asked. It sees every event accepted before it, so it waits for workflow tasks under way;
 * a run whose tasks fail, or that has not begun, cannot answer and says so instead of waiting.
 */
import { MAX_PAYLOADS_BYTES } from "../core/limits.ts";
import { payloadsBytes } from "../core/payload.ts";
import type { QueryReply, QueryRequest } from "../core/protocol.ts";
import { type Rejection, type Reply, accepted, rejected } from "../core/rejection.ts";
import type { WorkflowQueryResult } from "../core/workflow-task.ts";
import type { LoadedRun } from "./run-store.ts";
import type { WorkflowSessions } from "./workflow-sessions.ts";
import type { WorkflowTaskDriver } from "./workflow-task-driver.ts";

export class WorkflowQueries {
  readonly #driver: WorkflowTaskDriver;
  readonly #sessions: WorkflowSessions;

  constructor(driver: WorkflowTaskDriver, sessions: WorkflowSessions) {
    this.#driver = driver;
    this.#sessions = sessions;
  }

  async answer(run: LoadedRun, request: QueryRequest): Promise<Reply<QueryReply>> {
    await this.#driver.caughtUp();
    const refused = rejectedByStatus(run, request) ?? rejectedByTask(run) ?? rejectedBeforeFirstTask(run);
    if (refused) return { ok: false, rejection: refused };
    const { queryId, queryType, args, header } = request;
    try {
      const asked = { queryId, queryType, ...(args ? { args } : {}), ...(header ? { header } : {}) };
      const result = await this.#sessions.query(this.#driver.source(run), asked, () => openTaskEventId(run));
      return reply(result, run.state.identity.runId, queryType);
    } catch (error) {
      return rejected("WorkflowWorkerUnavailable", `the workflow worker did not answer the query: ${String(error)}`);
    }
  }
}

/** Where the events of a workflow task begin that is written down and not run yet; the end of history if there is none. */
function openTaskEventId({ state }: LoadedRun): number {
  const task = state.workflowTask;
  return task?.inHistory ? task.scheduledEventId : Number.POSITIVE_INFINITY;
}

function rejectedByStatus(run: LoadedRun, request: QueryRequest): Rejection | undefined {
  const { paused, identity } = run.state;
  const status = paused ? "PAUSED" : run.state.status;
  const condition = request.rejectCondition ?? "NONE";
  const isRejected =
    // Its code does not run, and its answer would lack what has come in meanwhile.
    status === "PAUSED" ||
    (condition === "NOT_OPEN" && status !== "RUNNING") ||
    (condition === "NOT_COMPLETED_CLEANLY" && status !== "RUNNING" && status !== "COMPLETED");
  if (!isRejected) return undefined;
  return {
    code: "QueryRejected",
    message: `query rejected, workflow status: ${status}`,
    runId: identity.runId,
    status,
  };
}

function rejectedByTask(run: LoadedRun): Rejection | undefined {
  const task = run.state.workflowTask;
  if (!task || task.attempt === 1) return undefined;
  return {
    code: "WorkflowWorkerUnavailable",
    message:
      `cannot query: the workflow's task fails (attempt ${task.attempt}, ${task.lastFailureCause ?? "unknown cause"}); ` +
      "see describe() for the failure, mend the workflow code and deploy it",
    ...(task.lastFailure ? { failure: task.lastFailure } : {}),
  };
}

/** A run that waits for its first workflow task, or has ended before it, has no code to ask. */
function rejectedBeforeFirstTask({ state }: LoadedRun): Rejection | undefined {
  if (state.workflowTask || state.lastWorkflowTaskClosedEventId > 0) return undefined;
  const message = "cannot query: the workflow has not begun its work, see executionTime in describe()";
  return { code: "WorkflowWorkerUnavailable", message };
}

function reply(result: WorkflowQueryResult, runId: string, queryType: string): Reply<QueryReply> {
  switch (result.kind) {
    case "answered":
      if (payloadsBytes(result.result) > MAX_PAYLOADS_BYTES)
        return rejected("PayloadTooLarge", `the answer to query '${queryType}' is over ${MAX_PAYLOADS_BYTES} bytes`);
      return accepted({ result: result.result, runId });
    case "notRegistered":
      return rejected("QueryNotRegistered", result.message, { runId });
    case "failed":
      return rejected("QueryFailed", `query '${queryType}' failed`, { runId, failure: result.failure });
  }
}
