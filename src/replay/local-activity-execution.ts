/**
 * One local activity while it runs: its attempts, the waits between them, its timeouts and its cancellation.
 *
 * Owns: when it has ended, and how. All of it is memory: a lost session runs the activity again from its first attempt.
 *
 *   start ──▶ attempt ──completed, cancelled──▶ ended
 *               │  ▲
 *         failed│  │interval over                (an interval above the threshold ends it, with a backoff)
 *               ▼  │
 *             waiting ──cancelled, out of time──▶ ended
 */
import { type Failure, timeoutFailure, type TimeoutType } from "../core/failure.ts";
import type { Payloads } from "../core/payload.ts";
import { completeRetryPolicy, retryIntervalMs, type RetryPolicy } from "../core/retry-policy.ts";
import type { OpenSession } from "../core/workflow-task.ts";
import type { LocalActivityRequest } from "./local-activities.ts";
import type {
  LocalActivityOutcome,
  LocalActivityRunner,
  LocalActivityTask,
  RunningLocalActivity,
} from "./local-activity-runner.ts";

/** How a local activity ended. Failures are bare: nothing is wrapped around them yet. */
export type LocalActivityEnd =
  | { readonly kind: "completed"; readonly result: Payloads | undefined }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "timedOut"; readonly failure: Failure }
  | { readonly kind: "canceled"; readonly details: Payloads | undefined }
  | { readonly kind: "backoff"; readonly failure: Failure; readonly delayMs: number };

/** A local activity that has ended. */
export interface LocalActivityCompletion {
  readonly request: LocalActivityRequest;
  readonly end: LocalActivityEnd;
  /** The last attempt. */
  readonly attempt: number;
  readonly originalScheduleTimeMs: number | undefined;
  /** The workflow's time then, or undefined if its end did not move the time. */
  readonly completeTimeMs: number | undefined;
}

export interface LocalActivityExecutionOptions {
  readonly request: LocalActivityRequest;
  readonly open: OpenSession;
  readonly originalExecutionRunId: string;
  readonly runner: LocalActivityRunner;
  /** Called once, unless the execution was stopped before. */
  readonly onEnd: (completion: LocalActivityCompletion) => void;
}

/** The milliseconds to wait before the next attempt, or undefined if there is to be none. */
export function localRetryDelayMs(policy: RetryPolicy, attempt: number, failure: Failure): number | undefined {
  const complete = completeRetryPolicy(policy);
  const { type = "", nonRetryable, nextRetryDelayMs } = failure.applicationFailureInfo ?? {};
  if (complete.maximumAttempts > 0 && attempt >= complete.maximumAttempts) return undefined;
  // Unlike the service, which compares exactly: these are Temporal's rules for local activities.
  const isListed = complete.nonRetryableErrorTypes.some((name) => name.toLowerCase() === type.toLowerCase());
  if (nonRetryable === true || isListed) return undefined;
  return nextRetryDelayMs ?? retryIntervalMs(complete, attempt);
}

export class LocalActivityExecution {
  readonly #options: LocalActivityExecutionOptions;
  #attempt: number;
  readonly #scheduledTimeMs: number;
  readonly #originalScheduleTimeMs: number;
  #attemptStartedMs: number | undefined;
  #running: RunningLocalActivity | undefined;
  #cancelAttemptTimer: (() => void) | undefined;
  #cancelDeadline: (() => void) | undefined;
  #cancelRequested = false;
  #ended = false;

  constructor(options: LocalActivityExecutionOptions) {
    const { request, runner } = options;
    this.#options = options;
    this.#attempt = request.attempt;
    this.#scheduledTimeMs = runner.now();
    this.#originalScheduleTimeMs = request.originalScheduleTimeMs ?? this.#scheduledTimeMs;
  }

  /** Begins with the first attempt. One whose time is over already ends at once. */
  start(): void {
    const { request, runner } = this.#options;
    const { scheduleToCloseTimeoutMs: limitMs } = request;
    if (limitMs !== undefined) {
      const restMs = limitMs - (this.#scheduledTimeMs - this.#originalScheduleTimeMs);
      if (restMs <= 0) return this.#timeOut("SCHEDULE_TO_CLOSE");
      this.#cancelDeadline = runner.schedule(() => this.#timeOut("SCHEDULE_TO_CLOSE"), restMs);
    }
    this.#startAttempt();
  }

  /** Asks for cancellation, with what the request says it is to do. */
  cancel(): void {
    if (this.#ended) return;
    this.#cancelRequested = true;
    const { cancellationType } = this.#options.request;
    if (cancellationType !== "ABANDON") this.#running?.cancel("CANCELLED");
    if (cancellationType === "WAIT_CANCELLATION_COMPLETED" && this.#running) return;
    // What ends without being waited for does not move the workflow's time.
    this.#end({ kind: "canceled", details: undefined }, undefined);
  }

  /** Lets go of the activity, which is asked to stop. Nothing is reported any more. */
  stop(): void {
    this.#ended = true;
    this.#clearTimers();
    this.#running?.cancel("CANCELLED");
  }

  #startAttempt(): void {
    const { request, runner } = this.#options;
    const nowMs = runner.now();
    const { scheduleToStartTimeoutMs, startToCloseTimeoutMs } = request;
    // There is no queue to wait in. But the time counts from the schedule, so it can be over before a retry.
    if (scheduleToStartTimeoutMs !== undefined && nowMs - this.#scheduledTimeMs > scheduleToStartTimeoutMs)
      return this.#timeOut("SCHEDULE_TO_START");
    this.#attemptStartedMs = nowMs;
    if (startToCloseTimeoutMs !== undefined)
      this.#cancelAttemptTimer = runner.schedule(() => this.#timeOut("START_TO_CLOSE"), startToCloseTimeoutMs);
    const running = runner.start(this.#task(nowMs));
    this.#running = running;
    void this.#awaitOutcome(running);
  }

  async #awaitOutcome(running: RunningLocalActivity): Promise<void> {
    const outcome = await running.outcome;
    // An attempt that was given up meanwhile has no say any more.
    if (this.#running === running && !this.#ended) this.#takeOutcome(outcome);
  }

  #task(nowMs: number): LocalActivityTask {
    const { request, open, originalExecutionRunId } = this.#options;
    const { namespace, workflowId, runId, workflowType, taskQueue } = open;
    const { activityId, activityType, input, header, retryPolicy } = request;
    const scheduleToCloseTimeoutMs = request.scheduleToCloseTimeoutMs ?? 0;
    return {
      namespace,
      workflowId,
      runId,
      originalExecutionRunId,
      workflowType,
      taskQueue,
      activityId,
      activityType,
      retryPolicy,
      attempt: this.#attempt,
      ...(input ? { input } : {}),
      ...(header ? { header } : {}),
      scheduledTimeMs: this.#scheduledTimeMs,
      currentAttemptScheduledTimeMs: nowMs,
      scheduleToCloseTimeoutMs,
      startToCloseTimeoutMs: request.startToCloseTimeoutMs ?? scheduleToCloseTimeoutMs,
    };
  }

  #takeOutcome(outcome: LocalActivityOutcome): void {
    this.#running = undefined;
    this.#cancelAttemptTimer?.();
    switch (outcome.kind) {
      case "completed":
        return this.#end({ kind: "completed", result: outcome.result }, this.#runtimeMs);
      case "canceled":
        return this.#end({ kind: "canceled", details: outcome.details }, this.#runtimeMs);
      case "failed":
        return this.#retryOrEnd({ kind: "failed", failure: outcome.failure });
    }
  }

  #timeOut(timeoutType: TimeoutType): void {
    const running = this.#running;
    this.#running = undefined;
    this.#cancelAttemptTimer?.();
    running?.cancel("TIMED_OUT");
    const end = { kind: "timedOut", failure: timeoutFailure(timeoutType, "Activity timed out") } as const;
    if (timeoutType === "START_TO_CLOSE") this.#retryOrEnd(end);
    else this.#end(end, this.#runtimeMs);
  }

  #retryOrEnd(end: Extract<LocalActivityEnd, { kind: "failed" | "timedOut" }>): void {
    const { request, runner } = this.#options;
    const delayMs = localRetryDelayMs(request.retryPolicy, this.#attempt, end.failure);
    if (delayMs === undefined || this.#cancelRequested) return this.#end(end, this.#runtimeMs);
    if (delayMs > request.localRetryThresholdMs)
      return this.#end({ kind: "backoff", failure: end.failure, delayMs }, this.#runtimeMs);
    this.#cancelAttemptTimer = runner.schedule(() => {
      this.#attempt += 1;
      this.#startAttempt();
    }, delayMs);
  }

  /** The time that the last attempt took. */
  get #runtimeMs(): number {
    return this.#attemptStartedMs === undefined ? 0 : this.#options.runner.now() - this.#attemptStartedMs;
  }

  #clearTimers(): void {
    this.#cancelAttemptTimer?.();
    this.#cancelDeadline?.();
  }

  #end(end: LocalActivityEnd, runtimeMs: number | undefined): void {
    const { request, onEnd } = this.#options;
    this.#ended = true;
    this.#clearTimers();
    onEnd({
      request,
      end,
      attempt: this.#attempt,
      originalScheduleTimeMs: this.#originalScheduleTimeMs,
      completeTimeMs: runtimeMs === undefined ? undefined : request.workflowTimeMs + runtimeMs,
    });
  }
}
