/**
 * What workflow code may ask about itself: where it runs, and random values that a replay repeats.
 *
 * Owns: the functions. `src/replay/workflow-run.ts` owns what they answer.
 */
import { currentRun, requireActivatingFrame, requireFrame } from "../../replay/run-context.ts";
import type { WorkflowInfo } from "../../replay/workflow-info.ts";

/**
 * Facts about the run, as of the current workflow task. A frozen copy: ask again for newer ones.
 *
 * Throws `IllegalStateError` outside of workflow code.
 *
 * @example
 * const { workflowId, attempt } = workflowInfo();
 */
export function workflowInfo(): WorkflowInfo {
  return requireFrame("workflowInfo").workflowRun.info();
}

/**
 * Whether the calling code is workflow code.
 *
 * @example
 * const now = inWorkflowContext() ? workflowInfo().startTime : new Date();
 */
export function inWorkflowContext(): boolean {
  return currentRun() !== undefined;
}

/**
 * A version 4 uuid from the run's own randomness: the same one in every replay.
 *
 * Throws `IllegalStateError` outside of workflow code.
 *
 * @example
 * const idempotencyKey = uuid4();
 */
export function uuid4(): string {
  return requireActivatingFrame("uuid4").workflowRun.random.chosen.uuid4();
}
