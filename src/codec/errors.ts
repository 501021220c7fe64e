/**
 * Errors of the codec layer that are not failures: they tell a programmer what is wrong and are never history.
 *
 * Owns: `ValueError`, `PayloadConverterError`, `PayloadTooLargeError`, `IllegalStateError`. Thrown in workflow code they
 * fail the workflow task, not the workflow.
 */
import { identifyClass } from "./error-identity.ts";

/** A value that cannot be what it is meant to be. */
export class ValueError extends Error {
  static {
    identifyClass(this, "ValueError");
  }

  constructor(message: string | undefined, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** A payload converter that is none, or that broke its contract. */
export class PayloadConverterError extends ValueError {
  static {
    identifyClass(this, "PayloadConverterError");
  }
}

/** Arguments, memo, header or one payload are over the limit; the message says which and what the limit is. */
export class PayloadTooLargeError extends ValueError {
  static {
    identifyClass(this, "PayloadTooLargeError");
  }
}

/** Something was called at a time when it cannot be. */
export class IllegalStateError extends Error {
  static {
    identifyClass(this, "IllegalStateError");
  }
}
