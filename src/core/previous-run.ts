/**
 * What a run's first event says of the runs before it in the chain.
 *
 * Owns: to which of them its last failure and last result are bound. Payloads are bound to the original execution run
 * id of the run that made them, which after a reset is not that run's own id.
 */
import type { EventAttributes } from "./history-event.ts";

type StartedAttributes = EventAttributes["WorkflowExecutionStarted"];

/** The original execution run id of the run before, which its failure is bound to; empty if there was none. */
export function previousOriginalRunId(attributes: StartedAttributes): string {
  return attributes.continuedOriginalExecutionRunId ?? attributes.continuedExecutionRunId ?? "";
}

/** The original execution run id of the last run that completed, which its result is bound to. */
export function lastCompletionRunId(attributes: StartedAttributes): string {
  return attributes.lastCompletionRunId ?? previousOriginalRunId(attributes);
}
