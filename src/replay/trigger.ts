/**
 * A promise that workflow code settles itself.
 *
 * Owns: the class, and its tie to the scope it was made in.
 */
import { CancellationScope } from "./cancellation-scope.ts";
import { bindToScope } from "./run-context.ts";
import { ignoreRejection } from "./settlement.ts";

/**
 * A promise with its `resolve` and `reject` in hand. It rejects with `CancelledFailure` when the scope it was made in
 * is cancelled.
 *
 * @example
 * const approved = new Trigger<string>();
 * setHandler(approveSignal, (who) => approved.resolve(who));
 * const who = await approved;
 */
export class Trigger<T> implements PromiseLike<T> {
  readonly resolve: (value: T | PromiseLike<T>) => void;
  readonly reject: (reason?: unknown) => void;
  readonly #promise: Promise<T>;

  constructor() {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#promise = promise;
    this.resolve = resolve;
    this.reject = reject;
    // A trigger that nobody waits for yet may be rejected without being an unhandled rejection.
    ignoreRejection(promise);
    bindToScope(CancellationScope.current(), reject);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- being awaited is what a trigger is for.
  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2> {
    return this.#promise.then(onFulfilled, onRejected);
  }
}
