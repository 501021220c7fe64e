/**
 * A workflow in the caller's hand: everything that can be done with one that is there already.
 *
 * Owns: the interface, and which run each operation means. A handle holds ids and no connection; keep it as long as
 * you like.
 */
import type { JsonHistory } from "../../core/history-json.ts";
import { ValueError } from "../../codec/index.ts";
import type { RunSelector } from "../../core/protocol.ts";
import type {
  BaseWorkflowHandle,
  QueryDefinition,
  SignalDefinition,
  UpdateDefinition,
  Workflow,
  WorkflowResultType,
} from "../common/index.ts";
import type { LiveEvents, SubscribeOptions } from "./live-events.ts";
import type { WorkflowResetOptions } from "./reset-options.ts";
import {
  type WorkflowActivities,
  type WorkflowActivitiesSelector,
  type WorkflowActivityHandle,
  workflowActivities,
  workflowActivityHandle,
} from "./workflow-activity-handle.ts";
import type { WorkflowCalls } from "./workflow-calls.ts";
import type { WorkflowExecutionDescription } from "./workflow-description.ts";
import { checkId, type WorkflowUpdateOptions } from "./workflow-options.ts";
import type { AwaitedUpdateStage } from "./workflow-requests.ts";
import {
  type GetWorkflowUpdateHandleOptions,
  type UntypedUpdateOptions,
  workflowUpdateHandle,
  type WorkflowUpdateHandle,
} from "./workflow-update-handle.ts";

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
  /**
   * Waits for the end, however long it takes. Rejects with `WorkflowFailedError` if that is not a result, and with
   * `WorkflowContinuedAsNewError` if the run continued as new and the handle does not follow runs.
   */
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
  /**
   * Sends an update and waits for the handler's result, however long it takes. The same `updateId` again gives the
   * same result and runs nothing twice. Rejects with `WorkflowUpdateFailedError` if the update was rejected or failed,
   * and with `WorkflowNotFoundError` if the workflow ended before it was accepted.
   */
  executeUpdate<Ret, Args extends readonly [unknown, ...unknown[]], Name extends string = string>(
    definition: UpdateDefinition<Ret, Args, Name> | string,
    options: WorkflowUpdateOptions & { readonly args: readonly [...Args] },
  ): Promise<Ret>;
  executeUpdate<Ret, Args extends readonly [], Name extends string = string>(
    definition: UpdateDefinition<Ret, Args, Name> | string,
    options?: WorkflowUpdateOptions & { readonly args?: readonly [...Args] | undefined },
  ): Promise<Ret>;
  /**
   * Sends an update and waits until the workflow has accepted it, or rejected it: then the `result` of the handle
   * rejects. Rejects with `WorkflowNotFoundError` if the workflow ended before.
   */
  startUpdate<Ret, Args extends readonly [unknown, ...unknown[]], Name extends string = string>(
    definition: UpdateDefinition<Ret, Args, Name> | string,
    options: WorkflowUpdateOptions & { readonly args: readonly [...Args]; readonly waitForStage: "ACCEPTED" },
  ): Promise<WorkflowUpdateHandle<Ret>>;
  startUpdate<Ret, Args extends readonly [], Name extends string = string>(
    definition: UpdateDefinition<Ret, Args, Name> | string,
    options: WorkflowUpdateOptions & {
      readonly args?: readonly [...Args] | undefined;
      readonly waitForStage: "ACCEPTED";
    },
  ): Promise<WorkflowUpdateHandle<Ret>>;
  /** A handle of an update that was sent before; asks nobody whether it is there. Throws `ValueError` for a malformed id. */
  getUpdateHandle<Ret>(updateId: string, options?: GetWorkflowUpdateHandleOptions): WorkflowUpdateHandle<Ret>;
  /** Asks the workflow to stop; its code decides how. Resolves once the request is stored. */
  cancel(): Promise<void>;
  /** Ends the workflow at once, without asking its code. The reason is readable by the service. */
  terminate(reason?: string): Promise<void>;
  /**
   * Nothing of the workflow begins from here on: no code of it, no attempt of an activity. What is sent to it waits;
   * updates and queries are refused. The reason is readable by the service. Rejects with `ServiceError` (code
   * `FailedPrecondition`) if it is paused already.
   */
  pause(reason?: string): Promise<void>;
  /** The workflow goes on. Rejects with `ServiceError` (code `FailedPrecondition`) if it is not paused. */
  unpause(reason?: string): Promise<void>;
  /** A handle of an activity; asks nobody whether it is open. Throws `ValueError` for a malformed id. */
  activity(activityId: string): WorkflowActivityHandle;
  /** The open activities of a type, or all. Throws `ValueError` for a malformed type. */
  activities(selector?: WorkflowActivitiesSelector): WorkflowActivities;
  /**
   * Begins a new run with the history of this one up to a workflow task, which is run anew with what the workflow code
   * is now; the current run, if it is open, is terminated. Resolves once that is stored, with a handle of the new run.
   * Signals and updates that came after the point are sent to it again, unless the options leave them out.
   *
   * The run that is taken is that of the handle, open or closed, or else the current one. Rejects with `ValueError` for
   * a point that is none, and with `WorkflowNotFoundError` if there is no such run.
   *
   * @example
   * const mended = await client.workflow.getHandle("transfer-1").reset({ type: "FirstWorkflowTask", reason: "fixed fee" });
   * console.log(mended.runId, await mended.result());
   */
  reset(options: WorkflowResetOptions): Promise<WorkflowHandleWithResetRunId<T>>;
  /**
   * Deletes the run before its retention ends: from then on it is not found. One that is open is terminated first.
   * Earlier runs of the workflow id stay. Rejects with `WorkflowNotFoundError` if there is no such run.
   *
   * @example
   * await client.workflow.getHandle("transfer-1").delete();
   */
  delete(): Promise<void>;
  /** Where the workflow stands, without running its code. */
  describe(): Promise<WorkflowExecutionDescription>;
  /** The whole history in Temporal's JSON form. */
  fetchHistory(options?: FetchHistoryOptions): Promise<JsonHistory>;
  /**
   * The events of the run that `result` waits for, those that are there and then each as it happens, decoded; ends when
   * the chain of runs does. Connections that are lost are renewed; no event is left out or comes twice. Throws
   * `ValueError` for malformed options.
   */
  subscribe(options?: SubscribeOptions): LiveEvents;
}

/** A handle of a workflow that was just started. `cancel` and `terminate` act on this chain of runs only. */
export interface WorkflowHandleWithFirstExecutionRunId<T extends Workflow = Workflow> extends WorkflowHandle<T> {
  readonly firstExecutionRunId: string;
}

/** The same, with how the start went. */
export interface WorkflowHandleWithStartDetails<
  T extends Workflow = Workflow,
> extends WorkflowHandleWithFirstExecutionRunId<T> {
  /** Whether the first workflow task has left for its worker together with the start. */
  readonly eagerlyStarted: boolean;
}

/** A handle of a workflow that was just signalled, and perhaps started. */
export interface WorkflowHandleWithSignaledRunId<T extends Workflow = Workflow> extends WorkflowHandle<T> {
  readonly signaledRunId: string;
}

/** A handle of a workflow that was just reset. Its `result` is that of the new run, and of those that follow it. */
export interface WorkflowHandleWithResetRunId<T extends Workflow = Workflow> extends WorkflowHandle<T> {
  /** The run that the reset has begun. */
  readonly runId: string;
}

/** Which run the operations of a handle mean; all absent is the current one. */
export interface HandleRuns {
  /** The run that is signalled, queried and described. */
  readonly runId?: string | undefined;
  /** The chain of runs that may be cancelled and terminated. */
  readonly firstExecutionRunId?: string | undefined;
  /** The run whose result is awaited. */
  readonly resultRunId?: string | undefined;
  /** Whether the result is that of the run which ended the chain. Default: true. */
  readonly followRuns?: boolean | undefined;
}

/** Makes a handle. `calls` does the work. */
export function workflowHandle<T extends Workflow>(
  calls: WorkflowCalls,
  workflowId: string,
  runs: HandleRuns,
): WorkflowHandle<T> {
  const { runId, firstExecutionRunId, followRuns = true } = runs;
  const run: RunSelector = runId ? { runId } : {};
  const resultRunId = runs.resultRunId ?? runId;
  const workflowExecution = { workflowId, runId };
  const operated = { workflowId, run: { ...run, ...(firstExecutionRunId ? { firstExecutionRunId } : {}) } };
  const startUpdate = (
    waitForStage: AwaitedUpdateStage,
    definition: { readonly name: string } | string,
    options: UntypedUpdateOptions | undefined,
  ) => startedUpdate(calls, { workflowId, runId, firstExecutionRunId }, waitForStage, definition, options);
  return {
    workflowId,
    // What the workflow and its handlers resolve to is known by type only; the codec gives back what was put in.
    result: async () =>
      (await calls.result(workflowId, resultRunId ? { runId: resultRunId } : {}, followRuns)) as WorkflowResultType<T>,
    signal: (definition, ...args) =>
      calls.signal({ workflowExecution, signalName: messageName(definition), args: [...args], headers: {} }),
    query: async <Ret>(definition: { readonly name: string } | string, ...args: readonly unknown[]) =>
      (await calls.query({
        workflowExecution,
        queryType: messageName(definition),
        args: [...args],
        headers: {},
      })) as Ret,
    executeUpdate: async <Ret>(definition: { readonly name: string } | string, options?: UntypedUpdateOptions) =>
      (await (await startUpdate("COMPLETED", definition, options)).result()) as Ret,
    startUpdate: async <Ret>(
      definition: { readonly name: string } | string,
      options: UntypedUpdateOptions & { readonly waitForStage: "ACCEPTED" },
    ) => {
      const { waitForStage, ...rest } = options;
      checkWaitForStage(waitForStage);
      return (await startUpdate("ACCEPTED", definition, rest)) as WorkflowUpdateHandle<Ret>;
    },
    getUpdateHandle: (updateId, options) => {
      checkId("updateId", updateId);
      return workflowUpdateHandle(calls, { workflowId, updateId, runId: options?.workflowRunId ?? runId });
    },
    cancel: () => calls.cancel({ workflowExecution, firstExecutionRunId }),
    terminate: (reason) => calls.terminate({ workflowExecution, firstExecutionRunId, reason }),
    pause: (reason) => calls.operator.pause(operated, reason),
    unpause: (reason) => calls.operator.unpause(operated, reason),
    activity: (activityId) => {
      checkId("activityId", activityId);
      return workflowActivityHandle(calls, operated, activityId);
    },
    activities: (selector = {}) => {
      if (selector.type !== undefined) checkId("activityType", selector.type);
      return workflowActivities(calls, operated, selector);
    },
    reset: async (options) => {
      const resetRunId = await calls.reset({ workflowExecution, firstExecutionRunId, options });
      const next = { firstExecutionRunId, resultRunId: resetRunId, followRuns };
      return { ...workflowHandle<T>(calls, workflowId, next), runId: resetRunId };
    },
    delete: () => calls.delete({ workflowExecution, firstExecutionRunId }),
    describe: () => calls.describe({ workflowExecution }),
    subscribe: (options) =>
      calls.subscribe(workflowId, resultRunId ? { runId: resultRunId } : {}, {
        ...options,
        followRuns: options?.followRuns ?? followRuns,
      }),
    fetchHistory: (options) => calls.history(workflowId, run, options?.decoded ?? false),
  };
}

async function startedUpdate(
  calls: WorkflowCalls,
  target: { readonly workflowId: string } & Pick<HandleRuns, "runId" | "firstExecutionRunId">,
  waitForStage: AwaitedUpdateStage,
  definition: { readonly name: string } | string,
  { args = [], ...options }: UntypedUpdateOptions = {},
): Promise<WorkflowUpdateHandle<unknown>> {
  const { workflowId, runId, firstExecutionRunId } = target;
  const output = await calls.startUpdate(waitForStage, {
    workflowExecution: { workflowId, runId },
    firstExecutionRunId,
    updateName: messageName(definition),
    args: [...args],
    headers: {},
    options,
  });
  return workflowUpdateHandle(calls, { workflowId, updateId: output.updateId, runId: output.workflowRunId }, output);
}

/**
 * Throws `ValueError` for a stage that nobody may wait for. Callers without types could ask for ADMITTED, at which
 * nothing is stored yet, or forget to say.
 */
export function checkWaitForStage(stage: string): void {
  if (stage !== "ACCEPTED")
    throw new ValueError(`startUpdate waits for the stage ACCEPTED, not ${JSON.stringify(stage)}`);
}

/** The name of a message, given as a name or as its definition. */
export function messageName(definition: { readonly name: string } | string): string {
  return typeof definition === "string" ? definition : definition.name;
}
