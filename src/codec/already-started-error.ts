/**
 * The refusal of a start, as workflows and clients catch it.
 *
 * Owns: the class with Temporal's name.
 */
import { identifyClass } from "./error-identity.ts";
import { HoldfastFailure } from "./failures.ts";

/** A start was refused because the workflow id is taken. */
export class WorkflowExecutionAlreadyStartedError extends HoldfastFailure {
  static {
    identifyClass(this, "WorkflowExecutionAlreadyStartedError");
  }

  readonly workflowId: string;
  readonly workflowType: string;

  constructor(message: string, workflowId: string, workflowType: string) {
    super(message);
    this.workflowId = workflowId;
    this.workflowType = workflowType;
  }
}
