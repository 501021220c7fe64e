/**
 * A tick: everything that is due at this moment, in one decision.
 *
 * Owns: the order. The run's own end first; then timers and activity timeouts, which may be buffered behind a workflow
 * task in flight; then the workflow task; then messages for activities nobody has claimed.
 */
import { activityDeadline, dispatchDeadlineMs, timeOutActivity } from "./activity.ts";
import { runTimeoutMs, workflowTaskDeadlineMs } from "./deadlines.ts";
import { type Decision, Draft } from "./draft.ts";
import type { NextRunFacts } from "./next-run.ts";
import { REDELIVERY_MAXIMUM_MS, outboxDeadlineMs } from "./outbox.ts";
import { timeOutRun } from "./run-end.ts";
import { type WorkflowState, openActivities } from "./state.ts";
import { fireTimer } from "./timer.ts";
import { timeOutWorkflowTask } from "./workflow-task-decision.ts";

/** Does what is due. `value` tells whether the workflow task in flight was given up. */
export function tick(
  state: Readonly<WorkflowState>,
  facts: NextRunFacts,
  nowMs: number,
): Decision<{ readonly taskGivenUp: boolean }> {
  const draft = new Draft(state, nowMs);
  if (isDue(outboxDeadlineMs(state), draft.nowMs)) draft.redeliverAt(draft.nowMs + REDELIVERY_MAXIMUM_MS);
  if (state.status !== "RUNNING") return draft.decide({ taskGivenUp: false });
  if (isDue(runTimeoutMs(state), draft.nowMs)) {
    timeOutRun(draft, state, facts);
    return draft.decide({ taskGivenUp: true });
  }
  const fired = fireTimers(draft, state);
  const { timedOut, closed } = timeOutActivities(draft, state);
  // One workflow task for all of it: whatever came after its start would have to wait for the next.
  if (fired || closed) draft.ensureWorkflowTask();
  if (draft.closed) return draft.decide({ taskGivenUp: false });
  const taskGivenUp = moveWorkflowTask(draft, state);
  for (const activity of openActivities(state)) {
    if (timedOut.has(activity.scheduledEventId)) continue;
    if (isDue(dispatchDeadlineMs(state, activity), draft.nowMs)) draft.dispatch(activity.scheduledEventId);
  }
  draft.dispatchedUpToNow();
  return draft.decide({ taskGivenUp });
}

function isDue(atMs: number | undefined, nowMs: number): boolean {
  return atMs !== undefined && atMs <= nowMs;
}

function fireTimers(draft: Draft, state: Readonly<WorkflowState>): boolean {
  const due = Object.values(state.timers).filter((timer) => isDue(timer.fireTimeMs, draft.nowMs));
  due.sort((a, b) => a.fireTimeMs - b.fireTimeMs || a.startedEventId - b.startedEventId);
  for (const timer of due) fireTimer(draft, timer);
  return due.length > 0;
}

interface TimedOutActivities {
  readonly timedOut: ReadonlySet<number>;
  /** Whether one of them has closed, which the workflow must see. */
  readonly closed: boolean;
}

function timeOutActivities(draft: Draft, state: Readonly<WorkflowState>): TimedOutActivities {
  const timedOut = new Set<number>();
  let closed = false;
  for (const activity of openActivities(state)) {
    const deadline = activityDeadline(activity);
    if (!deadline || deadline.atMs > draft.nowMs) continue;
    if (timeOutActivity(draft, activity, deadline.timeoutType)) closed = true;
    timedOut.add(activity.scheduledEventId);
  }
  return { timedOut, closed };
}

function moveWorkflowTask(draft: Draft, state: Readonly<WorkflowState>): boolean {
  const task = state.workflowTask;
  if (!isDue(workflowTaskDeadlineMs(state), draft.nowMs)) return false;
  if (!task) {
    draft.flushBuffered();
    draft.ensureWorkflowTask();
    return false;
  }
  if (task.startedEventId === undefined) {
    draft.startRetriedTask(task);
    return false;
  }
  timeOutWorkflowTask(draft, task);
  return true;
}
