/**
 * Sleeping: a durable timer behind a promise.
 *
 * Owns: the operation. `timers.ts` owns the timers.
 */
import { type Duration, msToNumber } from "../codec/index.ts";
import { bindToScope, requireActivatingFrame } from "./run-context.ts";

/**
 * Waits for a time that survives restarts. Less than a millisecond counts as one.
 *
 * Rejects with `CancelledFailure` when the current scope is cancelled. Throws `TypeError` for what is no duration.
 *
 * @example
 * await sleep("30 days");
 */
export function sleep(duration: Duration): Promise<void> {
  return startTimer(duration, "sleep").elapsed;
}

/** A started timer: its number, and the promise of its end. */
export interface StartedTimer {
  readonly sequence: number;
  readonly elapsed: Promise<void>;
}

/** Starts a timer in the current scope; `what` names the caller in errors. */
export function startTimer(duration: Duration, what: string): StartedTimer {
  const frame = requireActivatingFrame(what);
  const { timers } = frame.workflowRun;
  const durationMs = Math.max(1, msToNumber(duration));
  const sequence = timers.takeSequence();
  const elapsed = new Promise<void>((resolve, reject) => {
    const refused = bindToScope(frame, (error) => {
      // Nothing to do when it has fired; a scope that was cancelled before never had a timer.
      if (frame.workflowRun.timers.cancel(sequence) || refused) reject(error);
    });
    if (!refused) timers.start(sequence, durationMs, { resolve, reject });
  });
  return { sequence, elapsed };
}
