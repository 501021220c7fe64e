/**
 * Errors to failures: each class and each of its fields.
 *
 * Owns: the mapping outward. `error-from-failure.ts` is its inverse; a property test holds the two together.
 */
import type { Failure } from "../core/failure.ts";
import { msOptionalToNumber } from "./duration.ts";
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  FAILURE_SOURCE,
  HoldfastFailure,
  ServerFailure,
  TerminatedFailure,
  TimeoutFailure,
} from "./failures.ts";
import type { PayloadConverter } from "./payload-converter.ts";
import { cutoffStackTrace } from "./stack-trace.ts";
import { type ThrownDescription, describeThrown } from "./thrown-value.ts";
import { toWirePayload, toWirePayloads } from "./wire-payload.ts";

/** What a failure's message reads when the real one is in `encodedAttributes`. */
export const ENCODED_FAILURE_MESSAGE = "Encoded failure";

/** The content of `encodedAttributes`, with Temporal's names so that its tools can show it. */
export interface DefaultEncodedFailureAttributes {
  readonly message: string;
  readonly stack_trace: string;
}

/** The parts of a failure that only one class has. */
type SpecificAttributes = Omit<Failure, "message" | "source" | "stackTrace" | "encodedAttributes" | "cause">;

/** A failure for anything thrown; its causes likewise. */
export function failureFromError(
  error: unknown,
  converter: PayloadConverter,
  encodeCommonAttributes: boolean,
): Failure {
  return convert(error, converter, encodeCommonAttributes, new Set());
}

/** `outer` holds the errors this one is a cause of: plain errors can be made their own cause, failures cannot. */
function convert(error: unknown, converter: PayloadConverter, encode: boolean, outer: Set<unknown>): Failure {
  if (error instanceof HoldfastFailure && error.failure) return error.failure;
  outer.add(error);
  const described = describeThrown(error);
  const cause = outer.has(described.cause) ? undefined : described.cause;
  return {
    ...commonAttributes(described, converter, encode),
    ...(cause ? { cause: convert(cause, converter, encode, outer) } : {}),
    ...(error instanceof HoldfastFailure ? specificAttributes(error, converter) : {}),
  };
}

function commonAttributes(described: ThrownDescription, converter: PayloadConverter, encode: boolean): Failure {
  const { message } = described;
  const stackTrace = cutoffStackTrace(described.stack);
  if (!encode) return { message, source: FAILURE_SOURCE, stackTrace };
  const attributes: DefaultEncodedFailureAttributes = { message, stack_trace: stackTrace };
  return {
    message: ENCODED_FAILURE_MESSAGE,
    source: FAILURE_SOURCE,
    stackTrace: "",
    encodedAttributes: toWirePayload(converter, attributes),
  };
}

function specificAttributes(error: HoldfastFailure, converter: PayloadConverter): SpecificAttributes {
  if (error instanceof ApplicationFailure) return applicationAttributes(error, converter);
  if (error instanceof ActivityFailure) return activityAttributes(error);
  if (error instanceof ChildWorkflowFailure) return childWorkflowAttributes(error);
  if (error instanceof CancelledFailure) {
    const details = toWirePayloads(converter, error.details);
    return { canceledFailureInfo: details ? { details } : {} };
  }
  if (error instanceof TimeoutFailure) return timeoutAttributes(error, converter);
  if (error instanceof TerminatedFailure) return { terminatedFailureInfo: {} };
  if (error instanceof ServerFailure) return { serverFailureInfo: { nonRetryable: error.nonRetryable } };
  return {};
}

function applicationAttributes(error: ApplicationFailure, converter: PayloadConverter): SpecificAttributes {
  const details = toWirePayloads(converter, error.details ?? []);
  const nextRetryDelayMs = msOptionalToNumber(error.nextRetryDelay);
  return {
    applicationFailureInfo: {
      ...(error.type === undefined ? {} : { type: error.type }),
      nonRetryable: error.nonRetryable,
      ...(details ? { details } : {}),
      ...(nextRetryDelayMs === undefined ? {} : { nextRetryDelayMs }),
      ...(error.category === undefined ? {} : { category: error.category }),
    },
  };
}

function timeoutAttributes(error: TimeoutFailure, converter: PayloadConverter): SpecificAttributes {
  const hasDetails = error.lastHeartbeatDetails !== undefined;
  const lastHeartbeatDetails = toWirePayloads(converter, hasDetails ? [error.lastHeartbeatDetails] : []);
  return {
    timeoutFailureInfo: {
      timeoutType: error.timeoutType,
      ...(lastHeartbeatDetails ? { lastHeartbeatDetails } : {}),
    },
  };
}

function activityAttributes(error: ActivityFailure): SpecificAttributes {
  return {
    activityFailureInfo: {
      activityType: { name: error.activityType },
      activityId: error.activityId ?? "",
      ...(error.retryState === undefined ? {} : { retryState: error.retryState }),
      ...(error.identity === undefined ? {} : { identity: error.identity }),
    },
  };
}

function childWorkflowAttributes(error: ChildWorkflowFailure): SpecificAttributes {
  return {
    childWorkflowExecutionFailureInfo: {
      ...(error.namespace === undefined ? {} : { namespace: error.namespace }),
      workflowExecution: { workflowId: error.execution.workflowId ?? "", runId: error.execution.runId ?? "" },
      workflowType: { name: error.workflowType },
      ...(error.retryState === undefined ? {} : { retryState: error.retryState }),
    },
  };
}
