/**
 * Failures to errors: the class that the failure's info names, with each of its fields.
 *
 * Owns: the mapping inward. Payloads are expected in clear. The failure stays on the error, so that rethrowing the
 * error elsewhere gives the same data back.
 */
import type { Failure } from "../core/failure.ts";
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  HoldfastFailure,
  ServerFailure,
  TerminatedFailure,
  TimeoutFailure,
} from "./failures.ts";
import type { PayloadConverter } from "./payload-converter.ts";
import { cutoffStackTrace } from "./stack-trace.ts";
import { fromWirePayload, fromWirePayloads } from "./wire-payload.ts";

/** The error of a failure; its causes likewise. */
export function errorFromFailure(failure: Failure, converter: PayloadConverter): HoldfastFailure {
  const { message, stackTrace } = readCommonAttributes(failure, converter);
  const cause = failure.cause === undefined ? undefined : errorFromFailure(failure.cause, converter);
  const error = makeError(failure, message, cause, converter);
  error.stack = cutoffStackTrace(stackTrace);
  error.failure = failure;
  return error;
}

interface CommonAttributes {
  readonly message: string | undefined;
  readonly stackTrace: string | undefined;
}

function readCommonAttributes(failure: Failure, converter: PayloadConverter): CommonAttributes {
  const { message, stackTrace } = failure;
  if (failure.encodedAttributes === undefined) return { message, stackTrace };
  const attributes = fromWirePayload(converter, failure.encodedAttributes);
  // Another SDK or converter may have put anything there; what is not understood leaves the plain fields in place.
  if (typeof attributes !== "object" || attributes === null) return { message, stackTrace };
  const encoded = attributes as { readonly message?: unknown; readonly stack_trace?: unknown };
  return {
    message: typeof encoded.message === "string" ? encoded.message : message,
    stackTrace: typeof encoded.stack_trace === "string" ? encoded.stack_trace : stackTrace,
  };
}

function makeError(
  failure: Failure,
  message: string | undefined,
  cause: HoldfastFailure | undefined,
  converter: PayloadConverter,
): HoldfastFailure {
  if (failure.applicationFailureInfo) {
    const { type, nonRetryable, details, nextRetryDelayMs, category } = failure.applicationFailureInfo;
    const values = fromWirePayloads(converter, details);
    // A type that was not given arrives as an empty one, as it does from Temporal's protocol.
    return new ApplicationFailure(message, type ?? "", nonRetryable, values, cause, nextRetryDelayMs, category);
  }
  if (failure.serverFailureInfo) {
    return new ServerFailure(message, failure.serverFailureInfo.nonRetryable ?? false, cause);
  }
  if (failure.timeoutFailureInfo) {
    const { timeoutType, lastHeartbeatDetails } = failure.timeoutFailureInfo;
    return new TimeoutFailure(message, fromWirePayloads(converter, lastHeartbeatDetails)[0], timeoutType, cause);
  }
  if (failure.terminatedFailureInfo) return new TerminatedFailure(message, cause);
  if (failure.canceledFailureInfo) {
    return new CancelledFailure(message, fromWirePayloads(converter, failure.canceledFailureInfo.details), cause);
  }
  if (failure.childWorkflowExecutionFailureInfo) {
    const { namespace, workflowExecution, workflowType, retryState } = failure.childWorkflowExecutionFailureInfo;
    return new ChildWorkflowFailure(namespace, workflowExecution, workflowType.name, retryState, cause);
  }
  if (failure.activityFailureInfo) {
    const { activityType, activityId, retryState, identity } = failure.activityFailureInfo;
    return new ActivityFailure(message, activityType.name, activityId, retryState, identity, cause);
  }
  return new HoldfastFailure(message, cause);
}
