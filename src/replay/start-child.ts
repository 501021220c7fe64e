/**
 * Starting a child workflow: a command behind two promises, one for its start and one for its end.
 *
 * Owns: the options' defaults and checks, and the operation. `children.ts` owns the children. What the child receives is
 * encoded for the child.
 */
import {
  compileRetryPolicy,
  IllegalStateError,
  msOptionalToNumber,
  type PayloadPlace,
  WorkflowExecutionAlreadyStartedError,
} from "../codec/index.ts";
import type { StartChildWorkflowExecutionCommand } from "../core/command.ts";
import type { ChildSettlement } from "./children.ts";
import { givenSearchAttributes } from "./continue-as-new.ts";
import { headersToWire } from "./headers.ts";
import type { StartChildWorkflowExecutionInput } from "./interceptors.ts";
import type { ChildWorkflowOptions, ChildWorkflowOptionsWithDefaults } from "./operation-options.ts";
import type { ChildStartOutcome } from "./resolutions.ts";
import { bindToScope, requireActivatingFrame } from "./run-context.ts";
import { ignoreRejection } from "./settlement.ts";
import { signalExternal } from "./signal-external.ts";
import { composeWorkflowInterceptors } from "./workflow-interception.ts";
import { extractWorkflowType } from "./workflow-type.ts";
import type { WorkflowRun } from "./workflow-run.ts";

/** A child that has started, as its parent sees it. */
export interface StartedChild {
  readonly workflowId: string;
  readonly firstExecutionRunId: string;
  result(): Promise<unknown>;
  signal(definition: string | { readonly name: string }, ...args: readonly unknown[]): Promise<void>;
}

/** A workflow by its name, or by the function whose name it is. */
export type WorkflowName = string | { readonly name: string };

/**
 * The options with their defaults: an id drawn from the run's own randomness, no arguments, and a cancellation that
 * waits for the child's end.
 *
 * @example
 * const { workflowId } = addDefaultWorkflowOptions({ args: [17] });
 */
export function addDefaultWorkflowOptions(options: ChildWorkflowOptions): ChildWorkflowOptionsWithDefaults {
  const { args, workflowId, cancellationType, ...rest } = options;
  const { random } = requireActivatingFrame("A child workflow").workflowRun;
  return {
    workflowId: workflowId ?? random.chosen.uuid4(),
    args: args ?? [],
    cancellationType: cancellationType ?? "WAIT_CANCELLATION_COMPLETED",
    ...rest,
  };
}

/** Starts a child; resolves when it has started. */
export async function startChildWorkflow(
  workflow: WorkflowName,
  options: ChildWorkflowOptions = {},
): Promise<StartedChild> {
  const { input, execute, namespace } = prepareChild(workflow, options);
  const [started, completed] = await execute(input);
  const firstExecutionRunId = await started;
  const childWorkflowId = input.options.workflowId;
  return {
    workflowId: childWorkflowId,
    firstExecutionRunId,
    result: async () => await completed,
    signal: async (definition, ...args) =>
      signalExternal(definition, args, { namespace, target: { type: "child", childWorkflowId } }),
  };
}

/** Starts a child; resolves with its result. */
export async function executeChildWorkflow(
  workflow: WorkflowName,
  options: ChildWorkflowOptions = {},
): Promise<unknown> {
  const { input, execute } = prepareChild(workflow, options);
  return execute(input).then(([, completed]) => completed);
}

/** The id is drawn before the number is taken, and both before any interceptor is called. */
function prepareChild(workflow: WorkflowName, options: ChildWorkflowOptions) {
  const { workflowRun } = requireActivatingFrame("A child workflow");
  const withDefaults = addDefaultWorkflowOptions(options);
  const workflowType = extractWorkflowType(workflow);
  const execute = composeWorkflowInterceptors(
    workflowRun.interceptors.outbound,
    "startChildWorkflowExecution",
    startChild,
  );
  const input: StartChildWorkflowExecutionInput = {
    seq: workflowRun.children.takeSequence(),
    options: withDefaults,
    headers: {},
    workflowType,
  };
  return { input, execute, namespace: options.namespace ?? workflowRun.open.namespace };
}

function startChild(input: StartChildWorkflowExecutionInput): Promise<[Promise<string>, Promise<unknown>]> {
  const frame = requireActivatingFrame("A child workflow");
  const run = frame.workflowRun;
  const { seq, options } = input;
  const start = Promise.withResolvers<string>();
  const end = Promise.withResolvers<unknown>();
  // A start that fails fails the result; and a child that fails while nobody waits is no unhandled rejection.
  ignoreRejection(start.promise.catch(end.reject));
  ignoreRejection(end.promise);
  const refused = bindToScope(frame, (error) => {
    if (refused) start.reject(error);
    else run.children.requestCancel(seq);
  });
  try {
    if (!refused) {
      const command = buildCommand(run, input);
      const settlement = settlementOf(run, command, start, end);
      run.children.start(seq, command, options.cancellationType, settlement);
    }
  } catch (error) {
    start.reject(error);
  }
  return Promise.resolve([start.promise, end.promise]);
}

type Resolvers<T> = Pick<PromiseWithResolvers<T>, "resolve" | "reject">;

/** Converts inside the jobs, so that the code waiting for them goes on in the order of the jobs. */
function settlementOf(
  run: WorkflowRun,
  command: StartChildWorkflowExecutionCommand,
  start: Resolvers<string>,
  end: Resolvers<unknown>,
): ChildSettlement {
  const { namespace, workflowId, workflowType } = command;
  const place: PayloadPlace = { namespace, workflowId };
  return {
    settleStart: (outcome) => {
      if (outcome.kind === "started") start.resolve(outcome.runId);
      else start.reject(startError(run, outcome, place, workflowType));
    },
    settleResult: (outcome, runId) => {
      if (outcome.kind === "failed")
        end.reject(run.fromFailure({ kind: "workflow-failure", runId }, outcome.failure, place));
      else end.resolve(run.fromPayloads({ kind: "workflow-result", runId }, outcome.result, place)[0]);
    },
  };
}

function startError(
  run: WorkflowRun,
  outcome: Exclude<ChildStartOutcome, { kind: "started" }>,
  place: PayloadPlace,
  workflowType: string,
): Error {
  if (outcome.kind === "failed")
    return run.fromFailure({ kind: "workflow-failure", runId: run.originalExecutionRunId }, outcome.failure, place);
  switch (outcome.cause) {
    case "WORKFLOW_ALREADY_EXISTS":
      return new WorkflowExecutionAlreadyStartedError(
        "Workflow execution already started",
        place.workflowId,
        workflowType,
      );
    case "NAMESPACE_NOT_FOUND":
      return new IllegalStateError(`The child workflow was not started: there is no namespace ${place.namespace}`);
  }
}

function buildCommand(
  run: WorkflowRun,
  { options, headers, workflowType }: StartChildWorkflowExecutionInput,
): StartChildWorkflowExecutionCommand {
  const { workflowId } = options;
  const namespace = options.namespace ?? run.open.namespace;
  const place: PayloadPlace = { namespace, workflowId };
  const input = run.toPayloads({ kind: "workflow-input" }, options.args, place);
  const header = headersToWire(headers);
  const searchAttributes = givenSearchAttributes(options);
  return {
    commandType: "StartChildWorkflowExecution",
    namespace,
    workflowId,
    workflowType,
    taskQueue: options.taskQueue ?? run.taskQueue,
    ...(input ? { input } : {}),
    ...(header ? { header } : {}),
    ...(options.memo ? { memo: run.toMemo(options.memo, place) } : {}),
    ...(searchAttributes ? { searchAttributes } : {}),
    ...(options.retry ? { retryPolicy: compileRetryPolicy(options.retry) } : {}),
    ...givenFields({
      workflowExecutionTimeoutMs: msOptionalToNumber(options.workflowExecutionTimeout),
      workflowRunTimeoutMs: msOptionalToNumber(options.workflowRunTimeout),
      workflowTaskTimeoutMs: msOptionalToNumber(options.workflowTaskTimeout),
      parentClosePolicy: options.parentClosePolicy,
      workflowIdReusePolicy: options.workflowIdReusePolicy,
      cronSchedule: options.cronSchedule,
    }),
    ...run.toUserMetadata(`child/${workflowId}`, options.staticSummary, options.staticDetails),
  };
}

/** The fields that have a value. */
function givenFields<T extends Readonly<Record<string, unknown>>>(
  fields: T,
): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { readonly [K in keyof T]?: Exclude<T[K], undefined> };
}
