/**
 * Questions about what was caught, and making a failure of it.
 *
 * Owns: the functions that user code and workers ask. `thrown-value.ts` describes what is no failure yet.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  HoldfastFailure,
} from "./failures.ts";
import { isErrorLike } from "./thrown-value.ts";

/**
 * An `ApplicationFailure` for anything thrown: itself if it is one, otherwise a retryable one with the error's
 * message, class name as type, stack, and its cause when that is an error.
 *
 * @example
 * ensureApplicationFailure(new TypeError("no amount")).type; // "TypeError"
 */
export function ensureApplicationFailure(error: unknown): ApplicationFailure {
  return error instanceof ApplicationFailure ? error : ApplicationFailure.fromError(error);
}

/**
 * Itself if it is a failure, otherwise `ensureApplicationFailure`.
 *
 * @example
 * ensureTemporalFailure(new CancelledFailure("stop")).name; // "CancelledFailure"
 */
export function ensureTemporalFailure(error: unknown): HoldfastFailure {
  return error instanceof HoldfastFailure ? error : ensureApplicationFailure(error);
}

/**
 * The message at the bottom of a chain of causes; undefined for what is neither error nor text.
 *
 * @example
 * const cause = new Error("insufficient funds");
 * rootCause(ApplicationFailure.create({ message: "Nothing was withdrawn", cause })); // "insufficient funds"
 */
export function rootCause(error: unknown): string | undefined {
  if (error instanceof HoldfastFailure) return error.cause ? rootCause(error.cause) : error.message;
  if (isErrorLike(error)) return error.message;
  return typeof error === "string" ? error : undefined;
}

/**
 * Whether an error means "cancelled", also when an activity or a child workflow reports it.
 *
 * @example
 * isCancellation(new CancelledFailure("stop")); // true
 */
export function isCancellation(error: unknown): boolean {
  if (error instanceof CancelledFailure) return true;
  if (error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) return isCancellation(error.cause);
  return false;
}
