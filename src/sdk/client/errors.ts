/**
 * The errors of the client, with Temporal's names and fields.
 *
 * Owns: the classes that no other side knows; the rest are in `../common`. Which rejection or outcome becomes which is decided in `rejection-errors.ts` and
 * `workflow-outcome.ts`. `instanceof` goes by a mark on the class, so it holds across copies of this module.
 */
import { identifyClass } from "../../codec/index.ts";
import type { RetryState } from "../../core/failure.ts";
import type { WorkflowExecutionStatus } from "../../core/protocol.ts";
import type { RejectionCode } from "../../core/rejection.ts";

export { PayloadTooLargeError } from "../../codec/index.ts";

/** The workflow ended otherwise than with a result. `cause` says how. */
export class WorkflowFailedError extends Error {
  static {
    identifyClass(this, "WorkflowFailedError");
  }

  declare readonly cause: Error;
  readonly retryState: RetryState;

  constructor(message: string, cause: Error, retryState: RetryState) {
    super(message, { cause });
    this.retryState = retryState;
  }
}

/** The run continued as new, and the caller asked for the result of this run only. */
export class WorkflowContinuedAsNewError extends Error {
  static {
    identifyClass(this, "WorkflowContinuedAsNewError");
  }

  /** The run that went on. */
  readonly newExecutionRunId: string;

  constructor(message: string, newExecutionRunId: string) {
    super(message);
    this.newExecutionRunId = newExecutionRunId;
  }
}

/** The update was rejected by its validator, or its handler failed. `cause` says how. */
export class WorkflowUpdateFailedError extends Error {
  static {
    identifyClass(this, "WorkflowUpdateFailedError");
  }

  declare readonly cause: Error;

  constructor(message: string, cause: Error) {
    super(message, { cause });
  }
}

/** The workflow has no handler for this query; the message lists those it has. */
export class QueryNotRegisteredError extends Error {
  static {
    identifyClass(this, "QueryNotRegisteredError");
  }
}

/** The query was not asked: the workflow is in a status that its reject condition names, or is paused. */
export class QueryRejectedError extends Error {
  static {
    identifyClass(this, "QueryRejectedError");
  }

  readonly status: WorkflowExecutionStatus | "PAUSED";

  constructor(status: WorkflowExecutionStatus | "PAUSED") {
    super("Query rejected");
    this.status = status;
  }
}

/** The query handler threw; `cause` is what it threw. */
export class WorkflowQueryFailedError extends Error {
  static {
    identifyClass(this, "WorkflowQueryFailedError");
  }

  declare readonly cause: Error;

  constructor(cause: Error) {
    super("Workflow Query failed", { cause });
  }
}

/**
 * The service could not be reached or could not do what was asked. With a `code` the service said so itself and
 * nothing has changed; without one no answer came, and the request may or may not have been carried out.
 */
export class ServiceError extends Error {
  static {
    identifyClass(this, "ServiceError");
  }

  readonly code: RejectionCode | undefined;

  constructor(message: string, options: { readonly code?: RejectionCode; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
  }
}

/**
 * No answer came about an update, which may well go on: ask again with the same update id. A `ServiceError`, so that
 * who catches those for all calls catches this one too.
 */
export class WorkflowUpdateRPCTimeoutOrCancelledError extends ServiceError {
  static {
    identifyClass(this, "WorkflowUpdateRPCTimeoutOrCancelledError");
  }
}
