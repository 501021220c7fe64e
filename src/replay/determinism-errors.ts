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

/** The two sides of a disagreement between a history and the code. */
export interface Disagreement {
  /** What the history holds there. */
  readonly recorded: string;
  /** What the code did there. */
  readonly produced: string;
}

/**
 * The code's commands differ from the ones its history recorded. `eventId` names where; the message says what was
 * recorded and what the code did, and so do the fields.
 *
 * @example
 * if (error instanceof NondeterminismError) report(error.eventId, error.recorded, error.produced);
 */
export class NondeterminismError extends Error {
  static {
    identifyClass(this, "NondeterminismError");
  }

  readonly eventId: number | undefined;
  readonly recorded: string | undefined;
  readonly produced: string | undefined;

  constructor(message: string, eventId?: number, disagreement?: Disagreement) {
    super(message);
    this.eventId = eventId;
    this.recorded = disagreement?.recorded;
    this.produced = disagreement?.produced;
  }
}

/**
 * A history could not be replayed for another reason than what its commands are: the code failed a workflow task, or
 * the history is not whole. The `cause` is the error that stopped it.
 */
export class ReplayError extends Error {
  static {
    identifyClass(this, "ReplayError");
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
