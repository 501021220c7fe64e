/** Drives the workflows of `scenarios/time.ts`. */
import * as workflows from "../scenarios/time.ts";
import type { Scenario } from "../worker/stage.ts";

const group = "time";
const fired = ["TIMER_FIRED"];

export const timeScenarios: readonly Scenario[] = [
  {
    name: "sleep-spellings",
    group,
    shows: fired,
    drive: async (stage) => void (await stage.execute(workflows.sleepsInAllSpellings)),
  },
  {
    name: "global-timeouts",
    group,
    shows: ["TIMER_FIRED", "TIMER_CANCELED"],
    drive: async (stage) =>
      stage.expect(await stage.execute(workflows.setsGlobalTimeouts), ["second", "first", "last"]),
  },
  {
    name: "global-timeouts-cleared-late",
    group,
    shows: ["TIMER_FIRED", "TIMER_CANCELED"],
    drive: async (stage) => stage.expect(await stage.execute(workflows.clearsTimeoutsLate), []),
  },
  {
    name: "timer-cancelled-before-flush",
    group,
    shows: fired,
    drive: async (stage) => stage.expect(await stage.execute(workflows.cancelsTimerBeforeFlush), ["cancelled"]),
  },
  {
    name: "timer-cancelled-after-flush",
    group,
    shows: ["TIMER_CANCELED"],
    drive: async (stage) => stage.expect(await stage.execute(workflows.cancelsTimerAfterFlush), ["cancelled"]),
  },
  {
    name: "fired-timer-cancelled",
    group,
    shows: fired,
    drive: async (stage) => stage.expect(await stage.execute(workflows.cancelsFiredTimer), "done"),
  },
  {
    name: "condition-timeouts",
    group,
    shows: ["TIMER_FIRED", "TIMER_CANCELED"],
    drive: async (stage) =>
      stage.expect(await stage.execute(workflows.conditionsWithTimeouts), [false, true, true, null]),
  },
  {
    name: "condition-with-zero",
    group,
    shows: ["TIMER_FIRED", "MARKER_RECORDED"],
    drive: async (stage) => stage.expect(await stage.execute(workflows.conditionWithZero), [false, true, false]),
  },
  {
    name: "timers-in-parallel",
    group,
    shows: fired,
    drive: async (stage) => stage.expect(await stage.execute(workflows.sleepsInParallel), [5, 45, 90]),
  },
  {
    name: "timer-against-activity",
    group,
    shows: ["TIMER_FIRED", "ACTIVITY_TASK_CANCEL_REQUESTED"],
    drive: async (stage) => {
      const result = await stage.execute(workflows.racesTimer, { args: [stage.id("slow")] });
      stage.expect(result, ["activity", ["timer", "cancelled"]]);
    },
  },
  {
    name: "clock",
    group,
    shows: fired,
    drive: async (stage) => void (await stage.execute(workflows.readsClock)),
  },
  {
    name: "timer-of-a-year",
    group,
    shows: ["TIMER_CANCELED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.waitsAYear);
      await stage.untilEvent(handle.workflowId, "TIMER_STARTED");
      await handle.signal(workflows.wake, "at last");
      stage.expect(await handle.result(), "woken: at last");
    },
  },
];
