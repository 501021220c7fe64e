/**
 * Asking for a version of the code.
 *
 * Owns: the operations. `patches.ts` owns what they answer.
 */
import { requireFrame } from "./run-context.ts";
import type { WorkflowRun } from "./workflow-run.ts";

/** Whether a patch is in; where nothing may be recorded, nothing is. */
function takePatch(run: WorkflowRun, id: string, deprecated: boolean): boolean {
  if (run.phase !== "activating" && run.phase !== "idle") return run.patches.peek(id, run.phase === "querying");
  run.assertActivating(deprecated ? "deprecatePatch" : "patched");
  return run.patches.take(id, deprecated);
}

/**
 * Whether this run is to take the new way: true in new runs and in those that took it before, false in those that
 * passed here before the patch existed. The same id answers the same everywhere in a run.
 *
 * Throws `IllegalStateError` outside of workflow code.
 *
 * @example
 * if (patched("charge-before-ship")) await charge(order);
 */
export function patched(patchId: string): boolean {
  return takePatch(requireFrame("patched").workflowRun, patchId, false);
}

/**
 * Says that the old way is gone while runs with the patch may still be replayed. Once no such run is left, remove it.
 *
 * Throws `IllegalStateError` outside of workflow code.
 *
 * @example
 * deprecatePatch("charge-before-ship");
 * await charge(order);
 */
export function deprecatePatch(patchId: string): void {
  takePatch(requireFrame("deprecatePatch").workflowRun, patchId, true);
}
