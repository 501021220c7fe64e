/**
 * Rejections as errors: each code of the service, and the class a caller catches.
 *
 * Owns: the mapping. What a query handler threw is decoded before it comes here, see `workflow-handle.ts`.
 */
import { ValueError } from "../../codec/index.ts";
import type { Rejection, Reply } from "../../core/rejection.ts";
import {
  NamespaceNotFoundError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from "../common/index.ts";
import { PayloadTooLargeError, QueryNotRegisteredError, QueryRejectedError, ServiceError } from "./errors.ts";

/** What was asked, as far as errors name it. */
export interface AskedWorkflow {
  readonly workflowId: string;
  readonly runId?: string | undefined;
  readonly workflowType?: string | undefined;
}

/** The value of a reply. Throws the error of a rejection. */
export function valueOf<T>(reply: Reply<T>, asked: AskedWorkflow): T {
  if (reply.ok) return reply.value;
  throw rejectionError(reply.rejection, asked);
}

/** The error that stands for a rejection. */
export function rejectionError(rejection: Rejection, asked: AskedWorkflow): Error {
  const { code, message } = rejection;
  switch (code) {
    case "NamespaceNotFound":
      return new NamespaceNotFoundError(rejection.namespace ?? "");
    case "WorkflowNotFound":
    case "UpdateNotFound":
      return new WorkflowNotFoundError(message, asked.workflowId, asked.runId);
    case "WorkflowAlreadyCompleted":
    // Nobody accepted the update before its workflow ended; as if it had come after.
    case "UpdateAborted":
      return new WorkflowNotFoundError("workflow execution already completed", asked.workflowId, asked.runId);
    case "WorkflowAlreadyStarted":
      return new WorkflowExecutionAlreadyStartedError(
        "Workflow execution already started",
        asked.workflowId,
        asked.workflowType ?? "",
      );
    case "InvalidArgument":
      return new ValueError(message);
    case "PayloadTooLarge":
      return new PayloadTooLargeError(message);
    case "QueryNotRegistered":
      return new QueryNotRegisteredError(message);
    case "QueryRejected":
      return new QueryRejectedError(rejection.status as QueryRejectedError["status"]);
    case "FailedPrecondition":
    case "QueryFailed":
    case "ActivityNotFound":
    case "ResourceExhausted":
    case "WorkflowWorkerUnavailable":
    case "ProtocolVersionUnsupported":
    // Callers of batch operations give these names: see `batch-errors.ts`.
    case "BatchOperationNotFound":
    case "BatchOperationAlreadyStarted":
      return new ServiceError(message, { code });
    default:
      return unknownRejection(code, message);
  }
}

/** A newer service may know codes that this client does not. */
function unknownRejection(code: never, message: string): ServiceError {
  return new ServiceError(`${String(code)}: ${message}`);
}
