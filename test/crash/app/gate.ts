/**
 * Stopping at a moment that the test has chosen, so that the kill comes exactly then.
 *
 * Owns: asking the sink, which answers at once unless the test wants this workflow held here; then it answers never,
 * and the kill cuts the question off.
 */
import { bindings } from "./bindings.ts";
import { HELD_PREFIX } from "./workflow-ids.ts";

/**
 * A moment between two commits.
 *
 *   task      a workflow task is with the worker and not begun
 *   answer    it has been run, and its commands are not stored yet
 *   offer     an activity is scheduled and claimed, and about to be handed to a worker directly
 *   handover  the worker has it and has not begun
 *   dispatch  activities are scheduled, and their messages about to be queued
 *   delivery  a message has come out of the queue, unclaimed
 */
export type GateKind = "task" | "answer" | "offer" | "handover" | "dispatch" | "delivery";

export async function gate(workflowId: string, kind: GateKind): Promise<void> {
  if (!workflowId.startsWith(HELD_PREFIX)) return;
  const response = await fetch(`${bindings.SINK}/gates`, {
    method: "POST",
    body: JSON.stringify({ workflowId, kind }),
  });
  if (!response.ok) throw new Error(`the gate answered ${response.status}`);
  await response.body?.cancel();
}
