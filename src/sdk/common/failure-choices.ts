/**
 * The choices inside failures, as objects to compare with: `err.timeoutType === TimeoutType.HEARTBEAT`.
 *
 * Owns: Temporal's names for them. The wire types are core's, and these must list exactly those.
 */
import { ApplicationFailureCategory } from "../../codec/index.ts";
import type { RetryState as RetryStateName, TimeoutType as TimeoutTypeName } from "../../core/failure.ts";
import { choiceReader, choices } from "./spellings.ts";

/** Which deadline passed. */
export const TimeoutType = choices("TIMEOUT_TYPE", [
  "START_TO_CLOSE",
  "SCHEDULE_TO_START",
  "SCHEDULE_TO_CLOSE",
  "HEARTBEAT",
]);
export type TimeoutType = TimeoutTypeName;

/** Why there was no further attempt. */
export const RetryState = choices("RETRY_STATE", [
  "IN_PROGRESS",
  "NON_RETRYABLE_FAILURE",
  "TIMEOUT",
  "MAXIMUM_ATTEMPTS_REACHED",
  "RETRY_POLICY_NOT_SET",
  "INTERNAL_SERVER_ERROR",
  "CANCEL_REQUESTED",
]);
export type RetryState = RetryStateName;

/**
 * Either spelling of a timeout type as the short one. Throws `ValueError` for an unknown one.
 *
 * @example
 * decodeTimeoutType("TIMEOUT_TYPE_HEARTBEAT"); // "HEARTBEAT"
 */
export const decodeTimeoutType = choiceReader<TimeoutType>("timeoutType", TimeoutType);

/**
 * Either spelling of a retry state as the short one. Throws `ValueError` for an unknown one.
 *
 * @example
 * decodeRetryState("RETRY_STATE_TIMEOUT"); // "TIMEOUT"
 */
export const decodeRetryState = choiceReader<RetryState>("retryState", RetryState);

/**
 * A failure category, checked. Throws `ValueError` for an unknown one.
 *
 * @example
 * decodeApplicationFailureCategory("BENIGN"); // "BENIGN"
 */
export const decodeApplicationFailureCategory = choiceReader<ApplicationFailureCategory>(
  "category",
  choices("APPLICATION_ERROR_CATEGORY", [ApplicationFailureCategory.BENIGN]),
);
