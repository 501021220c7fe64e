/**
 * Activities of a workflow in an operator's hand: one by its id, or several at once.
 *
 * Owns: the interfaces. Workflow code sees nothing of what is done here.
 */
import type { ActivityOptionsUpdate, ActivityOptionsUpdateResult } from "./activity-options-update.ts";
import {
  type ActivityPauseOptions,
  type ActivityResetOptions,
  type ActivityUnpauseOptions,
  type OperatedActivities,
  type OperatedWorkflow,
  pendingActivity,
} from "./operator-requests.ts";
import type { WorkflowCalls } from "./workflow-calls.ts";
import type { PendingActivity } from "./workflow-description.ts";

/**
 * What can be done with an activity that is open. Every method rejects with `ActivityNotFoundError` if no activity of
 * the workflow with this id is.
 *
 * @example
 * const activity = client.workflow.getHandle("transfer-1").activity("withdraw");
 * await activity.pause({ reason: "the bank is down" });
 * await activity.updateOptions({ startToCloseTimeout: "5 minutes" });
 * await activity.unpause();
 */
export interface WorkflowActivityHandle {
  readonly activityId: string;
  /** No attempt begins until it is unpaused; one that runs is told, and may go on. Does nothing if it is paused. */
  pause(options?: ActivityPauseOptions): Promise<void>;
  /** The next attempt begins at once. Does nothing if it is not paused. */
  unpause(options?: ActivityUnpauseOptions): Promise<void>;
  /** Attempts are counted from one again. The next begins at once, or when the one that runs has failed; that is told. */
  reset(options?: ActivityResetOptions): Promise<void>;
  /** Changes what it is run with; gives what that is now. Rejects with `ValueError` if it could not be run with that. */
  updateOptions(options: ActivityOptionsUpdate): Promise<ActivityOptionsUpdateResult>;
  /** It is run with what it was scheduled with again, which is given. */
  restoreOriginalOptions(): Promise<ActivityOptionsUpdateResult>;
  /** Where it stands. */
  describe(): Promise<PendingActivity>;
}

/** Which activities of a workflow are meant: those of a type, or without one all. */
export interface WorkflowActivitiesSelector {
  readonly type?: string | undefined;
}

/**
 * What can be done with several activities that are open, in one step. Every method gives the ids of those it was about,
 * and rejects with `ActivityNotFoundError` if there are none.
 *
 * @example
 * const activities = client.workflow.getHandle("transfer-1").activities({ type: "withdraw" });
 * const paused = await activities.pause({ reason: "the bank is down" });
 */
export interface WorkflowActivities {
  pause(options?: ActivityPauseOptions): Promise<readonly string[]>;
  unpause(options?: ActivityUnpauseOptions): Promise<readonly string[]>;
  reset(options?: ActivityResetOptions): Promise<readonly string[]>;
  /** Gives what the last of them is run with now. Changes none if one of them could not be run with that. */
  updateOptions(options: ActivityOptionsUpdate): Promise<ActivityOptionsUpdateResult>;
  restoreOriginalOptions(): Promise<ActivityOptionsUpdateResult>;
}

/** Makes a handle of one activity. `calls` does the work. */
export function workflowActivityHandle(
  calls: Pick<WorkflowCalls, "operator" | "describe">,
  workflow: OperatedWorkflow,
  activityId: string,
): WorkflowActivityHandle {
  const { operator } = calls;
  const meant: OperatedActivities = { ...workflow, activity: { kind: "id", activityId } };
  const workflowExecution = { workflowId: workflow.workflowId, runId: workflow.run.runId };
  return {
    activityId,
    pause: async (options) => void (await operator.pauseActivity(meant, options)),
    unpause: async (options) => void (await operator.unpauseActivity(meant, options)),
    reset: async (options) => void (await operator.resetActivity(meant, options)),
    updateOptions: (options) => operator.updateActivityOptions(meant, options),
    restoreOriginalOptions: () => operator.restoreOriginalOptions(meant),
    describe: async () => pendingActivity(await calls.describe({ workflowExecution }), activityId),
  };
}

/** Makes a handle of several activities. `calls` does the work. */
export function workflowActivities(
  { operator }: Pick<WorkflowCalls, "operator">,
  workflow: OperatedWorkflow,
  { type }: WorkflowActivitiesSelector,
): WorkflowActivities {
  const activity = type === undefined ? ({ kind: "all" } as const) : ({ kind: "type", activityType: type } as const);
  const meant: OperatedActivities = { ...workflow, activity };
  return {
    pause: (options) => operator.pauseActivity(meant, options),
    unpause: (options) => operator.unpauseActivity(meant, options),
    reset: (options) => operator.resetActivity(meant, options),
    updateOptions: (options) => operator.updateActivityOptions(meant, options),
    restoreOriginalOptions: () => operator.restoreOriginalOptions(meant),
  };
}
