/**
 * Interceptors of workflow code: the shapes of their inputs, and how a chain of them is called.
 *
 * Owns: the interfaces (Temporal's names) and the composition: the first interceptor registered is the outermost. What
 * an input means to the engine is the business of the file that makes it.
 */
import type { Payload } from "../codec/index.ts";
import type {
  ActivityOptions,
  ChildWorkflowOptionsWithDefaults,
  ContinueAsNewOptions,
  LocalActivityOptions,
  TimerOptions,
} from "./operation-options.ts";

/** Payloads that travel beside arguments, by name; for tracing and the like. */
export type Headers = Record<string, Payload>;

export interface WorkflowExecuteInput {
  readonly args: unknown[];
  readonly headers: Headers;
}

export interface SignalInput {
  readonly signalName: string;
  readonly args: unknown[];
  readonly headers: Headers;
}

export interface QueryInput {
  readonly queryId: string;
  readonly queryName: string;
  readonly args: unknown[];
  readonly headers: Headers;
}

export interface UpdateInput {
  readonly updateId: string;
  readonly name: string;
  readonly args: unknown[];
  readonly headers: Headers;
}

export interface ActivityInput {
  readonly activityType: string;
  readonly args: unknown[];
  readonly options: ActivityOptions;
  readonly headers: Headers;
  readonly seq: number;
}

export interface LocalActivityInput {
  readonly activityType: string;
  readonly args: unknown[];
  readonly options: LocalActivityOptions;
  readonly headers: Headers;
  readonly seq: number;
  readonly attempt: number;
  /** Set when the activity is scheduled again after a backoff. */
  readonly originalScheduleTime?: Date | undefined;
}

export interface TimerInput {
  readonly durationMs: number;
  readonly seq: number;
  readonly options?: TimerOptions | undefined;
}

export interface StartChildWorkflowExecutionInput {
  readonly workflowType: string;
  readonly options: ChildWorkflowOptionsWithDefaults;
  readonly headers: Headers;
  readonly seq: number;
}

export interface SignalWorkflowInput {
  readonly seq: number;
  readonly signalName: string;
  readonly args: unknown[];
  readonly headers: Headers;
  readonly target:
    | {
        readonly type: "external";
        readonly workflowExecution: {
          readonly namespace: string;
          readonly workflowId: string;
          readonly runId?: string | undefined;
        };
      }
    | { readonly type: "child"; readonly childWorkflowId: string };
}

export interface ContinueAsNewInput {
  readonly args: unknown[];
  readonly headers: Headers;
  readonly options: ContinueAsNewOptions;
}

export interface ActivateInput {
  /** Kinds of the jobs that are about to run, in their order. */
  readonly jobs: readonly string[];
  readonly batchIndex: number;
}

export interface ConcludeActivationInput {
  /** Kinds of the commands that the activation made, in their order. */
  readonly commands: readonly string[];
}

export type ConcludeActivationOutput = ConcludeActivationInput;
export type DisposeInput = Readonly<Record<string, never>>;
export type GetLogAttributesInput = Record<string, unknown>;
export type GetMetricTagsInput = Record<string, string | number | boolean>;

type AnyFunction = (...args: never[]) => unknown;

/** The rest of the chain, as an interceptor calls it. */
export type Next<I, M extends keyof I> = Required<I>[M] extends AnyFunction
  ? (
      ...args: Required<I>[M] extends (...args: [...infer Head, infer _Next]) => unknown ? Head : never
    ) => ReturnType<Required<I>[M]>
  : never;

/** What comes into a workflow. */
export interface WorkflowInboundCallsInterceptor {
  execute?(input: WorkflowExecuteInput, next: Next<WorkflowInboundCallsInterceptor, "execute">): Promise<unknown>;
  handleSignal?(input: SignalInput, next: Next<WorkflowInboundCallsInterceptor, "handleSignal">): Promise<void>;
  handleQuery?(input: QueryInput, next: Next<WorkflowInboundCallsInterceptor, "handleQuery">): Promise<unknown>;
  handleUpdate?(input: UpdateInput, next: Next<WorkflowInboundCallsInterceptor, "handleUpdate">): Promise<unknown>;
  /** Synchronous; throws to reject the update. */
  validateUpdate?(input: UpdateInput, next: Next<WorkflowInboundCallsInterceptor, "validateUpdate">): void;
}

/** What a workflow asks for. */
export interface WorkflowOutboundCallsInterceptor {
  scheduleActivity?(
    input: ActivityInput,
    next: Next<WorkflowOutboundCallsInterceptor, "scheduleActivity">,
  ): Promise<unknown>;
  scheduleLocalActivity?(
    input: LocalActivityInput,
    next: Next<WorkflowOutboundCallsInterceptor, "scheduleLocalActivity">,
  ): Promise<unknown>;
  startTimer?(input: TimerInput, next: Next<WorkflowOutboundCallsInterceptor, "startTimer">): Promise<void>;
  /** The outer promise is the start (its run id), the inner one the result. */
  startChildWorkflowExecution?(
    input: StartChildWorkflowExecutionInput,
    next: Next<WorkflowOutboundCallsInterceptor, "startChildWorkflowExecution">,
  ): Promise<[Promise<string>, Promise<unknown>]>;
  signalWorkflow?(
    input: SignalWorkflowInput,
    next: Next<WorkflowOutboundCallsInterceptor, "signalWorkflow">,
  ): Promise<void>;
  continueAsNew?(
    input: ContinueAsNewInput,
    next: Next<WorkflowOutboundCallsInterceptor, "continueAsNew">,
  ): Promise<never>;
  getLogAttributes?(
    input: GetLogAttributesInput,
    next: Next<WorkflowOutboundCallsInterceptor, "getLogAttributes">,
  ): Record<string, unknown>;
  /** The tags go with every value that the workflow measures. */
  getMetricTags?(
    input: GetMetricTagsInput,
    next: Next<WorkflowOutboundCallsInterceptor, "getMetricTags">,
  ): GetMetricTagsInput;
}

/** What the engine does around workflow code. Synchronous. */
export interface WorkflowInternalsInterceptor {
  activate?(input: ActivateInput, next: Next<WorkflowInternalsInterceptor, "activate">): void;
  concludeActivation?(
    input: ConcludeActivationInput,
    next: Next<WorkflowInternalsInterceptor, "concludeActivation">,
  ): ConcludeActivationOutput;
  dispose?(input: DisposeInput, next: Next<WorkflowInternalsInterceptor, "dispose">): void;
}

export interface WorkflowInterceptors {
  inbound?: WorkflowInboundCallsInterceptor[];
  outbound?: WorkflowOutboundCallsInterceptor[];
  internals?: WorkflowInternalsInterceptor[];
}

/** Makes the interceptors of one run; called in its context, before its first job. */
export type WorkflowInterceptorsFactory = () => WorkflowInterceptors;

type AnyCall = (input: unknown) => unknown;

/**
 * The chain of all interceptors that have the method, around `terminal`. `bindNext` may wrap what each of them is given
 * as `next`.
 *
 * Types: the methods of one interface differ in their inputs; the signature keeps them together by name.
 */
export function composeInterceptors<I extends object, M extends keyof I>(
  interceptors: readonly I[],
  method: M,
  terminal: Next<I, M>,
  bindNext: (next: AnyCall) => AnyCall = (next) => next,
): Next<I, M> {
  let call = terminal as unknown as AnyCall;
  for (const interceptor of interceptors.toReversed()) {
    const intercept = interceptor[method] as ((input: unknown, next: unknown) => unknown) | undefined;
    if (intercept === undefined) continue;
    const next = bindNext(call);
    call = (input) => intercept.call(interceptor, input, next);
  }
  return call as unknown as Next<I, M>;
}
