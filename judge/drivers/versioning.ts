/** Drives the workflows of `scenarios/versioning.ts`. */
import * as workflows from "../scenarios/versioning.ts";
import type { Scenario } from "../worker/stage.ts";

const group = "versioning";
const marker = ["MARKER_RECORDED"];

function alone(name: string, workflow: () => Promise<unknown>, shows: readonly string[] = marker): Scenario {
  return { name, group, shows, drive: async (stage) => void (await stage.execute(workflow)) };
}

export const versioningScenarios: readonly Scenario[] = [
  alone("patched", workflows.isPatched, [...marker, "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES"]),
  { ...alone("patched-in-clear", workflows.isPatched), inClear: true },
  alone("patched-several-times", workflows.isPatchedTwice),
  alone("patch-deprecated", workflows.isDeprecated),
  {
    name: "patched-in-a-loop",
    group,
    shows: marker,
    drive: async (stage) => {
      const handle = await stage.start(workflows.asksInLoop);
      for (let turn = 1; turn <= 3; turn += 1) {
        await handle.signal(workflows.again);
        await stage.untilEvent(handle.workflowId, "MARKER_RECORDED", turn);
      }
      stage.expect(await handle.result(), [true, true, true]);
    },
  },
  {
    name: "patched-everywhere",
    group,
    shows: marker,
    drive: async (stage) => {
      const handle = await stage.start(workflows.asksEverywhere);
      await stage.untilEvent(handle.workflowId, "WORKFLOW_TASK_COMPLETED");
      await handle.signal(workflows.again);
      await handle.result();
    },
  },
  alone("old-history-new-code", workflows.wasNotPatched, ["ACTIVITY_TASK_COMPLETED"]),
  alone("patched-history-deprecating-code", workflows.wasPatched),
  alone("deprecated-history-code-without-patch", workflows.wasDeprecated),
];
