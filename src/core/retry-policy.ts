/**
 * Retry arithmetic, to the letter of Temporal's server: no jitter, sub-second precision kept.
 *
 * Owns: defaults, validation of a policy that arrives, and the decision whether and when to try again.
 * Knows nothing of activities or workflows; both hand it an attempt and a failure.
 */
import { MAX_ERROR_TYPES_CHARACTERS } from "./limits.ts";
import { characters } from "./text-size.ts";
import type { Failure, RetryState } from "./failure.ts";

/** A policy on the wire. Absent fields take the defaults below; `maximumAttempts` 0 means no limit. */
export interface RetryPolicy {
  readonly initialIntervalMs?: number;
  readonly backoffCoefficient?: number;
  readonly maximumIntervalMs?: number;
  readonly maximumAttempts?: number;
  readonly nonRetryableErrorTypes?: readonly string[];
}

export interface CompleteRetryPolicy {
  readonly initialIntervalMs: number;
  readonly backoffCoefficient: number;
  readonly maximumIntervalMs: number;
  readonly maximumAttempts: number;
  readonly nonRetryableErrorTypes: readonly string[];
}

export const DEFAULT_INITIAL_INTERVAL_MS = 1_000;
export const DEFAULT_BACKOFF_COEFFICIENT = 2;
export const DEFAULT_MAXIMUM_INTERVAL_FACTOR = 100;

/** Fills the fields a policy leaves out. */
export function completeRetryPolicy(policy: RetryPolicy = {}): CompleteRetryPolicy {
  const initialIntervalMs = policy.initialIntervalMs ?? DEFAULT_INITIAL_INTERVAL_MS;
  return {
    initialIntervalMs,
    backoffCoefficient: policy.backoffCoefficient ?? DEFAULT_BACKOFF_COEFFICIENT,
    maximumIntervalMs: policy.maximumIntervalMs ?? initialIntervalMs * DEFAULT_MAXIMUM_INTERVAL_FACTOR,
    maximumAttempts: policy.maximumAttempts ?? 0,
    nonRetryableErrorTypes: policy.nonRetryableErrorTypes ?? [],
  };
}

/** What is wrong with a policy, or undefined when nothing is. */
export function retryPolicyProblem(policy: RetryPolicy): string | undefined {
  const complete = completeRetryPolicy(policy);
  const numbers = [complete.initialIntervalMs, complete.backoffCoefficient, complete.maximumIntervalMs];
  if (!numbers.every(Number.isFinite)) return "retry policy: intervals and backoffCoefficient must be finite numbers";
  if (!(complete.initialIntervalMs > 0)) return "retry policy: initialInterval must be above zero";
  if (!(complete.backoffCoefficient >= 1)) return "retry policy: backoffCoefficient must be at least 1";
  if (complete.maximumIntervalMs < complete.initialIntervalMs)
    return "retry policy: maximumInterval must not be below initialInterval";
  if (!Number.isInteger(complete.maximumAttempts) || complete.maximumAttempts < 0)
    return "retry policy: maximumAttempts must be a whole number, zero for no limit";
  if (characters(complete.nonRetryableErrorTypes) > MAX_ERROR_TYPES_CHARACTERS)
    return `retry policy: nonRetryableErrorTypes must be at most ${MAX_ERROR_TYPES_CHARACTERS} characters together`;
  return undefined;
}

/** Milliseconds to wait after attempt `attempt` (from 1) failed. */
export function retryIntervalMs(policy: CompleteRetryPolicy, attempt: number): number {
  // The power overflows to Infinity for large attempts; the cap makes it finite again.
  return Math.min(policy.maximumIntervalMs, policy.initialIntervalMs * policy.backoffCoefficient ** (attempt - 1));
}

export type RetryDecision =
  | { readonly kind: "retry"; readonly delayMs: number }
  | { readonly kind: "stop"; readonly retryState: RetryState };

/** The name under which a timeout may be listed in `nonRetryableErrorTypes`. */
const TIMEOUT_TYPE_NAMES = { START_TO_CLOSE: "TemporalTimeout:StartToClose", HEARTBEAT: "TemporalTimeout:Heartbeat" };

function isRetryable(failure: Failure, nonRetryableErrorTypes: readonly string[]): boolean {
  if (failure.canceledFailureInfo || failure.terminatedFailureInfo) return false;
  if (failure.timeoutFailureInfo) {
    const { timeoutType } = failure.timeoutFailureInfo;
    if (timeoutType !== "START_TO_CLOSE" && timeoutType !== "HEARTBEAT") return false;
    return !nonRetryableErrorTypes.includes(TIMEOUT_TYPE_NAMES[timeoutType]);
  }
  if (failure.serverFailureInfo) return failure.serverFailureInfo.nonRetryable !== true;
  if (failure.applicationFailureInfo) {
    const { nonRetryable, type } = failure.applicationFailureInfo;
    return nonRetryable !== true && !(type !== undefined && nonRetryableErrorTypes.includes(type));
  }
  return true;
}

/** Whether to try again, in the server's order of questions (reference: retries). */
export function decideRetry(input: {
  readonly policy: RetryPolicy | undefined;
  readonly attempt: number;
  readonly failure: Failure;
  readonly cancelRequested: boolean;
  readonly nowMs: number;
  /** Absolute end of all attempts; undefined for none. */
  readonly expirationTimeMs: number | undefined;
}): RetryDecision {
  if (!input.policy) return { kind: "stop", retryState: "RETRY_POLICY_NOT_SET" };
  if (input.cancelRequested) return { kind: "stop", retryState: "CANCEL_REQUESTED" };
  const policy = completeRetryPolicy(input.policy);
  if (!isRetryable(input.failure, policy.nonRetryableErrorTypes))
    return { kind: "stop", retryState: "NON_RETRYABLE_FAILURE" };
  if (policy.maximumAttempts > 0 && input.attempt >= policy.maximumAttempts)
    return { kind: "stop", retryState: "MAXIMUM_ATTEMPTS_REACHED" };
  const delayMs = input.failure.applicationFailureInfo?.nextRetryDelayMs ?? retryIntervalMs(policy, input.attempt);
  if (input.expirationTimeMs !== undefined && input.nowMs + delayMs > input.expirationTimeMs)
    return { kind: "stop", retryState: "TIMEOUT" };
  return { kind: "retry", delayMs };
}
