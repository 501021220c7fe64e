/**
 * Child workflows, with the types of the workflow functions behind them.
 *
 * Owns: the types that carry a child's arguments and result over. `src/replay/start-child.ts` starts children.
 */
import type { ChildWorkflowOptions } from "../../replay/operation-options.ts";
import {
  executeChildWorkflow,
  startChildWorkflow,
  type StartedChild,
  type WorkflowName,
} from "../../replay/start-child.ts";
import type {
  BaseWorkflowHandle,
  WithWorkflowArgs,
  Workflow,
  WorkflowResultType,
  WorkflowReturnType,
} from "../common/workflow-types.ts";
import { withShortSpellings } from "./child-choices.ts";

/** A child that has started. It is cancelled with the scope it was started in. */
export interface ChildWorkflowHandle<T extends Workflow> extends BaseWorkflowHandle<T> {
  /** The run that the child started with. */
  readonly firstExecutionRunId: string;
}

/** The options of a child whose workflow is known. */
type OptionsFor<T extends Workflow> = WithWorkflowArgs<T, Omit<ChildWorkflowOptions, "args">>;

/** Options that say nothing sensible reject what the call returns, as any other failure to start does. */
function withCheckedOptions<R>(
  options: ChildWorkflowOptions | undefined,
  start: (checked: ChildWorkflowOptions) => Promise<R>,
): Promise<R> {
  let checked: ChildWorkflowOptions;
  try {
    checked = withShortSpellings(options ?? {});
  } catch (error) {
    return Promise.reject(error);
  }
  return start(checked);
}

export function startChild<T extends Workflow>(
  workflow: string | T,
  options: OptionsFor<T>,
): Promise<ChildWorkflowHandle<T>>;
export function startChild<T extends () => WorkflowReturnType>(workflow: string | T): Promise<ChildWorkflowHandle<T>>;
export function startChild(workflow: string, options?: ChildWorkflowOptions): Promise<ChildWorkflowHandle<Workflow>>;
/**
 * Starts a workflow as a child of this one; resolves when it has started. Its result is waited for on the handle.
 *
 * Rejects with `WorkflowExecutionAlreadyStartedError` if the id is taken, with `ChildWorkflowFailure` if the scope is
 * cancelled before the child starts, and with `ValueError` for options that make no sense.
 *
 * @example
 * const child = await startChild(shipOrder, { args: [orderId], parentClosePolicy: "ABANDON" });
 * await child.signal("hurry");
 */
export function startChild(workflow: WorkflowName, options?: ChildWorkflowOptions): Promise<StartedChild> {
  return withCheckedOptions(options, (checked) => startChildWorkflow(workflow, checked));
}

export function executeChild<T extends Workflow>(
  workflow: string | T,
  options: OptionsFor<T>,
): Promise<WorkflowResultType<T>>;
export function executeChild<T extends () => WorkflowReturnType>(workflow: string | T): Promise<WorkflowResultType<T>>;
export function executeChild(workflow: string, options?: ChildWorkflowOptions): Promise<unknown>;
/**
 * Starts a workflow as a child of this one and waits for its result.
 *
 * Rejects as `startChild` does, and with `ChildWorkflowFailure` when the child does not complete.
 *
 * @example
 * const receipt = await executeChild(charge, { args: [orderId, 100], workflowId: `charge-${orderId}` });
 */
export function executeChild(workflow: WorkflowName, options?: ChildWorkflowOptions): Promise<unknown> {
  return withCheckedOptions(options, (checked) => executeChildWorkflow(workflow, checked));
}
