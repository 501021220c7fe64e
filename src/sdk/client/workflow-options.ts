/**
 * What a caller says when starting a workflow, and the wire request it becomes.
 *
 * Owns: the option types, their checks and their encoding. Nothing that comes out of here can be refused for its form:
 * malformed ids, policies and durations end as a `ValueError` before any object is addressed.
 */
import {
  type Duration,
  encodeValues,
  msToNumber,
  type PayloadEncoding,
  toWireMap,
  ValueError,
} from "../../codec/index.ts";
import { idProblem } from "../../core/identifiers.ts";
import { PROTOCOL_VERSION, type StartRequest } from "../../core/protocol.ts";
import {
  decodeWorkflowIdConflictPolicy,
  decodeWorkflowIdReusePolicy,
  type SignalDefinition,
  type WithWorkflowArgs,
  type Workflow,
  type WorkflowDurationOptions,
  type WorkflowIdConflictPolicy,
  type WorkflowIdReusePolicy,
} from "../common/index.ts";

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

/** The request for a start, its payloads encoded. */
export async function startRequest(
  encoding: PayloadEncoding,
  workflowType: string,
  options: UntypedWorkflowStartOptions,
  origin: RequestOrigin,
): Promise<StartRequest> {
  const { workflowId, taskQueue = DEFAULT_TASK_QUEUE } = options;
  checkId("workflowId", workflowId);
  checkId("workflowType", workflowType);
  checkId("taskQueue", taskQueue);
  const policies = workflowIdPolicies(options);
  const timeouts = workflowTimeouts(options);
  const [input, memo] = await Promise.all([
    encodeValues(encoding, { kind: "workflow-input" }, options.args ?? []),
    encodeMemo(encoding, options.memo),
  ]);
  return {
    version: PROTOCOL_VERSION,
    namespace: encoding.place.namespace,
    workflowId,
    workflowType,
    taskQueue,
    ...(input ? { input } : {}),
    ...(memo ? { memo } : {}),
    ...timeouts,
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
  return {
    ...(reuse ? { workflowIdReusePolicy: reuse } : {}),
    ...(conflict ? { workflowIdConflictPolicy: conflict } : {}),
  };
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
