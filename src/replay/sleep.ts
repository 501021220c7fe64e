/**
 * Sleeping: a durable timer behind a promise.
 *
 * Owns: the operation. `timers.ts` owns the timers.
 */
import { type Duration, msToNumber } from "../codec/index.ts";
import type { TimerInput } from "./interceptors.ts";
import type { TimerOptions } from "./operation-options.ts";
import { bindToScope, requireActivatingFrame } from "./run-context.ts";
import { composeWorkflowInterceptors } from "./workflow-interception.ts";

/**
 * Waits for a time that survives restarts. Less than a millisecond counts as one.
 *
 * Rejects with `CancelledFailure` when the current scope is cancelled. Throws `TypeError` for what is no duration,
 * `ValueError` for a number that is not finite.
 *
 * @example
 * await sleep("30 days", { summary: "Until the trial ends" });
 */
export function sleep(duration: Duration, options?: TimerOptions): Promise<void> {
  return startTimer(duration, "sleep", options).elapsed;
}

/** A started timer: its number, and the promise of its end. */
export interface StartedTimer {
  readonly sequence: number;
  readonly elapsed: Promise<void>;
}

/** Starts a timer in the current scope; `what` names the caller in errors. */
export function startTimer(duration: Duration, what: string, options?: TimerOptions): StartedTimer {
  const { workflowRun } = requireActivatingFrame(what);
  const sequence = workflowRun.timers.takeSequence();
  const durationMs = Math.max(1, msToNumber(duration));
  const execute = composeWorkflowInterceptors(workflowRun.interceptors.outbound, "startTimer", startInterceptedTimer);
  return { sequence, elapsed: execute({ durationMs, seq: sequence, options }) };
}

function startInterceptedTimer({ durationMs, seq, options }: TimerInput): Promise<void> {
  const frame = requireActivatingFrame("A timer");
  const { timers } = frame.workflowRun;
  return new Promise<void>((resolve, reject) => {
    const refused = bindToScope(frame, (error) => {
      // Nothing to do when it has fired; a scope that was cancelled before never had a timer.
      if (timers.cancel(seq) || refused) reject(error);
    });
    if (refused) return;
    const metadata = frame.workflowRun.toUserMetadata(`timer/${seq}`, options?.summary);
    timers.start(seq, durationMs, { resolve, reject }, metadata);
  });
}
