/**
 * Deletion of the current run on demand.
 *
 *   state \ request | delete
 *   ----------------+---------------------------------------------
 *   open            | closed (Terminated) and deleted, in one commit
 *   closed          | deleted
 *
 * Owns: these transitions. A deleted run is no state of a run: its workflow id is from then on as if it had none, while
 * earlier runs of the id stay until their own time. What the run has to tell others, its parent and children first of
 * all, is delivered before its storage goes (`durable-objects/retention.ts`).
 */
import type { DeleteReply, DeleteRequest } from "./control-requests.ts";
import { type Decision, Draft, NO_CHANGES } from "./draft.ts";
import type { WorkflowState } from "./state.ts";
import { appendTermination } from "./termination.ts";

const DELETE_REASON = "Delete workflow execution";
const SERVICE_IDENTITY = "history-service";

/** Deletes the run; one that is open is terminated first. */
export function deleteRun(
  state: Readonly<WorkflowState>,
  request: Pick<DeleteRequest, "identity">,
  nowMs: number,
): Decision<DeleteReply> {
  const value = { runId: state.identity.runId };
  if (state.status !== "RUNNING") return { ok: true, changes: { ...NO_CHANGES, deleted: true }, value };
  const draft = new Draft(state, nowMs);
  appendTermination(draft, { reason: DELETE_REASON, identity: request.identity ?? SERVICE_IDENTITY });
  return { ok: true, changes: { ...draft.changes(), deleted: true }, value };
}
