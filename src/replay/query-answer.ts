/**
 * One query, answered by a handler that workflow code registered.
 *
 * Owns: the call and the three ways it ends, and the built-in metadata query. Payloads are in clear on both sides.
 */
import type { PayloadChannel } from "../codec/index.ts";
import type { Failure } from "../core/failure.ts";
import type { Payloads } from "../core/payload.ts";
import type { WorkflowQuery } from "../core/workflow-task.ts";
import { DeterminismViolationError } from "./determinism-errors.ts";
import { type QueryHandler, WORKFLOW_METADATA_QUERY } from "./queries.ts";
import { ignoreRejection } from "./settlement.ts";
import type { WorkflowRun } from "./workflow-run.ts";

export type QueryAnswer =
  | { readonly kind: "answered"; readonly result: Payloads }
  | { readonly kind: "notRegistered"; readonly message: string }
  | { readonly kind: "failed"; readonly failure: Failure };

/** Runs the handler of a query, synchronously. */
export function answerQuery(run: WorkflowRun, query: WorkflowQuery): QueryAnswer {
  const { queryType, queryId } = query;
  const handler = run.queries.handler(queryType) ?? builtInHandler(run, queryType);
  if (handler === undefined) return { kind: "notRegistered", message: run.queries.notRegisteredMessage(queryType) };
  try {
    const args = run.fromPayloads({ kind: "query", queryType, queryId }, query.args);
    const value: unknown = handler(...(args as never[]));
    refusePromise(value);
    const result = run.toPayloads({ kind: "query-result", queryType, queryId }, [value]);
    return { kind: "answered", result: result ?? { payloads: [] } };
  } catch (error) {
    const channel: PayloadChannel = { kind: "query-failure", queryType, queryId };
    return { kind: "failed", failure: run.toFailure(channel, error) };
  }
}

function refusePromise(value: unknown): void {
  if (!(value instanceof Promise)) return;
  ignoreRejection(value);
  throw new DeterminismViolationError(
    "Query handlers should not return a Promise: a query is answered at once, from what the workflow knows.",
  );
}

function builtInHandler(run: WorkflowRun, queryType: string): QueryHandler | undefined {
  if (queryType !== WORKFLOW_METADATA_QUERY) return undefined;
  return () => ({
    definition: {
      type: run.open.workflowType,
      queryDefinitions: run.queries.describe(),
      signalDefinitions: run.signals.describe(),
      updateDefinitions: [],
    },
    currentDetails: "",
  });
}
