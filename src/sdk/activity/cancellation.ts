/**
 * The cancellation of one activity attempt: a reason, a promise that rejects and a signal that aborts, all at once.
 *
 * Owns: that it happens at most once. Who decides on it is the runner; who sees it is user code, through `Context`.
 */
import { CancelledFailure } from "../../codec/index.ts";

/**
 * Why an attempt was cancelled; it is the message of the `CancelledFailure`.
 *
 * CANCELLED: the workflow asked for it. NOT_FOUND: the service no longer waits for this attempt. TIMED_OUT: the
 * start-to-close timeout passed. HEARTBEAT_DETAILS_CONVERSION_FAILED: the details of a heartbeat could not be encoded.
 */
export type ActivityCancelReason = "CANCELLED" | "NOT_FOUND" | "TIMED_OUT" | "HEARTBEAT_DETAILS_CONVERSION_FAILED";

export class ActivityCancellation {
  readonly #controller = new AbortController();
  readonly #reject: (failure: CancelledFailure) => void;
  /** Never resolves. Rejects with a `CancelledFailure` once the attempt is cancelled. */
  readonly requested: Promise<never>;
  #reason: ActivityCancelReason | undefined;

  constructor() {
    const { promise, reject } = Promise.withResolvers<never>();
    // User code need not look at it, and then its rejection is nobody's error.
    promise.catch(() => undefined);
    this.requested = promise;
    this.#reject = reject;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Undefined while the attempt is not cancelled. */
  get reason(): ActivityCancelReason | undefined {
    return this.#reason;
  }

  /** Cancels the attempt; only the first call counts. */
  cancel(reason: ActivityCancelReason): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    const failure = new CancelledFailure(reason);
    this.#reject(failure);
    this.#controller.abort(failure);
  }
}

/** Whether an error is how a function ends that gave way to a cancellation: the failure itself, or an `AbortError`. */
export function isCancellationError(error: unknown): boolean {
  if (error instanceof CancelledFailure) return true;
  return error instanceof Error && error.name === "AbortError";
}
