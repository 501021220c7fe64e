/**
 * What workflow code may ask about its messages, and the queries that every workflow answers.
 *
 * Owns: the functions, and the names and types of the built-in queries. `src/replay/query-answer.ts` answers them.
 */
import { ENHANCED_STACK_TRACE_QUERY, STACK_TRACE_QUERY, WORKFLOW_METADATA_QUERY } from "../../replay/reserved-names.ts";
import { requireFrame } from "../../replay/run-context.ts";
import type { QueryDefinition } from "../../replay/set-handler.ts";
import { currentUpdate, type UpdateInfo } from "../../replay/update-scope.ts";

/**
 * Whether no handler of a signal or update is running. Wait for it before the workflow ends, so that nothing is cut
 * short.
 *
 * Throws `IllegalStateError` outside of workflow code.
 *
 * @example
 * await condition(allHandlersFinished);
 */
export function allHandlersFinished(): boolean {
  return requireFrame("allHandlersFinished").workflowRun.handlerExecutions.allFinished;
}

/**
 * The update whose handler the calling code is part of, or undefined outside of one.
 *
 * Throws `IllegalStateError` outside of workflow code.
 *
 * @example
 * const idempotencyKey = currentUpdateInfo()?.id;
 */
export function currentUpdateInfo(): UpdateInfo | undefined {
  requireFrame("currentUpdateInfo");
  return currentUpdate();
}

interface HandlerDescription {
  readonly name: string;
  readonly description?: string;
}

/** What a workflow says of itself. The built-in queries come first. */
export interface WorkflowMetadata {
  readonly definition: {
    readonly type: string;
    readonly queryDefinitions: readonly HandlerDescription[];
    readonly signalDefinitions: readonly HandlerDescription[];
    readonly updateDefinitions: readonly HandlerDescription[];
  };
  readonly currentDetails: string;
}

/** Asks for the workflow's metadata. */
export const workflowMetadataQuery: QueryDefinition<WorkflowMetadata> = {
  type: "query",
  name: WORKFLOW_METADATA_QUERY,
};

/** Known by name; workers here do not record stack traces of promises, and answer that the query is not registered. */
export const stackTraceQuery: QueryDefinition<string> = { type: "query", name: STACK_TRACE_QUERY };

/** As `stackTraceQuery`. */
export const enhancedStackTraceQuery: QueryDefinition<unknown> = {
  type: "query",
  name: ENHANCED_STACK_TRACE_QUERY,
};
