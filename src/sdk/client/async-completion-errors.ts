/**
 * The errors of reports about activities, with Temporal's names.
 *
 * Owns: the classes, and which rejection becomes which. `instanceof` goes by a mark on the class, so it holds across
 * copies of this module.
 */
import { identifyClass } from "../../codec/index.ts";
import type { Rejection, RejectionCode } from "../../core/rejection.ts";

/** No such activity is running: it has ended, was retried, or its workflow has closed. */
export class ActivityNotFoundError extends Error {
  static {
    identifyClass(this, "ActivityNotFoundError");
  }
}

/** The report was refused for another reason, which the message says, or got no answer, which is then the `cause`. */
export class ActivityCompletionError extends Error {
  static {
    identifyClass(this, "ActivityCompletionError");
  }
}

/** In answer to a heartbeat: the workflow has asked for the activity's cancellation. */
export class ActivityCancelledError extends Error {
  static {
    identifyClass(this, "ActivityCancelledError");
  }
}

/** In answer to a heartbeat: the activity is paused. */
export class ActivityPausedError extends Error {
  static {
    identifyClass(this, "ActivityPausedError");
  }
}

/** In answer to a heartbeat: the activity was reset, and another attempt is to begin. */
export class ActivityResetError extends Error {
  static {
    identifyClass(this, "ActivityResetError");
  }
}

const NOT_FOUND: readonly RejectionCode[] = ["ActivityNotFound", "WorkflowNotFound", "WorkflowAlreadyCompleted"];

/** The error that stands for a rejected report. */
export function reportError({ code, message }: Rejection): Error {
  return NOT_FOUND.includes(code) ? new ActivityNotFoundError(message) : new ActivityCompletionError(message);
}
