/** Drives the workflows of `scenarios/pauses.ts`. */
import * as workflows from "../scenarios/pauses.ts";
import type { Scenario } from "../worker/stage.ts";

const group = "pauses";
const paused = "WORKFLOW_EXECUTION_PAUSED";
const unpaused = "WORKFLOW_EXECUTION_UNPAUSED";

export const pauseScenarios: readonly Scenario[] = [
  {
    name: "paused-at-work",
    group,
    shows: [paused, unpaused, "ACTIVITY_TASK_COMPLETED", "TIMER_FIRED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.worksThroughPauses);
      await stage.untilEvent(handle.workflowId, "ACTIVITY_TASK_COMPLETED");
      await handle.pause("look first");
      await handle.signal(workflows.jot, "go on");
      await handle.unpause();
      // At once again, while its code runs.
      await handle.pause();
      await stage.untilEvent(handle.workflowId, paused, 2);
      await handle.signal(workflows.jot, "while paused");
      await handle.unpause("looked");
      await handle.signal(workflows.jot, "end");
      await handle.result();
    },
  },
  {
    name: "paused-twice-at-rest",
    group,
    shows: [paused, unpaused, "WORKFLOW_EXECUTION_SIGNALED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.waitsForOneNote);
      await stage.untilEvent(handle.workflowId, "WORKFLOW_TASK_COMPLETED");
      for (const reason of ["once", "twice"]) {
        await handle.pause(reason);
        await handle.unpause();
      }
      await handle.signal(workflows.jot, "end");
      await handle.result();
    },
  },
];
