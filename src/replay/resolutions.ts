/**
 * How an operation ended, as the job that tells the code of it.
 *
 * Owns: the shapes, and the resolutions that the run makes itself: some cancellations need no answer from the service.
 * They are told in a further activation of the same workflow task, after the code that asked has come to rest.
 */
import type { Failure } from "../core/failure.ts";
import type { StartChildFailedCause } from "../core/history-event.ts";
import type { Payloads } from "../core/payload.ts";

/** How an activity or a child ended, in clear. */
export type Outcome =
  | { readonly kind: "completed"; readonly result: Payloads | undefined }
  | { readonly kind: "failed"; readonly failure: Failure };

/** What came of starting a child. */
export type ChildStartOutcome =
  | { readonly kind: "started"; readonly runId: string }
  | { readonly kind: "refused"; readonly cause: StartChildFailedCause }
  | { readonly kind: "failed"; readonly failure: Failure };

/** The jobs that end what workflow code waits for, by the numbers of the operations. */
export type Resolution =
  | { readonly kind: "resolveActivity"; readonly sequence: number; readonly resolution: Outcome }
  | {
      readonly kind: "resolveChildWorkflowExecutionStart";
      readonly sequence: number;
      readonly resolution: ChildStartOutcome;
    }
  | { readonly kind: "resolveChildWorkflowExecution"; readonly sequence: number; readonly resolution: Outcome }
  | {
      readonly kind: "resolveSignalExternalWorkflow";
      readonly sequence: number;
      readonly failure: Failure | undefined;
    }
  | {
      readonly kind: "resolveRequestCancelExternalWorkflow";
      readonly sequence: number;
      readonly failure: Failure | undefined;
    };

/** The resolutions that the run made itself and has not told yet, in the order in which they were made. */
export class OwnResolutions {
  #waiting: Resolution[] = [];

  push(resolution: Resolution): void {
    this.#waiting.push(resolution);
  }

  /** Hands over those that need an activation of their own. */
  take(): readonly Resolution[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }
}
