/**
 * Retry policies as users write them, to and from the wire.
 *
 * Owns: the user's type and the checks that can be made before anything is sent. Defaults of absent fields are the
 * service's, see core's retry policy.
 */
import { DEFAULT_INITIAL_INTERVAL_MS, type RetryPolicy as WireRetryPolicy } from "../core/retry-policy.ts";
import { type Duration, msOptionalToNumber } from "./duration.ts";
import { ValueError } from "./errors.ts";

/** When and how often to try again. */
export interface RetryPolicy {
  /** Before the second attempt. Default: 1 second. */
  readonly initialInterval?: Duration | undefined;
  /** Each interval is this many times the one before. At least 1. Default: 2. */
  readonly backoffCoefficient?: number | undefined;
  /** No interval is longer. Default: 100 times the initial interval. */
  readonly maximumInterval?: Duration | undefined;
  /** Attempts in all, the first included. Default: no limit. */
  readonly maximumAttempts?: number | undefined;
  /** `type`s of failures that are not tried again. The class name, for plain errors. */
  readonly nonRetryableErrorTypes?: readonly string[] | undefined;
}

/**
 * The wire form of a policy. Throws `ValueError` for a number out of range, `TypeError` for a malformed duration.
 *
 * @example
 * compileRetryPolicy({ initialInterval: "1 second", maximumAttempts: 5 }); // { initialIntervalMs: 1000, maximumAttempts: 5 }
 */
export function compileRetryPolicy(policy: RetryPolicy): WireRetryPolicy {
  const { backoffCoefficient, nonRetryableErrorTypes } = policy;
  if (backoffCoefficient !== undefined && !(backoffCoefficient >= 1 && Number.isFinite(backoffCoefficient)))
    throw new ValueError("RetryPolicy.backoffCoefficient must be at least 1");
  const initialIntervalMs = positiveMs("initialInterval", policy.initialInterval);
  const maximumIntervalMs = positiveMs("maximumInterval", policy.maximumInterval);
  if (maximumIntervalMs !== undefined && maximumIntervalMs < (initialIntervalMs ?? DEFAULT_INITIAL_INTERVAL_MS))
    throw new ValueError("RetryPolicy.maximumInterval must not be below its initialInterval (1 second if not given)");
  const maximumAttempts = attempts(policy.maximumAttempts);
  return {
    ...(initialIntervalMs === undefined ? {} : { initialIntervalMs }),
    ...(backoffCoefficient === undefined ? {} : { backoffCoefficient }),
    ...(maximumIntervalMs === undefined ? {} : { maximumIntervalMs }),
    ...(maximumAttempts === undefined ? {} : { maximumAttempts }),
    ...(nonRetryableErrorTypes === undefined ? {} : { nonRetryableErrorTypes: [...nonRetryableErrorTypes] }),
  };
}

/**
 * The user's form of a policy from the wire; intervals in milliseconds. Undefined for an absent policy.
 *
 * @example
 * decompileRetryPolicy({ initialIntervalMs: 1000, maximumAttempts: 5 })?.initialInterval; // 1000
 */
export function decompileRetryPolicy(policy: WireRetryPolicy | null | undefined): RetryPolicy | undefined {
  if (policy === undefined || policy === null) return undefined;
  return {
    initialInterval: policy.initialIntervalMs,
    backoffCoefficient: policy.backoffCoefficient,
    maximumInterval: policy.maximumIntervalMs,
    // Zero means "no limit" on the wire; users leave the field out.
    maximumAttempts: policy.maximumAttempts === 0 ? undefined : policy.maximumAttempts,
    nonRetryableErrorTypes: policy.nonRetryableErrorTypes,
  };
}

function positiveMs(field: string, duration: Duration | undefined): number | undefined {
  const milliseconds = msOptionalToNumber(duration);
  if (milliseconds !== undefined && milliseconds <= 0) throw new ValueError(`RetryPolicy.${field} must be above zero`);
  return milliseconds;
}

function attempts(maximumAttempts: number | undefined): number | undefined {
  if (maximumAttempts === undefined || maximumAttempts === Number.POSITIVE_INFINITY) return undefined;
  if (!Number.isInteger(maximumAttempts) || maximumAttempts <= 0)
    throw new ValueError("RetryPolicy.maximumAttempts must be a whole number above zero; leave it out for no limit");
  return maximumAttempts;
}
