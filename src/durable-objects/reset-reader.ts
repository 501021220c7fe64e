/**
 * What the store holds of the runs that a reset is about.
 *
 * Owns: finding out whether the same reset was carried out before, and reading the histories that it draws on, row by
 * row. Nothing may change between this and the decision, so both belong into one turn.
 */
import type { ResetRequest } from "../core/control-requests.ts";
import type { Requests } from "../core/decide.ts";
import type { RunIdentity } from "../core/state.ts";
import { readResetSource } from "../core/reset-source.ts";
import type { LoadedRun, RunStore } from "./run-store.ts";

/** The request as it is decided. `base` is the run that is meant, `newRunId` was never used. */
export function foundForReset(
  store: RunStore,
  base: LoadedRun,
  request: ResetRequest,
  newRunId: string,
): Requests["reset"] {
  const begun = store.begunByReset(request.requestId);
  if (begun !== undefined) return { ...request, newRunId, found: { kind: "begun", runId: begun } };
  const { identity } = base.state;
  const { namespace, workflowId, startRequestId } = identity;
  const reset = { requestId: request.requestId, runId: newRunId };
  const next: RunIdentity = { namespace, workflowId, runId: newRunId, startRequestId, reset };
  const { resetPoint } = request;
  const currentRunId = store.isDeleted(store.newestRun) ? undefined : store.identityOf(store.newestRun)?.runId;
  const meant = { runId: identity.runId, resetPoint };
  const reading = readResetSource(meant, next, (runId) => store.rowsOf(runId), currentRunId);
  return { ...request, newRunId, found: { kind: "read", reading } };
}
