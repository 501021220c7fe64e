/**
 * What a caller says when starting a workflow, and the wire request it becomes.
 *
 * Owns: the option types, their checks and their encoding. Nothing that comes out of here can be refused for its form:
 * malformed ids, policies and durations end as a `ValueError` before any object is addressed.
 */
import {
  compileRetryPolicy,
  type Duration,
  encodeSearchAttributes,
  encodeValues,
  msToNumber,
  type PayloadEncoding,
  type RetryPolicy,
  type SearchAttributePair,
  type SearchAttributes,
  toWireMap,
  type TypedSearchAttributes,
  ValueError,
} from "../../codec/index.ts";
import { parseCronExpression } from "../../core/cron-expression.ts";
import { idProblem } from "../../core/identifiers.ts";
import { PROTOCOL_VERSION, type StartRequest } from "../../core/protocol.ts";
import {
  decodeWorkflowIdConflictPolicy,
  decodeWorkflowIdReusePolicy,
  type Headers,
  type SignalDefinition,
  type WithWorkflowArgs,
  type Workflow,
  type WorkflowDurationOptions,
  type WorkflowIdConflictPolicy,
  type WorkflowIdReusePolicy,
} from "../common/index.ts";
import { encodeUserMetadata, WORKFLOW_SUBJECT } from "../common/user-metadata.ts";
import { encodeHeaders } from "./header-encoding.ts";

export const DEFAULT_TASK_QUEUE = "default";

/** The options of a start that do not depend on the workflow's parameters. */
export interface WorkflowOptions extends WorkflowDurationOptions {
  /** Names the workflow; readable by the service. Choose one that means something, so that a second start is noticed. */
  readonly workflowId: string;
  /** Default: "default". */
  readonly taskQueue?: string | undefined;
  /** What to do if the id belonged to a closed workflow. Default: ALLOW_DUPLICATE. */
  readonly workflowIdReusePolicy?: WorkflowIdReusePolicy | undefined;
  /** What to do if the id belongs to a running workflow. Default: FAIL; for signalWithStart USE_EXISTING. */
  readonly workflowIdConflictPolicy?: WorkflowIdConflictPolicy | undefined;
  /** Values that can be read without running the workflow. Values are encoded, their names are not. */
  readonly memo?: Readonly<Record<string, unknown>> | undefined;
  /** When the workflow is run again after it has failed or used up its run timeout. Default: never. */
  readonly retry?: RetryPolicy | undefined;
  /**
   * When the workflow is run, again and again under the same id: five fields (minute, hour, day of month, month, day
   * of week), "@every 90s", "@hourly", "@daily", "@weekly", "@monthly" or "@yearly", each with "TZ=Europe/Zurich "
   * before it or in UTC. The first run waits for its tick too. Cancelling or terminating the workflow ends it.
   */
  readonly cronSchedule?: string | undefined;
  /**
   * Time before the workflow runs, unless a signal or an update comes before. It counts for the execution timeout. Not
   * together with `cronSchedule`.
   */
  readonly startDelay?: Duration | undefined;
  /** Values by which the workflow can be found. Neither names nor values are encoded. */
  readonly typedSearchAttributes?: readonly SearchAttributePair[] | TypedSearchAttributes | undefined;
  /** The same without types, which are guessed. `typedSearchAttributes` is to be preferred, and wins. */
  readonly searchAttributes?: Readonly<SearchAttributes> | undefined;
  /** What this workflow is about, in one line of Markdown, for those who look at it. Encoded. */
  readonly staticSummary?: string | undefined;
  /** The same at length. Encoded. */
  readonly staticDetails?: string | undefined;
  /**
   * Whether the result of the handle is that of the last run, where one run follows another: the workflow continues as
   * new, is tried again, or runs by a schedule, which has a last run only once it is stopped. Default: true. If false,
   * the result is that of the run itself; one that continues as new has none but a `WorkflowContinuedAsNewError`.
   */
  readonly followRuns?: boolean | undefined;
  /**
   * Changes nothing: the first workflow task always leaves with the start, unless the start is delayed. The handle's
   * `eagerlyStarted` says whether it did.
   */
  readonly requestEagerStart?: boolean | undefined;
}

/** The options of a start; `args` is required exactly when the workflow has parameters. */
export type WorkflowStartOptions<T extends Workflow = Workflow> = WithWorkflowArgs<T, WorkflowOptions>;

/** The options of a start of a workflow of which only the name is known. */
export interface UntypedWorkflowStartOptions extends WorkflowOptions {
  readonly args?: readonly unknown[] | undefined;
}

/** The signal part of `signalWithStart`; `signalArgs` is required exactly when the signal has arguments. */
export type WithSignalArgs<SignalArgs extends readonly unknown[], T> = T & {
  readonly signal: SignalDefinition<SignalArgs> | string;
} & (SignalArgs extends readonly [unknown, ...unknown[]]
    ? { readonly signalArgs: SignalArgs }
    : { readonly signalArgs?: SignalArgs | undefined });

/** The options of `signalWithStart`. */
export type WorkflowSignalWithStartOptions<
  T extends Workflow = Workflow,
  SignalArgs extends readonly unknown[] = [],
> = WithSignalArgs<SignalArgs, WorkflowStartOptions<T>>;

/** The options as interceptors see them: nothing is left open that `next` needs. */
export interface CompiledWorkflowOptions extends WorkflowOptions {
  readonly taskQueue: string;
  readonly args: readonly unknown[];
}

/** What goes with an update. */
export interface WorkflowUpdateOptions {
  /**
   * Names the update within its workflow: sent again under the same id, it is the same update. Choose one that means
   * something, such as the id of the request behind it. Default: one that was never used before.
   */
  readonly updateId?: string | undefined;
}

/** Who asks, and under which id the service knows this request. */
export interface RequestOrigin {
  readonly identity: string;
  readonly requestId: string;
}

/** Throws `ValueError` for what cannot name anything. `what` is the field in the message. */
export function checkId(what: string, id: unknown): void {
  const problem = idProblem(what, id);
  if (problem !== undefined) throw new ValueError(problem);
}

/** The options with what they leave open filled in. */
export function compileWorkflowOptions(options: UntypedWorkflowStartOptions): CompiledWorkflowOptions {
  return { ...options, taskQueue: options.taskQueue ?? DEFAULT_TASK_QUEUE, args: options.args ?? [] };
}

/** A workflow to be started. */
export interface StartCall {
  readonly workflowType: string;
  readonly options: CompiledWorkflowOptions;
  readonly headers: Headers;
}

/** The request for a start, its payloads encoded. Throws `ValueError` for malformed options. */
export async function startRequest(
  encoding: PayloadEncoding,
  { workflowType, options, headers }: StartCall,
  origin: RequestOrigin,
): Promise<StartRequest> {
  const { workflowId, taskQueue } = options;
  checkId("workflowId", workflowId);
  checkId("workflowType", workflowType);
  checkId("taskQueue", taskQueue);
  const waits = firstRunWaits(options);
  const policies = workflowIdPolicies(options);
  const timeouts = workflowTimeouts(options);
  const searchAttributes = encodeSearchAttributes(options.typedSearchAttributes, options.searchAttributes);
  const retryPolicy = options.retry && compileRetryPolicy(options.retry);
  const [input, memo, header, userMetadata] = await Promise.all([
    encodeValues(encoding, { kind: "workflow-input" }, options.args),
    encodeMemo(encoding, options.memo),
    encodeHeaders(encoding, headers),
    encodeUserMetadata(encoding, WORKFLOW_SUBJECT, options.staticSummary, options.staticDetails),
  ]);
  return {
    version: PROTOCOL_VERSION,
    namespace: encoding.place.namespace,
    workflowId,
    workflowType,
    taskQueue,
    ...(input ? { input } : {}),
    ...(header ? { header } : {}),
    ...(memo ? { memo } : {}),
    ...(searchAttributes ? { searchAttributes } : {}),
    ...(retryPolicy ? { retryPolicy } : {}),
    ...(userMetadata ? { userMetadata } : {}),
    ...timeouts,
    ...waits,
    ...policies,
    requestId: origin.requestId,
    identity: origin.identity,
  };
}

function workflowIdPolicies(
  options: WorkflowOptions,
): Pick<StartRequest, "workflowIdReusePolicy" | "workflowIdConflictPolicy"> {
  const reuse = decodeWorkflowIdReusePolicy(options.workflowIdReusePolicy);
  const conflict = decodeWorkflowIdConflictPolicy(options.workflowIdConflictPolicy);
  if (reuse === "TERMINATE_IF_RUNNING") {
    if (conflict === undefined)
      return { workflowIdReusePolicy: "ALLOW_DUPLICATE", workflowIdConflictPolicy: "TERMINATE_EXISTING" };
    throw new ValueError(
      "workflowIdReusePolicy TERMINATE_IF_RUNNING cannot be used together with a workflowIdConflictPolicy",
    );
  }
  return {
    ...(reuse ? { workflowIdReusePolicy: reuse } : {}),
    ...(conflict ? { workflowIdConflictPolicy: conflict } : {}),
  };
}

/** A schedule that the service does not know how to read is refused there: it has the calendars. */
function firstRunWaits({
  cronSchedule,
  startDelay,
}: WorkflowOptions): Pick<StartRequest, "cronSchedule" | "startDelayMs"> {
  const startDelayMs = timeoutMs("startDelay", startDelay);
  if (cronSchedule && startDelayMs !== undefined)
    throw new ValueError("cronSchedule and startDelay exclude each other");
  const parsed = cronSchedule ? parseCronExpression(cronSchedule) : undefined;
  if (parsed && !parsed.ok) throw new ValueError(parsed.problem);
  return { ...(cronSchedule ? { cronSchedule } : {}), ...(startDelayMs === undefined ? {} : { startDelayMs }) };
}

type TimeoutFields = Pick<
  StartRequest,
  "workflowExecutionTimeoutMs" | "workflowRunTimeoutMs" | "workflowTaskTimeoutMs"
>;

function workflowTimeouts(options: WorkflowDurationOptions): TimeoutFields {
  const executionMs = timeoutMs("workflowExecutionTimeout", options.workflowExecutionTimeout);
  const runMs = timeoutMs("workflowRunTimeout", options.workflowRunTimeout);
  const taskMs = timeoutMs("workflowTaskTimeout", options.workflowTaskTimeout);
  return {
    ...(executionMs === undefined ? {} : { workflowExecutionTimeoutMs: executionMs }),
    ...(runMs === undefined ? {} : { workflowRunTimeoutMs: runMs }),
    ...(taskMs === undefined ? {} : { workflowTaskTimeoutMs: taskMs }),
  };
}

function timeoutMs(field: string, duration: Duration | undefined): number | undefined {
  if (duration === undefined) return undefined;
  const milliseconds = msToNumber(duration);
  if (milliseconds < 0) throw new ValueError(`${field} must not be negative`);
  return milliseconds;
}

async function encodeMemo(
  encoding: PayloadEncoding,
  memo: WorkflowOptions["memo"],
): Promise<StartRequest["memo"] | undefined> {
  if (memo === undefined || Object.keys(memo).length === 0) return undefined;
  const clear = toWireMap(encoding.converter.payloadConverter, memo, (key) =>
    encoding.contextOf({ kind: "memo", key }),
  );
  return await encoding.encodeMap(clear, "memo");
}
