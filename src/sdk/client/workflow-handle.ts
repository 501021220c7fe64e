/**
 * A workflow in the caller's hand: everything that can be done with one that is there already.
 *
 * Owns: the interface, and which run each operation means. A handle holds ids and no connection; keep it as long as
 * you like.
 */
import type { JsonHistory } from "../../core/history-json.ts";
import type { RunSelector } from "../../core/protocol.ts";
import type {
  BaseWorkflowHandle,
  QueryDefinition,
  SignalDefinition,
  Workflow,
  WorkflowResultType,
} from "../common/index.ts";
import type { WorkflowCalls } from "./workflow-calls.ts";
import type { WorkflowExecutionDescription } from "./workflow-description.ts";

export interface FetchHistoryOptions {
  /** True: payloads come out in clear. False, the default: as the service stores them. */
  readonly decoded?: boolean | undefined;
}

/**
 * What can be done with a workflow.
 *
 * Every method rejects with `WorkflowNotFoundError` if there is no such workflow, and with `ServiceError` if the
 * service stays out of reach. Those that write may be called again after that; those of one call are made once.
 *
 * @example
 * const handle = client.workflow.getHandle<typeof transfer>("transfer-1");
 * await handle.signal(approve, "carol");
 * const receipt = await handle.result();
 */
export interface WorkflowHandle<T extends Workflow = Workflow> extends BaseWorkflowHandle<T> {
  readonly workflowId: string;
  /** Waits for the end, however long it takes. Rejects with `WorkflowFailedError` if that is not a result. */
  result(): Promise<WorkflowResultType<T>>;
  /** Sends a signal; resolves once the service has stored it. Rejects if the workflow has ended. */
  signal<Args extends readonly unknown[] = [], Name extends string = string>(
    definition: SignalDefinition<Args, Name> | string,
    ...args: Args
  ): Promise<void>;
  /**
   * Asks the workflow's code, without changing anything. Works on ended workflows too. Rejects with
   * `QueryNotRegisteredError`, `QueryRejectedError`, or `WorkflowQueryFailedError` if the handler threw.
   */
  query<Ret = unknown, Args extends readonly unknown[] = [], Name extends string = string>(
    definition: QueryDefinition<Ret, Args, Name> | string,
    ...args: Args
  ): Promise<Ret>;
  /** Asks the workflow to stop; its code decides how. Resolves once the request is stored. */
  cancel(): Promise<void>;
  /** Ends the workflow at once, without asking its code. The reason is readable by the service. */
  terminate(reason?: string): Promise<void>;
  /** Where the workflow stands, without running its code. */
  describe(): Promise<WorkflowExecutionDescription>;
  /** The whole history in Temporal's JSON form. */
  fetchHistory(options?: FetchHistoryOptions): Promise<JsonHistory>;
}

/** A handle of a workflow that was just started. `cancel` and `terminate` act on this chain of runs only. */
export interface WorkflowHandleWithFirstExecutionRunId<T extends Workflow = Workflow> extends WorkflowHandle<T> {
  readonly firstExecutionRunId: string;
}

/** A handle of a workflow that was just signalled, and perhaps started. */
export interface WorkflowHandleWithSignaledRunId<T extends Workflow = Workflow> extends WorkflowHandle<T> {
  readonly signaledRunId: string;
}

/** Which run the operations of a handle mean; all absent is the current one. */
export interface HandleRuns {
  /** The run that is signalled, queried and described. */
  readonly runId?: string | undefined;
  /** The chain of runs that may be cancelled and terminated. */
  readonly firstExecutionRunId?: string | undefined;
  /** The run whose result is awaited. */
  readonly resultRunId?: string | undefined;
}

/** Makes a handle. `calls` does the work. */
export function workflowHandle<T extends Workflow>(
  calls: WorkflowCalls,
  workflowId: string,
  runs: HandleRuns,
): WorkflowHandle<T> {
  const run: RunSelector = runs.runId ? { runId: runs.runId } : {};
  const chain: RunSelector = runs.firstExecutionRunId ? { ...run, firstExecutionRunId: runs.firstExecutionRunId } : run;
  const resultRunId = runs.resultRunId ?? runs.runId;
  return {
    workflowId,
    // What the workflow resolves to is known by its type only; the codec gives back what was put in.
    result: async () =>
      (await calls.result(workflowId, resultRunId ? { runId: resultRunId } : {})) as WorkflowResultType<T>,
    signal: (definition, ...args) => calls.signal(workflowId, run, { name: messageName(definition), args }),
    query: async <Ret>(definition: { readonly name: string } | string, ...args: readonly unknown[]) =>
      (await calls.query(workflowId, run, { name: messageName(definition), args })) as Ret,
    cancel: () => calls.cancel(workflowId, chain),
    terminate: (reason) => calls.terminate(workflowId, chain, reason),
    describe: () => calls.describe(workflowId, run),
    fetchHistory: (options) => calls.history(workflowId, run, options?.decoded ?? false),
  };
}

/** The name of a signal or query, given as a name or as its definition. */
export function messageName(definition: { readonly name: string } | string): string {
  return typeof definition === "string" ? definition : definition.name;
}
