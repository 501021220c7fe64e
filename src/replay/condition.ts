/**
 * Waiting until something is true.
 *
 * Owns: the operation, with and without a time limit. `conditions.ts` owns the blocked predicates.
 */
import type { Duration } from "../codec/index.ts";
import { CancellationScope } from "./cancellation-scope.ts";
import type { TimerOptions } from "./operation-options.ts";
import { patched } from "./patched.ts";
import { bindToScope, requireActivatingFrame } from "./run-context.ts";
import { sleep } from "./sleep.ts";

/** Histories from before it took a time limit of zero for none. The name is Temporal's. */
const ZERO_TIMEOUT_PATCH = "__sdk_internal_patch_number:1";

export function condition(predicate: () => boolean): Promise<void>;
export function condition(predicate: () => boolean, timeout: Duration, options?: TimerOptions): Promise<boolean>;
/**
 * Waits until `predicate` is true; it is asked at once, and again whenever something happened to the workflow. With a
 * timeout the answer is true, or false if the time passed first. A predicate must only look, and answer at once.
 *
 * Rejects with `CancelledFailure` when the current scope is cancelled. A predicate that throws fails the workflow task.
 *
 * @example
 * const approved = await condition(() => approvals >= 2, "7 days");
 */
export async function condition(
  predicate: () => boolean,
  timeout?: Duration,
  options?: TimerOptions,
): Promise<void | boolean> {
  requireActivatingFrame("condition");
  if (timeout === undefined || (timeout === 0 && !patched(ZERO_TIMEOUT_PATCH))) return waitFor(predicate);
  return waitForUntil(predicate, timeout, options);
}

function waitForUntil(predicate: () => boolean, timeout: Duration, options?: TimerOptions): Promise<boolean> {
  return CancellationScope.cancellable(async () => {
    try {
      // The timer comes first, so that its number is taken even if the predicate is true already.
      const timedOut = sleep(timeout, options).then(() => false);
      const fulfilled = waitFor(predicate).then(() => true);
      return await Promise.race([timedOut, fulfilled]);
    } finally {
      CancellationScope.current().cancel();
    }
  });
}

function waitFor(predicate: () => boolean): Promise<void> {
  const frame = requireActivatingFrame("condition");
  const { conditions } = frame.workflowRun;
  return new Promise((resolve, reject) => {
    if (frame.consideredCancelled) {
      bindToScope(frame, reject);
      return;
    }
    const sequence = conditions.takeSequence();
    bindToScope(frame, (error) => {
      conditions.remove(sequence);
      reject(error);
    });
    if (predicate()) resolve();
    else conditions.block(sequence, predicate, resolve);
  });
}
