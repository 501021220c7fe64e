/**
 * The errors of replay itself: code that cannot be deterministic, code that differs from its history, and a session
 * that no longer fits the history it is given.
 *
 * Owns: the classes and their names. All but the last fail the workflow task; the last makes the service open a new
 * session and replay.
 */
import { identifyClass } from "../codec/index.ts";

/**
 * Workflow code used something whose answer would differ in a replay. It fails the workflow task, which is tried
 * again until the code is mended.
 *
 * @example
 * if (error instanceof DeterminismViolationError) throw error;
 */
export class DeterminismViolationError extends Error {
  static {
    identifyClass(this, "DeterminismViolationError");
  }
}

/**
 * The code's commands differ from the ones its history recorded. `eventId` names where; the message says what was
 * recorded and what the code did.
 */
export class NondeterminismError extends Error {
  static {
    identifyClass(this, "NondeterminismError");
  }

  readonly eventId: number | undefined;

  constructor(message: string, eventId?: number) {
    super(message);
    this.eventId = eventId;
  }
}

/** A promise of workflow code was rejected and nobody handled it. The rejection is the `cause`. */
export class UnhandledRejectionError extends Error {
  static {
    identifyClass(this, "UnhandledRejectionError");
  }
}

/** The history handed to a session does not continue what the session has seen. Open a new session. */
export class SessionOutOfDateError extends Error {
  static {
    identifyClass(this, "SessionOutOfDateError");
  }
}
