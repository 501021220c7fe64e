/**
 * Errors about executions that both clients and workers know.
 *
 * Owns: Temporal's names for them. Rejections of the service become these at the client's edge.
 */
import { HoldfastFailure, identifyClass } from "../../codec/index.ts";

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

/** There is no such workflow, or it has ended and cannot do what was asked. */
export class WorkflowNotFoundError extends Error {
  static {
    identifyClass(this, "WorkflowNotFoundError");
  }

  readonly workflowId: string;
  readonly runId: string | undefined;

  constructor(message: string, workflowId: string, runId: string | undefined) {
    super(message);
    this.workflowId = workflowId;
    this.runId = runId;
  }
}

/** Thrown by an activity that will be completed later, by its task token. */
export class CompleteAsyncError extends Error {
  static {
    identifyClass(this, "CompleteAsyncError");
  }
}
