/**
 * The cancellation of one activity attempt: a reason and its details, a promise that rejects and a signal that aborts,
 * all at once.
 *
 * Owns: that it happens at most once. Who decides on it is the runner; who sees it is user code, through `Context`.
 */
import { CancelledFailure } from "../../codec/index.ts";
import { ActivityCancellationDetails } from "../common/index.ts";

/**
 * Why an attempt was cancelled; it is the message of the `CancelledFailure`.
 *
 * CANCELLED: the workflow asked for it. PAUSED, RESET: an operator did, and another attempt follows. NOT_FOUND: the
 * service no longer waits for this attempt. TIMED_OUT: the start-to-close timeout passed. WORKER_SHUTDOWN: the platform
 * is about to end the Worker. HEARTBEAT_DETAILS_CONVERSION_FAILED: the details of a heartbeat could not be encoded.
 */
export type ActivityCancelReason =
  | "CANCELLED"
  | "PAUSED"
  | "RESET"
  | "NOT_FOUND"
  | "TIMED_OUT"
  | "WORKER_SHUTDOWN"
  | "HEARTBEAT_DETAILS_CONVERSION_FAILED";

/** What an activity is told of a reason that says no more itself. */
function detailsOf(reason: ActivityCancelReason): ActivityCancellationDetails {
  return new ActivityCancellationDetails({
    cancelRequested: reason === "CANCELLED",
    paused: reason === "PAUSED",
    reset: reason === "RESET",
    // Whoever is out of time is not waited for any more.
    notFound: reason === "NOT_FOUND" || reason === "TIMED_OUT",
    timedOut: reason === "TIMED_OUT",
    workerShutdown: reason === "WORKER_SHUTDOWN",
  });
}

export class ActivityCancellation {
  readonly #controller = new AbortController();
  readonly #reject: (failure: CancelledFailure) => void;
  /** Never resolves. Rejects with a `CancelledFailure` once the attempt is cancelled. */
  readonly requested: Promise<never>;
  #reason: ActivityCancelReason | undefined;
  #details: ActivityCancellationDetails | undefined;

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

  /** Everything that held when the attempt was cancelled. Undefined while it is not. */
  get details(): ActivityCancellationDetails | undefined {
    return this.#details;
  }

  /** Cancels the attempt; only the first call counts. */
  cancel(reason: ActivityCancelReason, details: ActivityCancellationDetails = detailsOf(reason)): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#details = details;
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
