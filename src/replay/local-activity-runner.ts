/**
 * Where local activities run: the port between replay and the worker.
 *
 * Owns: the shapes. The worker implements it with its activities and real time; tests with time moved by hand.
 * Payloads cross it in clear, because nothing leaves the application: only what becomes of an activity is recorded.
 */
import type { Failure } from "../core/failure.ts";
import type { PayloadMap, Payloads } from "../core/payload.ts";
import type { RetryPolicy } from "../core/retry-policy.ts";

/** One attempt of a local activity. */
export interface LocalActivityTask {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly originalExecutionRunId: string;
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly activityId: string;
  readonly activityType: string;
  /** From 1. */
  readonly attempt: number;
  readonly input?: Payloads;
  readonly header?: PayloadMap;
  /** Epoch milliseconds of the worker's clock, as all times here. */
  readonly scheduledTimeMs: number;
  readonly currentAttemptScheduledTimeMs: number;
  /** Zero for no limit, as the timeout below. */
  readonly scheduleToCloseTimeoutMs: number;
  readonly startToCloseTimeoutMs: number;
  readonly retryPolicy: RetryPolicy;
}

/** How an attempt ended. */
export type LocalActivityOutcome =
  | { readonly kind: "completed"; readonly result?: Payloads }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "canceled"; readonly details?: Payloads };

/** An attempt on its way. */
export interface RunningLocalActivity {
  /** Never rejects. */
  readonly outcome: Promise<LocalActivityOutcome>;
  /** Asks the activity to stop. */
  cancel(reason: "CANCELLED" | "TIMED_OUT"): void;
}

/** Runs local activities, and tells the time that they take. */
export interface LocalActivityRunner {
  isRegistered(activityType: string): boolean;
  start(task: LocalActivityTask): RunningLocalActivity;
  /** The real clock, epoch milliseconds. */
  now(): number;
  /** Calls back once after `delayMs`, unless the function it returns was called before. */
  schedule(callback: () => void, delayMs: number): () => void;
}
