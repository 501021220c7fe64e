/** Drives the workflows of `scenarios/activities.ts`. */
import * as workflows from "../scenarios/activities.ts";
import type { Scenario } from "../worker/stage.ts";

const group = "activities";
const done = ["ACTIVITY_TASK_COMPLETED"];

export const activityScenarios: readonly Scenario[] = [
  {
    name: "activity-result",
    group,
    shows: done,
    drive: async (stage) => stage.expect(await stage.execute(workflows.greets, { args: ["Ada"] }), "Hello, Ada!"),
  },
  {
    name: "activities-in-sequence",
    group,
    shows: done,
    drive: async (stage) => stage.expect(await stage.execute(workflows.sumsInSequence, { args: [6] }), 21),
  },
  {
    name: "activities-in-parallel",
    group,
    shows: done,
    drive: async (stage) => stage.expect(await stage.execute(workflows.sumsInParallel, { args: [5] }), [0, 2, 4, 6, 8]),
  },
  {
    name: "activity-values",
    group,
    shows: done,
    drive: async (stage) =>
      void (await stage.execute(workflows.carriesValues, { args: [{ when: "now", list: [true, null] }] })),
  },
  {
    name: "activity-values-in-clear",
    group,
    inClear: true,
    shows: done,
    drive: async (stage) => void (await stage.execute(workflows.carriesValues, { args: [[1, "two", { three: 3 }]] })),
  },
  {
    name: "activity-failures",
    group,
    shows: ["ACTIVITY_TASK_FAILED"],
    drive: async (stage) => void (await stage.execute(workflows.sees)),
  },
  {
    name: "activity-failures-in-clear",
    group,
    inClear: true,
    shows: ["ACTIVITY_TASK_FAILED"],
    drive: async (stage) => void (await stage.execute(workflows.sees)),
  },
  {
    name: "activity-retries-end",
    group,
    shows: ["ACTIVITY_TASK_FAILED"],
    drive: async (stage) => void (await stage.execute(workflows.endsRetries)),
  },
  {
    name: "activity-options",
    group,
    shows: done,
    drive: async (stage) => void (await stage.execute(workflows.setsOptions)),
  },
  {
    name: "activity-timeouts",
    group,
    shows: ["ACTIVITY_TASK_TIMED_OUT"],
    drive: async (stage) => void (await stage.execute(workflows.timesOut)),
  },
  {
    name: "activity-race",
    group,
    shows: done,
    drive: async (stage) => {
      const flags = [stage.id("slow"), stage.id("fast")] as const;
      const handle = await stage.start(workflows.racesActivities, { args: [flags] });
      await Promise.all(flags.map(async (name) => await stage.flag(`${name}/begun`)));
      stage.raise(`${flags[1]}/end`, "fast");
      stage.expect((await handle.result())[0], "fast");
    },
  },
  {
    name: "activity-option-checks",
    group,
    shows: done,
    drive: async (stage) => void (await stage.execute(workflows.checksOptions)),
  },
];
