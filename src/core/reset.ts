/**
 * Reset: a run that begins with the history of another, up to a workflow task that is to be run anew.
 *
 *   base run \ current run | the same, open             | the same, closed | another, open             | another, closed or deleted
 *   -----------------------+----------------------------+------------------+---------------------------+---------------------------
 *   any                    | terminated (*), new run    | new run          | terminated, new run       | new run
 *
 * (*) its children stay as they are and become the new run's; they are told nothing, and neither is its parent.
 *
 * The new run is in the same chain: same first and same original run id, same start. Its history is that of the base run
 * up to the point, then WorkflowTaskFailed (RESET_WORKFLOW), then what others have asked of the workflow since and the
 * reset does not leave out, then a new workflow task.
 *
 * Owns: the decision, and what is applied again. What the kept history means for the new run is `reset-state.ts`.
 */
import type { ResetReapplyExcludeType, ResetReply, ResetRequest } from "./control-requests.ts";
import { type Changes, type Decision, Draft, NO_CHANGES, type NewRun, unchanged } from "./draft.ts";
import { inheritedRequestIds } from "./external-workflow.ts";
import { SERVICE_FAILURE_SOURCE } from "./failure.ts";
import type { HistoryEvent } from "./history-event.ts";
import { rejected } from "./rejection.ts";
import { ReappliedEvents } from "./reset-reapply.ts";
import { type ResetReading, type ResetSource, isRequest, isSharedAnswer, writerIn } from "./reset-source.ts";
import { type WorkflowState, openActivities, writerOf } from "./state.ts";
import { appendTermination } from "./termination.ts";
import { taskStarted } from "./workflow-task-event.ts";

/** Who ends a run for the sake of another, as clients read it in a history. */
const RESETTER_IDENTITY = "history-resetter";
const SERVICE_IDENTITY = "history-service";

/** What the object has found out for a reset before it is decided. */
export type ResetFound =
  /** The same request has been carried out before. */
  { readonly kind: "begun"; readonly runId: string } | { readonly kind: "read"; readonly reading: ResetReading };

/** Whether the run that is meant is there, though it may be that no other is: the current one was deleted. */
export function isFound(found: ResetFound): boolean {
  return found.kind === "begun" || found.reading.ok;
}

/** Begins a run from a point of another one's history, in place of the current run. */
export function resetWorkflow(
  current: Readonly<WorkflowState> | undefined,
  request: ResetRequest & { readonly newRunId: string; readonly found: ResetFound },
  nowMs: number,
): Decision<ResetReply> {
  const { found, newRunId } = request;
  if (found.kind === "begun") return unchanged({ runId: found.runId });
  if (!found.reading.ok) return rejected("InvalidArgument", found.reading.message);
  const { source } = found.reading;
  const ending = current?.status === "RUNNING" ? endedBy(current, request, source, nowMs) : NO_CHANGES;
  const { newRun, dispatch } = resetRun(current, request, source, ending, nowMs);
  return { ok: true, changes: { ...ending, dispatch, newRun }, value: { runId: newRunId } };
}

function endedBy(
  current: Readonly<WorkflowState>,
  { reason, newRunId }: { readonly reason: string; readonly newRunId: string },
  source: ResetSource,
  nowMs: number,
): Changes {
  const isBase = current.identity.runId === source.baseRunId;
  const draft = new Draft(current, nowMs);
  appendTermination(draft, {
    reason: `reset: ${reason}`,
    identity: RESETTER_IDENTITY,
    resetRunId: newRunId,
    ...(isBase ? { childrenHandedOver: true } : { handedOverChildren: sharedChildren(current, source) }),
  });
  return draft.changes();
}

/** Open children of the run that ends which the new run has as well: both have taken over who started them. */
function sharedChildren(current: Readonly<WorkflowState>, { kept, writerRunId }: ResetSource): readonly number[] {
  return Object.values(current.children)
    .map((child) => child.initiatedEventId)
    .filter(
      (id) => kept.children[id] && writerOf(current, id) === (writerIn(kept.copiedFrom ?? [], id) ?? writerRunId),
    );
}

interface Begun {
  readonly newRun: NewRun;
  /** Activities of the new run whose tasks are to be sent. */
  readonly dispatch: readonly number[];
}

function resetRun(
  current: Readonly<WorkflowState> | undefined,
  request: ResetRequest & { readonly newRunId: string },
  source: ResetSource,
  ending: Changes,
  nowMs: number,
): Begun {
  const { kept, baseRunId, writerRunId } = source;
  const exclude = new Set(request.reapplyExclude);
  const draft = new Draft(kept, nowMs);
  const requestIds = (current ? inheritedRequestIds(current) : []).filter(
    (id) => !isAppliedAgain(id, kept, source, ending, exclude),
  );
  // Others know what the kept history did under the run that wrote it, which a reset before this one may have ended.
  failTask(draft, kept, { ...request, baseRunId: writerRunId }, requestIds);
  const reapplied = new ReappliedEvents(draft, kept, exclude);
  const moved = reapply(reapplied, current, source, ending);
  draft.ensureWorkflowTask();
  for (const { scheduledEventId } of openActivities(kept)) draft.dispatch(scheduledEventId);
  const { events, dispatch } = draft.changes();
  const copied = { runId: baseRunId, upToEventId: kept.nextEventId - 1, state: kept };
  return {
    newRun: { identity: kept.identity, events, copied, ...(moved.length > 0 ? { admitted: moved } : {}) },
    dispatch,
  };
}

/** Ends the task that the kept history leaves open; the event says for replay what the new run is. */
function failTask(
  draft: Draft,
  kept: Readonly<WorkflowState>,
  request: { readonly baseRunId: string; readonly newRunId: string; readonly reason: string },
  requestIds: readonly string[],
): void {
  const task = kept.workflowTask;
  if (!task) throw new Error(`run ${request.baseRunId}: the reset point leaves no workflow task open`);
  const { scheduledEventId } = task;
  const startedEventId =
    task.startedEventId ?? draft.append("WorkflowTaskStarted", taskStarted(kept, scheduledEventId));
  draft.endWorkflowTask("WorkflowTaskFailed", {
    scheduledEventId,
    startedEventId,
    cause: "RESET_WORKFLOW",
    failure: { message: request.reason, source: SERVICE_FAILURE_SOURCE, resetWorkflowFailureInfo: {} },
    identity: SERVICE_IDENTITY,
    baseRunId: request.baseRunId,
    newRunId: request.newRunId,
    ...(requestIds.length > 0 ? { inheritedRequestIds: requestIds } : {}),
  });
  draft.flushBuffered();
}

/** Applies again what came after the point. Returns the updates that were with the current run in memory alone. */
function reapply(
  reapplied: ReappliedEvents,
  current: Readonly<WorkflowState> | undefined,
  source: ResetSource,
  ending: Changes,
): NonNullable<NewRun["admitted"]> {
  for (const event of source.later) reapplied.take(event);
  for (const event of [...source.sharedAnswers, ...source.laterOfChain]) reapplied.take(event);
  if (!current) return [];
  // What waited for a number has got it by the commit that ends the run.
  for (const event of lateEvents(current, source, ending)) reapplied.take(event);
  if (source.lastRunId !== current.identity.runId) return [];
  const inMemory = current.admittedUpdates.filter((update) => update.admittedEventId === undefined);
  return inMemory.map((update) => update.message).filter((message) => reapplied.admit(message));
}

/** Answers belong to the run that has asked: they are of use if that is the base run, or one that both come from. */
function lateEvents(
  { identity, copiedFrom }: Readonly<WorkflowState>,
  source: ResetSource,
  { events }: Changes,
): readonly HistoryEvent[] {
  if (identity.runId === source.baseRunId) return events;
  const isOfChain = identity.runId === source.lastRunId;
  return events.filter((event) => (isOfChain && isRequest(event)) || isSharedAnswer(event, source, copiedFrom));
}

/** Whether a request that was taken before is in the new run's history anyway. */
function isAppliedAgain(
  requestId: string,
  kept: Readonly<WorkflowState>,
  source: ResetSource,
  ending: Changes,
  exclude: ReadonlySet<ResetReapplyExcludeType>,
): boolean {
  if (kept.signalRequestIds[requestId]) return true;
  if (exclude.has("SIGNAL")) return false;
  const isIt = (event: HistoryEvent): boolean =>
    event.eventType === "WorkflowExecutionSignaled" && event.attributes.requestId === requestId;
  return source.later.some(isIt) || source.laterOfChain.some(isIt) || ending.events.some(isIt);
}
