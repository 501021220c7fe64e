/**
 * Errors about executions that both clients and workers know.
 *
 * Owns: Temporal's names for them. Rejections of the service become these at the client's edge.
 */
import { identifyClass } from "../../codec/index.ts";

export { WorkflowExecutionAlreadyStartedError } from "../../codec/index.ts";

/** The service knows no namespace of this name. */
export class NamespaceNotFoundError extends Error {
  static {
    identifyClass(this, "NamespaceNotFoundError");
  }

  readonly namespace: string;

  constructor(namespace: string) {
    super(`Namespace not found: '${namespace}'`);
    this.namespace = namespace;
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
