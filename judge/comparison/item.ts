/**
 * One thing that a workflow asked for, as either side has it.
 *
 * Owns: the shape that commands and events are brought into, and the retry policy's defaults.
 */
import { durationMs, plain, type Plain } from "./plain.ts";

export interface Item {
  /** What it is, such as "activity 3": the same on both sides. Several may share a key; their order tells them apart. */
  readonly key: string;
  /** Compared as they are, absent ones included. */
  readonly exact: Readonly<Record<string, Plain | undefined>>;
  /** Durations in milliseconds that the service fills in where absent, and caps. */
  readonly timeouts?: Readonly<Record<string, number | undefined>>;
  /** May have no counterpart: why. */
  readonly optional?: string;
}

interface RetryPolicyLike {
  readonly initialInterval?: object | null;
  readonly backoffCoefficient?: number | null;
  readonly maximumInterval?: object | null;
  readonly maximumAttempts?: number | null;
  readonly nonRetryableErrorTypes?: readonly string[] | null;
}

const DEFAULT_INITIAL_INTERVAL_MS = 1_000;
const DEFAULT_MAXIMUM_FACTOR = 100;

/** A policy with the service's defaults filled in. */
export function plainRetryPolicy(policy: RetryPolicyLike | null | undefined): Plain {
  const initialMs = durationMs(policy?.initialInterval) || DEFAULT_INITIAL_INTERVAL_MS;
  return {
    initialMs,
    coefficient: policy?.backoffCoefficient || 2,
    maximumMs: durationMs(policy?.maximumInterval) || initialMs * DEFAULT_MAXIMUM_FACTOR,
    attempts: policy?.maximumAttempts ?? 0,
    types: [...(policy?.nonRetryableErrorTypes ?? [])],
  };
}

/** A policy where none means no retries. */
export function plainOptionalRetryPolicy(policy: RetryPolicyLike | null | undefined): Plain | undefined {
  return plain(policy) === undefined ? undefined : plainRetryPolicy(policy);
}

/** The queue's name, or nothing when it is the workflow's own, whose name differs between the two sides. */
export function foreignQueue(name: string | null | undefined, own: string): Plain | undefined {
  return name === own ? undefined : plain(name);
}
