/**
 * The errors of batch operations, and which rejection becomes which.
 *
 * Owns: the classes that only batch operations throw. The rest are those of every call.
 */
import { identifyClass } from "../../codec/index.ts";
import type { Reply } from "../../core/rejection.ts";
import { rejectionError } from "./rejection-errors.ts";

/** No batch operation has this job id, or it ended so long ago that it was deleted. */
export class BatchOperationNotFoundError extends Error {
  static {
    identifyClass(this, "BatchOperationNotFoundError");
  }

  readonly jobId: string;

  constructor(message: string, jobId: string) {
    super(message);
    this.jobId = jobId;
  }
}

/** The job id belongs to another batch operation, or to this one with another list. */
export class BatchOperationAlreadyStartedError extends Error {
  static {
    identifyClass(this, "BatchOperationAlreadyStartedError");
  }

  readonly jobId: string;

  constructor(message: string, jobId: string) {
    super(message);
    this.jobId = jobId;
  }
}

/** The value of a reply about a job. Throws the error of a rejection. */
export function batchValueOf<T>(reply: Reply<T>, jobId: string): T {
  if (reply.ok) return reply.value;
  const { code, message } = reply.rejection;
  if (code === "BatchOperationNotFound") throw new BatchOperationNotFoundError(message, jobId);
  if (code === "BatchOperationAlreadyStarted") throw new BatchOperationAlreadyStartedError(message, jobId);
  throw rejectionError(reply.rejection, { workflowId: jobId });
}
