/** Drives the workflows of `scenarios/intercepted.ts`. */
import * as workflows from "../scenarios/intercepted.ts";
import type { Scenario } from "../worker/stage.ts";

const group = "interceptors";

export const interceptedScenarios: readonly Scenario[] = [
  {
    name: "intercepted-commands",
    group,
    shows: ["CHILD_WORKFLOW_EXECUTION_COMPLETED", "MARKER_RECORDED", "TIMER_FIRED"],
    drive: async (stage) => {
      await stage.execute(workflows.interceptedParent, { args: [stage.id("child")] });
      stage.judge(stage.id("child"));
    },
  },
  {
    name: "intercepted-commands-in-clear",
    group,
    inClear: true,
    shows: ["CHILD_WORKFLOW_EXECUTION_COMPLETED"],
    drive: async (stage) => {
      await stage.execute(workflows.interceptedParent, { args: [stage.id("child")] });
      stage.judge(stage.id("child"));
    },
  },
  {
    name: "intercepted-messages",
    group,
    shows: ["WORKFLOW_EXECUTION_SIGNALED", "WORKFLOW_EXECUTION_UPDATE_COMPLETED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.interceptedHost);
      await handle.signal(workflows.knock, "from outside");
      await stage.failureOf(handle.executeUpdate(workflows.enter, { args: ["never"] }));
      await handle.executeUpdate(workflows.enter, { args: ["Ada"] });
      await handle.result();
    },
  },
  {
    name: "intercepted-continuation",
    group,
    shows: ["WORKFLOW_EXECUTION_CONTINUED_AS_NEW"],
    drive: async (stage) => {
      await stage.execute(workflows.interceptedRuns, { args: [1] });
      stage.judge(stage.id());
    },
  },
];
