/**
 * Interceptors of a client: what each call is given, and what it gives back.
 *
 * Owns: the interfaces, with Temporal's names, and the older form of `start`. The first interceptor registered is the
 * outermost; the innermost `next` sends the request, see `workflow-calls.ts` and `update-calls.ts`.
 */
import type { UpdateOutcome } from "../../core/history-event.ts";
import type {
  QueryRejectCondition,
  WorkflowExecutionDescription as DescribeWorkflowExecutionResponse,
} from "../../core/protocol.ts";
import type { Next } from "../../replay/interceptors.ts";
import type { Headers } from "../common/index.ts";
import type { WorkflowResetOptions } from "./reset-options.ts";
import type { CompiledWorkflowOptions, WorkflowUpdateOptions } from "./workflow-options.ts";

export type { DescribeWorkflowExecutionResponse, Next };

/** The workflow that a call means; without `runId` its current run. */
export interface TargetExecution {
  readonly workflowId: string;
  readonly runId?: string | undefined;
}

export interface WorkflowStartInput {
  readonly workflowType: string;
  readonly headers: Headers;
  readonly options: CompiledWorkflowOptions;
}

export interface WorkflowStartOutput {
  readonly runId: string;
  /** The first run of the chain that `runId` belongs to. Absent: `runId` is the first. */
  readonly firstExecutionRunId?: string | undefined;
  /** Whether the first workflow task has left for its worker together with the start. */
  readonly eagerlyStarted: boolean;
}

export interface WorkflowStartUpdateInput {
  readonly updateName: string;
  readonly args: unknown[];
  readonly workflowExecution: TargetExecution;
  readonly firstExecutionRunId?: string | undefined;
  readonly headers: Headers;
  readonly options: WorkflowUpdateOptions;
}

export interface WorkflowStartUpdateOutput {
  readonly updateId: string;
  readonly workflowRunId: string;
  /** What the payloads of the outcome are bound to. Absent: `workflowRunId`. */
  readonly originalExecutionRunId?: string | undefined;
  /** How the update ended, if it has; payloads encoded. */
  readonly outcome?: UpdateOutcome | undefined;
}

export interface WorkflowStartUpdateWithStartInput {
  readonly workflowType: string;
  readonly workflowStartOptions: CompiledWorkflowOptions;
  readonly workflowStartHeaders: Headers;
  readonly updateName: string;
  readonly updateArgs: unknown[];
  readonly updateOptions: WorkflowUpdateOptions;
  readonly updateHeaders: Headers;
}

export interface WorkflowStartUpdateWithStartOutput {
  readonly workflowExecution: { readonly workflowId: string; readonly runId: string };
  readonly updateId: string;
  /** What the payloads of the outcome are bound to. Absent: the run id. */
  readonly originalExecutionRunId?: string | undefined;
  /** How the update ended, if it has; payloads encoded. */
  readonly updateOutcome?: UpdateOutcome | undefined;
}

export interface WorkflowSignalInput {
  readonly signalName: string;
  readonly args: unknown[];
  readonly workflowExecution: TargetExecution;
  readonly headers: Headers;
}

export interface WorkflowSignalWithStartInput {
  readonly workflowType: string;
  readonly signalName: string;
  readonly signalArgs: unknown[];
  /** Go with the start and with the signal. */
  readonly headers: Headers;
  readonly options: CompiledWorkflowOptions;
}

export interface WorkflowQueryInput {
  readonly queryType: string;
  readonly args: unknown[];
  readonly workflowExecution: TargetExecution;
  readonly queryRejectCondition?: QueryRejectCondition | undefined;
  readonly headers: Headers;
}

export interface WorkflowTerminateInput {
  readonly workflowExecution: TargetExecution;
  readonly reason?: string | undefined;
  readonly details?: unknown[] | undefined;
  readonly firstExecutionRunId?: string | undefined;
}

export interface WorkflowCancelInput {
  readonly workflowExecution: TargetExecution;
  readonly firstExecutionRunId?: string | undefined;
}

export interface WorkflowResetInput {
  readonly workflowExecution: TargetExecution;
  readonly firstExecutionRunId?: string | undefined;
  readonly options: WorkflowResetOptions;
}

export interface WorkflowDescribeInput {
  readonly workflowExecution: TargetExecution;
}

/**
 * What can be put around the calls of a client. Each method may change the input, call `next` or not, and change what
 * comes back. Waiting for a result and reading a history cannot be intercepted.
 *
 * @example
 * const interceptor: WorkflowClientInterceptor = {
 *   signal: (input, next) => next({ ...input, headers: { ...input.headers, tenant } }),
 * };
 */
export interface WorkflowClientInterceptor {
  /** The older form of `startWithDetails`; not called where both are there. */
  start?(input: WorkflowStartInput, next: Next<WorkflowClientInterceptor, "start">): Promise<string>;
  startWithDetails?(
    input: WorkflowStartInput,
    next: Next<WorkflowClientInterceptor, "startWithDetails">,
  ): Promise<WorkflowStartOutput>;
  /** Sends the update and waits until it is accepted; not until it is completed. */
  startUpdate?(
    input: WorkflowStartUpdateInput,
    next: Next<WorkflowClientInterceptor, "startUpdate">,
  ): Promise<WorkflowStartUpdateOutput>;
  startUpdateWithStart?(
    input: WorkflowStartUpdateWithStartInput,
    next: Next<WorkflowClientInterceptor, "startUpdateWithStart">,
  ): Promise<WorkflowStartUpdateWithStartOutput>;
  signal?(input: WorkflowSignalInput, next: Next<WorkflowClientInterceptor, "signal">): Promise<void>;
  /** Answers with the run that was signalled. */
  signalWithStart?(
    input: WorkflowSignalWithStartInput,
    next: Next<WorkflowClientInterceptor, "signalWithStart">,
  ): Promise<string>;
  query?(input: WorkflowQueryInput, next: Next<WorkflowClientInterceptor, "query">): Promise<unknown>;
  terminate?(input: WorkflowTerminateInput, next: Next<WorkflowClientInterceptor, "terminate">): Promise<void>;
  cancel?(input: WorkflowCancelInput, next: Next<WorkflowClientInterceptor, "cancel">): Promise<void>;
  /** Answers with the run that the reset has begun. */
  reset?(input: WorkflowResetInput, next: Next<WorkflowClientInterceptor, "reset">): Promise<string>;
  /** Answers with the description as the service gave it. */
  describe?(
    input: WorkflowDescribeInput,
    next: Next<WorkflowClientInterceptor, "describe">,
  ): Promise<DescribeWorkflowExecutionResponse>;
}

/** The interceptors of all parts of a client. */
export interface ClientInterceptors {
  readonly workflow?: readonly WorkflowClientInterceptor[] | undefined;
}

/** The interceptor with its `start`, if it has only that, as a `startWithDetails`. Its methods keep their `this`. */
export function withStartDetails(interceptor: WorkflowClientInterceptor): WorkflowClientInterceptor {
  if (interceptor.startWithDetails || !interceptor.start) return interceptor;
  return {
    startWithDetails: async (input, next) => {
      let details: WorkflowStartOutput | undefined;
      const runId = await interceptor.start?.(input, async (changed) => {
        details = await next(changed);
        return details.runId;
      });
      return details && details.runId === runId ? details : { runId: runId ?? "", eagerlyStarted: false };
    },
  };
}
