/** Drives the workflows of `scenarios/cancellation.ts`. */
import * as workflows from "../scenarios/cancellation.ts";
import type { Answer } from "../worker/activities.ts";
import type { Scenario } from "../worker/stage.ts";

const group = "cancellation";

type CancellationType = Parameters<typeof workflows.cancelsActivity>[0];

/** A workflow that is cancelled once its first timer runs; how it ends is its own affair. */
function cancelled(name: string, workflow: () => Promise<unknown>, shows: readonly string[]): Scenario {
  return {
    name,
    group,
    shows: ["WORKFLOW_EXECUTION_CANCEL_REQUESTED", ...shows],
    drive: async (stage) => {
      const handle = await stage.start(workflow);
      await stage.untilEvent(handle.workflowId, "WORKFLOW_TASK_COMPLETED");
      await handle.cancel();
      await Promise.allSettled([handle.result()]);
    },
  };
}

function ofActivity(type: CancellationType, answer: Answer, shows: readonly string[]): Scenario {
  return {
    name: `cancel-activity-${type.toLowerCase().replaceAll("_", "-")}-${answer}`,
    group,
    shows,
    drive: async (stage) => {
      const flag = stage.id("activity");
      const handle = await stage.start(workflows.cancelsActivity, { args: [type, answer, flag] });
      await stage.flag(`${flag}/begun`);
      stage.raise(`${flag}/driver/end`);
      // An activity that does not listen is ended by its driver, but only once its cancellation is on record.
      if (type === "WAIT_CANCELLATION_COMPLETED" && answer === "ignore") {
        await stage.untilEvent(handle.workflowId, "ACTIVITY_TASK_CANCEL_REQUESTED");
        stage.raise(`${flag}/end`, "finished anyway");
      }
      await handle.result();
    },
  };
}

function alone(name: string, workflow: () => Promise<unknown>, shows: readonly string[]): Scenario {
  return { name, group, shows, drive: async (stage) => void (await stage.execute(workflow)) };
}

const requested = ["ACTIVITY_TASK_CANCEL_REQUESTED"];

export const cancellationScenarios: readonly Scenario[] = [
  cancelled("cancel-uncaught", workflows.sleepsUntilCancelled, ["WORKFLOW_EXECUTION_CANCELED"]),
  cancelled("cancel-cleaned-up", workflows.cleansUp, ["WORKFLOW_EXECUTION_COMPLETED"]),
  cancelled("cancel-rethrown-after-cleanup", workflows.cleansUpAndRethrows, ["WORKFLOW_EXECUTION_CANCELED"]),
  cancelled("cancel-failed", workflows.failsWhenCancelled, ["WORKFLOW_EXECUTION_FAILED"]),
  cancelled("cancel-survived", workflows.survivesCancellation, ["WORKFLOW_EXECUTION_COMPLETED"]),
  {
    name: "cancelled-failure-thrown",
    group,
    shows: ["WORKFLOW_EXECUTION_FAILED"],
    drive: async (stage) => void (await stage.failureOf(stage.execute(workflows.throwsCancelledFailure))),
  },
  {
    name: "cancel-during-first-task",
    group,
    shows: ["WORKFLOW_EXECUTION_CANCELED"],
    drive: async (stage) => {
      const hold = stage.hold(stage.id(), 1, "before");
      const handle = await stage.start(workflows.sleepsUntilCancelled);
      await hold.reached();
      await handle.cancel();
      hold.release();
      await stage.failureOf(handle.result());
    },
  },
  ofActivity("TRY_CANCEL", "rethrow", requested),
  ofActivity("TRY_CANCEL", "complete", requested),
  ofActivity("WAIT_CANCELLATION_COMPLETED", "rethrow", [...requested, "ACTIVITY_TASK_CANCELED"]),
  ofActivity("WAIT_CANCELLATION_COMPLETED", "complete", requested),
  ofActivity("WAIT_CANCELLATION_COMPLETED", "fail", [...requested, "ACTIVITY_TASK_FAILED"]),
  ofActivity("WAIT_CANCELLATION_COMPLETED", "ignore", requested),
  ofActivity("ABANDON", "ignore", ["ACTIVITY_TASK_SCHEDULED"]),
  alone("cancel-before-sending", workflows.cancelsBeforeSending, ["ACTIVITY_TASK_COMPLETED"]),
  alone("cancelled-scope-refuses", workflows.asksTooLate, ["ACTIVITY_TASK_COMPLETED"]),
  alone("scope-with-timeout", workflows.limitsTime, ["TIMER_FIRED", "TIMER_CANCELED"]),
  alone("nested-scopes", workflows.nestsScopes, ["TIMER_CANCELED", "TIMER_FIRED"]),
  alone("shielded-scope-cancelled", workflows.cancelsShieldedScope, ["TIMER_STARTED"]),
  alone("triggers-cancelled", workflows.cancelsTriggers, ["TIMER_FIRED"]),
  alone("awaited-elsewhere", workflows.awaitsElsewhere, ["TIMER_CANCELED"]),
];
