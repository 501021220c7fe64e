/**
 * A failure as data: Temporal's Failure message with durations in milliseconds.
 *
 * Owns: the shape and the few constructors the service needs for failures of its own making (timeouts, termination).
 * What the application reports arrives with message and stack inside `encodedAttributes`; the service never reads it.
 */
import type { Payload, Payloads } from "./payload.ts";

export type TimeoutType = "START_TO_CLOSE" | "SCHEDULE_TO_START" | "SCHEDULE_TO_CLOSE" | "HEARTBEAT";

export type RetryState =
  | "IN_PROGRESS"
  | "NON_RETRYABLE_FAILURE"
  | "TIMEOUT"
  | "MAXIMUM_ATTEMPTS_REACHED"
  | "RETRY_POLICY_NOT_SET"
  | "INTERNAL_SERVER_ERROR"
  | "CANCEL_REQUESTED";

export interface ApplicationFailureInfo {
  readonly type?: string;
  readonly nonRetryable?: boolean;
  readonly details?: Payloads;
  readonly nextRetryDelayMs?: number;
  readonly category?: "BENIGN";
}

export interface ActivityFailureInfo {
  readonly scheduledEventId?: number;
  readonly startedEventId?: number;
  readonly identity?: string;
  readonly activityType: { readonly name: string };
  readonly activityId: string;
  readonly retryState?: RetryState;
}

export interface ChildWorkflowExecutionFailureInfo {
  readonly namespace?: string;
  readonly workflowExecution: { readonly workflowId: string; readonly runId: string };
  readonly workflowType: { readonly name: string };
  readonly initiatedEventId?: number;
  readonly startedEventId?: number;
  readonly retryState?: RetryState;
}

/** At most one of the `…Info` fields is set; it says which class the failure becomes. */
export interface Failure {
  readonly message?: string;
  readonly source?: string;
  readonly stackTrace?: string;
  /** Message and stack trace, encoded. Present unless the application chose to leave them readable. */
  readonly encodedAttributes?: Payload;
  readonly cause?: Failure;
  readonly applicationFailureInfo?: ApplicationFailureInfo;
  readonly timeoutFailureInfo?: { readonly timeoutType: TimeoutType; readonly lastHeartbeatDetails?: Payloads };
  readonly canceledFailureInfo?: { readonly details?: Payloads };
  readonly terminatedFailureInfo?: Readonly<Record<string, never>>;
  readonly resetWorkflowFailureInfo?: Readonly<Record<string, never>>;
  readonly serverFailureInfo?: { readonly nonRetryable?: boolean };
  readonly activityFailureInfo?: ActivityFailureInfo;
  readonly childWorkflowExecutionFailureInfo?: ChildWorkflowExecutionFailureInfo;
}

/** What the service writes into `source` of failures it makes itself. */
export const SERVICE_FAILURE_SOURCE = "HoldfastService";

/** A timeout, as the service reports it. `cause` is the failure of the last attempt, if there was one. */
export function timeoutFailure(
  timeoutType: TimeoutType,
  message: string,
  options: { readonly cause?: Failure | undefined; readonly lastHeartbeatDetails?: Payloads | undefined } = {},
): Failure {
  return {
    message,
    source: SERVICE_FAILURE_SOURCE,
    ...(options.cause ? { cause: options.cause } : {}),
    timeoutFailureInfo: {
      timeoutType,
      ...(options.lastHeartbeatDetails ? { lastHeartbeatDetails: options.lastHeartbeatDetails } : {}),
    },
  };
}
