/** Drives the workflows of `scenarios/failures.ts`. */
import * as workflows from "../scenarios/failures.ts";
import type { Scenario } from "../worker/stage.ts";

const group = "failures";
const failed = ["WORKFLOW_EXECUTION_FAILED"];
const taskFailed = ["WORKFLOW_TASK_FAILED", "WORKFLOW_EXECUTION_COMPLETED"];

function fails(name: string, workflow: () => Promise<unknown>): Scenario {
  return { name, group, shows: failed, drive: async (stage) => void (await stage.failureOf(stage.execute(workflow))) };
}

/** Its code is mended once it has failed a task. */
function mended(name: string, workflow: () => Promise<unknown>): Scenario {
  return {
    name,
    group,
    shows: taskFailed,
    drive: async (stage) => {
      const handle = await stage.start(workflow);
      await stage.untilEvent(handle.workflowId, "WORKFLOW_TASK_FAILED");
      stage.raise(`${handle.workflowId}/mended`);
      await handle.result();
    },
  };
}

export const failureScenarios: readonly Scenario[] = [
  fails("failure-in-detail", workflows.failsInDetail),
  { ...fails("failure-in-clear", workflows.failsInDetail), inClear: true },
  fails("activity-failure-passed-on", workflows.passesActivityFailureOn),
  fails("activity-failure-wrapped", workflows.wrapsActivityFailure),
  fails("timeout-failure-thrown", workflows.throwsTimeoutFailure),
  fails("failure-by-own-class", workflows.failsByOwnClass),
  {
    name: "failure-by-any-error",
    group,
    shows: failed,
    drive: async (stage) => {
      const handle = await stage.start(workflows.failsByAnyError);
      await handle.signal(workflows.upset, "now");
      await stage.failureOf(handle.result());
    },
  },
  {
    name: "failure-classes",
    group,
    shows: ["WORKFLOW_EXECUTION_COMPLETED"],
    drive: async (stage) => void (await stage.execute(workflows.knowsClasses)),
  },
  mended("task-failed-then-mended", workflows.isMended),
  mended("rejection-then-mended", workflows.isMendedRejection),
];
