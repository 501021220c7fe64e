/**
 * Going on in a new run, with an empty history.
 *
 * Owns: the operations, and the exception by which they end the run: it must reach the end of the workflow function.
 */
import {
  compileRetryPolicy,
  encodeSearchAttributes,
  identifyClass,
  msOptionalToNumber,
  type SearchAttributePair,
  type TypedSearchAttributes,
} from "../codec/index.ts";
import type { ContinueAsNewWorkflowExecutionCommand } from "../core/command.ts";
import type { SearchAttributeMap } from "../core/payload.ts";
import { headersToWire } from "./headers.ts";
import type { ContinueAsNewInput } from "./interceptors.ts";
import type { ContinueAsNewOptions } from "./operation-options.ts";
import { requireActivatingFrame } from "./run-context.ts";
import { composeWorkflowInterceptors } from "./workflow-interception.ts";
import type { WorkflowRun } from "./workflow-run.ts";

/** Not an error: ends the run when it leaves the workflow function. Never swallow it. */
export class ContinueAsNew extends Error {
  static {
    identifyClass(this, "ContinueAsNew");
  }

  /** What the run ends with; payloads are in clear. */
  readonly command: ContinueAsNewWorkflowExecutionCommand;

  constructor(command: ContinueAsNewWorkflowExecutionCommand) {
    super("Workflow continued as new");
    this.command = command;
  }
}

/**
 * A function that ends this run and begins another under the same workflow id, with the arguments it is called with.
 *
 * What the options leave out is inherited: the memo that this run was started with, the search attributes as they are
 * now, retry policy and timeouts. Calling the function rejects with `ContinueAsNew`, which must not be caught.
 *
 * @example
 * const continueOnFastQueue = makeContinueAsNewFunc<typeof poll>({ taskQueue: "fast" });
 * await continueOnFastQueue(cursor);
 */
export function makeContinueAsNewFunc<F extends (...args: never[]) => Promise<unknown>>(
  options: ContinueAsNewOptions = {},
): (...args: Parameters<F>) => Promise<never> {
  const run = requireActivatingFrame("makeContinueAsNewFunc").workflowRun;
  const { workflowType, taskQueue, ...rest } = options;
  const info = run.info();
  const withDefaults: ContinueAsNewOptions = {
    workflowType: workflowType ?? info.workflowType,
    taskQueue: taskQueue ?? info.taskQueue,
    ...rest,
  };
  return (...args) => {
    requireActivatingFrame("continueAsNew");
    const execute = composeWorkflowInterceptors(run.interceptors.outbound, "continueAsNew", async (input) => {
      throw new ContinueAsNew(buildCommand(run, input));
    });
    return execute({ args, headers: {}, options: withDefaults });
  };
}

/**
 * Ends this run and begins another under the same workflow id. See `makeContinueAsNewFunc` for what is inherited.
 *
 * @example
 * if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof poll>(cursor);
 */
export function continueAsNew<F extends (...args: never[]) => Promise<unknown>>(
  ...args: Parameters<F>
): Promise<never> {
  return makeContinueAsNewFunc<F>()(...args);
}

/** The search attributes that a new execution is given, in either form; undefined for none given. */
export function givenSearchAttributes(options: {
  readonly searchAttributes?: Readonly<Record<string, readonly unknown[]>> | undefined;
  readonly typedSearchAttributes?: readonly SearchAttributePair[] | TypedSearchAttributes | undefined;
}) {
  const { searchAttributes, typedSearchAttributes } = options;
  if (searchAttributes === undefined && typedSearchAttributes === undefined) return undefined;
  return encodeSearchAttributes(typedSearchAttributes, searchAttributes) ?? { indexedFields: {} };
}

/** Told rather than left to the service, which holds the list of this run's patches among them: not the next one's. */
function inheritedSearchAttributes({ attributes, patches }: WorkflowRun): SearchAttributeMap | undefined {
  return attributes.currentSearchAttributes ?? (patches.areListed ? { indexedFields: {} } : undefined);
}

function buildCommand(
  run: WorkflowRun,
  { args, headers, options }: ContinueAsNewInput,
): ContinueAsNewWorkflowExecutionCommand {
  const info = run.info();
  const input = run.toPayloads({ kind: "workflow-input" }, args);
  const header = headersToWire(headers);
  const searchAttributes = givenSearchAttributes(options) ?? inheritedSearchAttributes(run);
  const times = {
    workflowRunTimeoutMs: msOptionalToNumber(options.workflowRunTimeout),
    workflowTaskTimeoutMs: msOptionalToNumber(options.workflowTaskTimeout),
    backoffStartIntervalMs: msOptionalToNumber(options.backoffStartInterval),
  };
  const isMemoGiven = options.memo !== undefined && Object.keys(options.memo).length > 0;
  return {
    commandType: "ContinueAsNewWorkflowExecution",
    workflowType: options.workflowType ?? info.workflowType,
    taskQueue: options.taskQueue ?? info.taskQueue,
    ...(input ? { input } : {}),
    ...(header ? { header } : {}),
    ...(isMemoGiven ? { memo: run.toMemo(options.memo ?? {}) } : {}),
    ...(searchAttributes ? { searchAttributes } : {}),
    ...(options.retry ? { retryPolicy: compileRetryPolicy(options.retry) } : {}),
    ...Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined)),
  };
}
