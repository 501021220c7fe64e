/** Drives the workflows of `scenarios/determinism.ts`. */
import * as workflows from "../scenarios/determinism.ts";
import type { Scenario } from "../worker/stage.ts";

const group = "determinism";
const done = ["WORKFLOW_EXECUTION_COMPLETED"];

function alone(name: string, workflow: () => Promise<unknown>): Scenario {
  return { name, group, shows: done, drive: async (stage) => void (await stage.execute(workflow)) };
}

export const determinismScenarios: readonly Scenario[] = [
  {
    name: "draws",
    group,
    shows: done,
    drive: async (stage) => {
      const handle = await stage.start(workflows.drawsLots);
      await handle.signal(workflows.draw);
      await stage.untilEvent(handle.workflowId, "ACTIVITY_TASK_COMPLETED");
      await handle.signal(workflows.draw);
      await handle.result();
    },
  },
  {
    name: "random-streams",
    group,
    shows: done,
    drive: async (stage) => {
      const handle = await stage.start(workflows.drawsFromStreams);
      await handle.signal(workflows.draw);
      await stage.untilEvent(handle.workflowId, "ACTIVITY_TASK_COMPLETED");
      await handle.signal(workflows.draw);
      await handle.result();
    },
  },
  {
    name: "random-streams-in-scopes",
    group,
    shows: [...done, "TIMER_FIRED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.scopedDrawsFromStreams);
      await stage.untilEvent(handle.workflowId, "ACTIVITY_TASK_COMPLETED", 2);
      await handle.signal(workflows.draw);
      await handle.result();
    },
  },
  alone("chance-decides-commands", workflows.actsOnChance),
  alone("dates", workflows.readsDates),
  alone("refused-globals", workflows.isRefused),
  {
    name: "asynchronous-context",
    group,
    shows: done,
    drive: async (stage) => {
      const handle = await stage.start(workflows.keepsContext);
      await stage.untilEvent(handle.workflowId, "ACTIVITY_TASK_COMPLETED", 2);
      await handle.signal(workflows.draw);
      await handle.result();
    },
  },
  alone("returns-nothing", workflows.returnsNothing),
  alone("returns-bytes", workflows.returnsBytes),
  alone("order-of-promises", workflows.ordersPromises),
];
