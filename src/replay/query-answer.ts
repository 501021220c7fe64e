/**
 * One query, answered by a handler that workflow code registered.
 *
 * Owns: the call through the interceptors, the three ways it ends, and the built-in metadata query. Payloads are in
 * clear on both sides.
 */
import type { PayloadChannel } from "../codec/index.ts";
import type { Failure } from "../core/failure.ts";
import type { Payloads } from "../core/payload.ts";
import type { WorkflowQuery } from "../core/workflow-task.ts";
import { DeterminismViolationError } from "./determinism-errors.ts";
import { headersFromWire } from "./headers.ts";
import type { QueryHandler } from "./queries.ts";
import { isInternalName, WORKFLOW_METADATA_QUERY } from "./reserved-names.ts";
import { ignoreRejection } from "./settlement.ts";
import { composeWorkflowInterceptors } from "./workflow-interception.ts";
import type { WorkflowRun } from "./workflow-run.ts";

export type QueryAnswer =
  | { readonly kind: "answered"; readonly result: Payloads }
  | { readonly kind: "notRegistered"; readonly message: string }
  | { readonly kind: "failed"; readonly failure: Failure };

/**
 * Runs the handler of a query. What it returns is to be asked once microtasks have run: the handler itself answers at
 * once, but interceptors answer with promises.
 */
export function beginQuery(run: WorkflowRun, query: WorkflowQuery): () => QueryAnswer {
  const { queryType, queryId } = query;
  let answer: QueryAnswer | undefined;
  const fail = (error: unknown) => {
    const channel: PayloadChannel = { kind: "query-failure", queryType, queryId };
    answer = { kind: "failed", failure: run.toFailure(channel, error) };
  };
  try {
    if (findHandler(run, queryType) === undefined)
      return () => ({ kind: "notRegistered", message: run.queries.notRegisteredMessage(queryType) });
    const input = {
      queryName: queryType,
      queryId,
      args: run.fromPayloads({ kind: "query", queryType, queryId }, query.args),
      headers: headersFromWire(query.header),
    };
    const interceptors = isInternalName(queryType) ? [] : run.interceptors.inbound;
    const ask = composeWorkflowInterceptors(interceptors, "handleQuery", ({ queryName, args }) =>
      callHandler(run, queryName, args),
    );
    const succeed = (value: unknown): void => {
      const result = run.toPayloads({ kind: "query-result", queryType, queryId }, [value]);
      answer = { kind: "answered", result: result ?? { payloads: [] } };
    };
    ignoreRejection(ask(input).then(succeed).catch(fail));
  } catch (error) {
    fail(error);
  }
  return () => {
    if (answer === undefined)
      fail(new DeterminismViolationError("An interceptor of queries waited for something else than the query."));
    return answer as QueryAnswer;
  };
}

/** Looks the handler up again: an interceptor may have given the query another name. */
async function callHandler(run: WorkflowRun, queryName: string, args: readonly unknown[]): Promise<unknown> {
  const handler = findHandler(run, queryName);
  if (handler === undefined) throw new ReferenceError(run.queries.notRegisteredMessage(queryName));
  const value: unknown = handler(...(args as never[]));
  refusePromise(value);
  return value;
}

function findHandler(run: WorkflowRun, queryType: string): QueryHandler | undefined {
  return run.queries.handler(queryType) ?? builtInHandler(run, queryType);
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
      updateDefinitions: run.updates.describe(),
    },
    currentDetails: run.currentDetails,
  });
}
