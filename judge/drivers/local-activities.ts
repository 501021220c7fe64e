/** Drives the workflows of `scenarios/local-activities.ts`. */
import * as workflows from "../scenarios/local-activities.ts";
import type { Scenario } from "../worker/stage.ts";

const group = "local activities";
const marker = ["MARKER_RECORDED"];

type CancellationType = Parameters<typeof workflows.cancelsLocally>[0];

function cancels(type: CancellationType): Scenario {
  return {
    name: `cancel-local-activity-${type.toLowerCase().replaceAll("_", "-")}`,
    group,
    shows: marker,
    drive: async (stage) => void (await stage.execute(workflows.cancelsLocally, { args: [type, stage.id("local")] })),
  };
}

function alone(name: string, workflow: () => Promise<unknown>, shows: readonly string[] = marker): Scenario {
  return { name, group, shows, drive: async (stage) => void (await stage.execute(workflow)) };
}

export const localActivityScenarios: readonly Scenario[] = [
  alone("local-activities", workflows.runsLocally),
  { ...alone("local-activities-in-clear", workflows.runsLocally), inClear: true },
  alone("local-and-other-activities", workflows.mixesActivities, [...marker, "ACTIVITY_TASK_COMPLETED"]),
  {
    name: "local-activities-in-parallel",
    group,
    shows: marker,
    drive: async (stage) => {
      const prefix = stage.id("local");
      const handle = await stage.start(workflows.runsLocallyInParallel, { args: [prefix] });
      for (const name of ["b", "c", "a"]) {
        await stage.flag(`${prefix}/${name}/begun`);
        stage.raise(`${prefix}/${name}/end`, name);
        await scheduler.wait(30);
      }
      stage.expect(await handle.result(), ["b", "c", "a"]);
    },
  },
  {
    name: "local-activities-beside-a-long-one",
    group,
    shows: marker,
    drive: async (stage) => {
      const flag = stage.id("local");
      const handle = await stage.start(workflows.chainsBesideLongOne, { args: [flag] });
      await stage.flag(`${flag}/chained`);
      stage.raise(`${flag}/end`, "long");
      await handle.result();
    },
  },
  alone("local-activity-failures", workflows.failsLocally),
  alone("local-activity-retries", workflows.retriesLocally),
  alone("local-activity-backoff", workflows.backsOffDurably, [...marker, "TIMER_FIRED"]),
  alone("local-activity-backoff-cancelled", workflows.cancelsBackoff, [...marker, "TIMER_CANCELED"]),
  cancels("TRY_CANCEL"),
  cancels("WAIT_CANCELLATION_COMPLETED"),
  cancels("ABANDON"),
  alone("cancel-local-activity-at-once", workflows.cancelsLocallyAtOnce),
  {
    name: "local-activity-heartbeats-the-task",
    group,
    shows: marker,
    drive: async (stage) => {
      const options = { args: [2_600], workflowTaskTimeout: "1 second" } as const;
      await stage.execute(workflows.runsLong, options);
    },
  },
  {
    name: "task-heartbeats-while-poked",
    group,
    shows: [...marker, "WORKFLOW_EXECUTION_SIGNALED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.runsLongWhenPoked, { args: [2_100], workflowTaskTimeout: "1 second" });
      await stage.untilEvent(handle.workflowId, "WORKFLOW_TASK_COMPLETED");
      await handle.signal(workflows.poke, "between heartbeats");
      await handle.result();
    },
  },
  {
    name: "signals-during-local-activity",
    group,
    shows: [...marker, "WORKFLOW_EXECUTION_SIGNALED"],
    drive: async (stage) => {
      const flag = stage.id("local");
      const handle = await stage.start(workflows.isPokedMeanwhile, { args: [flag], workflowTaskTimeout: "2 seconds" });
      await stage.flag(`${flag}/begun`);
      await handle.signal(workflows.poke, "one");
      await handle.signal(workflows.poke, "two");
      stage.raise(`${flag}/end`, "met");
      await handle.result();
    },
  },
  {
    name: "local-activities-race-timers",
    group,
    shows: [...marker, "TIMER_FIRED"],
    drive: async (stage) => void (await stage.execute(workflows.racesLocally, { args: [stage.id("local")] })),
  },
  alone("local-activities-move-the-clock", workflows.readsClockLocally),
  {
    name: "local-activity-left-behind",
    group,
    shows: marker,
    drive: async (stage) => {
      const flag = stage.id("local");
      stage.expect(await stage.execute(workflows.leavesLocalBehind, { args: [flag] }), "left");
      stage.raise(`${flag}/end`);
    },
  },
  alone("local-activity-options", workflows.setsLocalOptions),
];
