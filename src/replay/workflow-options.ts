/**
 * Options that are given with a workflow function.
 *
 * Owns: the two functions that attach them, and reading them back. They are kept on the function itself, so that they
 * travel with it through modules and bundles.
 */
import type { ErrorClass } from "./failure-types.ts";

/** How a type of workflow behaves. */
export interface WorkflowDefinitionOptions {
  /** Kept for code that moves over; workers are not versioned. */
  readonly versioningBehavior?: "PINNED" | "AUTO_UPGRADE" | undefined;
  /**
   * Errors of these classes, thrown by the workflow function or by the handler of a signal or update, fail the workflow
   * instead of the workflow task. `Error` stands for anything thrown.
   */
  readonly failureExceptionTypes?: readonly ErrorClass[] | undefined;
}

/** The options, or a function that is called once for each run, before the workflow function. */
export type WorkflowDefinitionOptionsOrGetter = WorkflowDefinitionOptions | (() => WorkflowDefinitionOptions);

/** What `defineWorkflowOptions` attaches. */
export interface WorkflowDefinitionConfig {
  readonly workflowDefinitionOptions?: WorkflowDefinitionOptionsOrGetter | undefined;
}

type WorkflowFunction = (...args: never[]) => Promise<unknown>;

/**
 * Gives options to a workflow function. In a getter, `workflowInfo()` may be asked.
 *
 * @example
 * setWorkflowOptions({ failureExceptionTypes: [InsufficientFundsError] }, transfer);
 */
export function setWorkflowOptions(options: WorkflowDefinitionOptionsOrGetter, workflow: WorkflowFunction): void {
  Object.assign(workflow, { workflowDefinitionOptions: options });
}

/**
 * Gives options to a workflow function; the function comes first.
 *
 * @example
 * defineWorkflowOptions(transfer, { workflowDefinitionOptions: { failureExceptionTypes: [InsufficientFundsError] } });
 */
export function defineWorkflowOptions(workflow: WorkflowFunction, config: WorkflowDefinitionConfig): void {
  Object.assign(workflow, config);
}

/** The options that a workflow function was given. A getter is called. */
export function workflowOptionsOf(workflow: object): WorkflowDefinitionOptions {
  const { workflowDefinitionOptions: options } = workflow as WorkflowDefinitionConfig;
  return (typeof options === "function" ? options() : options) ?? {};
}
