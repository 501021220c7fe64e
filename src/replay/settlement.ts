/**
 * The two ends of a promise that workflow code waits on.
 *
 * Owns: the shape, and nothing of what it means.
 */

export interface Settlement<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** Marks a rejection as handled: somebody else reports it, or nobody needs to. */
export function ignoreRejection(promise: PromiseLike<unknown>): void {
  promise.then(undefined, () => undefined);
}
