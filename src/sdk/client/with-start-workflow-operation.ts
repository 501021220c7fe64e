/**
 * The start that goes with an update.
 *
 * Owns: the operation object, which is used once, and its promise of a handle.
 */
import { IllegalStateError, ValueError } from "../../codec/index.ts";
import type { Workflow, WorkflowIdConflictPolicy } from "../common/index.ts";
import type { WorkflowHandle } from "./workflow-handle.ts";
import type { WorkflowStartOptions } from "./workflow-options.ts";

/** The options of a start that goes with an update: they must say what happens when the workflow is running. */
export type WithStartWorkflowOptions<T extends Workflow> = WorkflowStartOptions<T> & {
  readonly workflowIdConflictPolicy: WorkflowIdConflictPolicy;
};

/** Where the client reports what became of the start. */
export interface StartReport<T extends Workflow> {
  readonly started: (handle: WorkflowHandle<T>) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * How to start the workflow of `startUpdateWithStart` and `executeUpdateWithStart`. Used once.
 *
 * @example
 * const start = new WithStartWorkflowOperation(cart, {
 *   workflowId: "cart-1",
 *   workflowIdConflictPolicy: "USE_EXISTING",
 * });
 * const total = await client.workflow.executeUpdateWithStart(addItem, { startWorkflowOperation: start, args: ["book"] });
 * const handle = await start.workflowHandle();
 */
export class WithStartWorkflowOperation<T extends Workflow> {
  readonly workflowTypeOrFunc: string | T;
  readonly options: WithStartWorkflowOptions<T>;
  readonly #handle = Promise.withResolvers<WorkflowHandle<T>>();
  #isUsed = false;

  constructor(workflowTypeOrFunc: string | T, options: WithStartWorkflowOptions<T>) {
    this.workflowTypeOrFunc = workflowTypeOrFunc;
    this.options = options;
    // Who does not ask for the handle hears of a failed start from the update itself.
    this.#handle.promise.catch(() => undefined);
  }

  /** A handle of the workflow, once it is known to run. Rejects when the start was refused. */
  async workflowHandle(): Promise<WorkflowHandle<T>> {
    return await this.#handle.promise;
  }

  /**
   * For the client: takes the operation, which cannot be taken twice.
   *
   * Throws `IllegalStateError` the second time, `ValueError` when the options name no conflict policy.
   */
  static take<T extends Workflow>(operation: WithStartWorkflowOperation<T>): StartReport<T> {
    if (operation.#isUsed)
      throw new IllegalStateError("This WithStartWorkflowOperation instance has already been executed.");
    // Callers without types may have left it out.
    if (!(operation.options as { readonly workflowIdConflictPolicy?: string }).workflowIdConflictPolicy)
      throw new ValueError("An update with start needs options with a workflowIdConflictPolicy");
    operation.#isUsed = true;
    return { started: operation.#handle.resolve, failed: operation.#handle.reject };
  }
}
