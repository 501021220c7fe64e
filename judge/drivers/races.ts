/**
 * Drives the workflows of `scenarios/races.ts`.
 *
 * Owns: the moments. A task is held after its code has run and before the service knows; what is sent then arrives
 * during the task.
 */
import type { WorkflowHandle } from "holdfast/client";

import * as workflows from "../scenarios/races.ts";
import type { Scenario, Stage } from "../worker/stage.ts";

const group = "races";
const signaled = "WORKFLOW_EXECUTION_SIGNALED";
const refused = "WORKFLOW_TASK_FAILED";
const { ask, ring, stop } = workflows;

type CancellationType = Parameters<typeof workflows.cancelsEndingActivity>[1];

/** Starts, waits for the first task to be done, runs `before`, holds the second task, and does `meanwhile`. */
async function meanwhile<W extends (...args: never[]) => Promise<unknown>>(
  stage: Stage,
  workflow: W,
  args: Parameters<W>,
  steps: {
    readonly before: (handle: WorkflowHandle<W>) => Promise<unknown>;
    readonly meanwhile: (handle: WorkflowHandle<W>) => Promise<unknown>;
  },
): Promise<WorkflowHandle<W>> {
  const hold = stage.hold(stage.id(), 2, "after");
  const handle = await stage.start(workflow, { args });
  await stage.untilEvent(handle.workflowId, "WORKFLOW_TASK_COMPLETED");
  await steps.before(handle);
  await hold.reached();
  await steps.meanwhile(handle);
  hold.release();
  return handle;
}

function endingActivity(type: CancellationType): Scenario {
  return {
    name: `activity-ends-while-cancelled-${type.toLowerCase().replaceAll("_", "-")}`,
    group,
    shows: [signaled],
    drive: async (stage) => {
      const flag = stage.id("activity");
      const handle = await meanwhile(stage, workflows.cancelsEndingActivity, [flag, type], {
        before: async (handle) => {
          await stage.flag(`${flag}/begun`);
          await handle.signal(stop);
        },
        meanwhile: async () => {
          stage.raise(`${flag}/end`, "ended by itself");
          await scheduler.wait(60);
        },
      });
      await handle.result();
    },
  };
}

/** Ends in its first task, during which a signal comes. */
function endsAtOnce(kind: "complete" | "fail"): Scenario {
  return {
    name: `signal-while-${kind}`,
    group,
    shows: [signaled, refused],
    drive: async (stage) => {
      const hold = stage.hold(stage.id(), 1, "after");
      const handle = await stage.start(workflows.endsAtOnce, { args: [kind] });
      await hold.reached();
      await handle.signal(ring, "just in time");
      hold.release();
      await Promise.allSettled([handle.result()]);
    },
  };
}

const OVERDUE_MS = 40;

export const raceScenarios: readonly Scenario[] = [
  {
    name: "timer-fires-while-cancelled",
    group,
    shows: ["TIMER_CANCELED"],
    drive: async (stage) => {
      const handle = await meanwhile(stage, workflows.cancelsFiringTimer, [300], {
        before: async (handle) => await handle.signal(stop),
        meanwhile: async () => await scheduler.wait(300 + OVERDUE_MS),
      });
      await handle.result();
    },
  },
  endsAtOnce("complete"),
  endsAtOnce("fail"),
  {
    name: "signal-while-cancelled-closes",
    group,
    shows: [signaled, refused, "WORKFLOW_EXECUTION_CANCELED"],
    drive: async (stage) => {
      const handle = await meanwhile(stage, workflows.endsAtOnce, ["cancel"], {
        before: async (handle) => await handle.cancel(),
        meanwhile: async (handle) => await handle.signal(ring, "in vain"),
      });
      await stage.failureOf(handle.result());
    },
  },
  {
    name: "signals-until-the-end",
    group,
    shows: [signaled, refused],
    drive: async (stage) => {
      const holds = [2, 3].map((task) => stage.hold(stage.id(), task, "after"));
      const handle = await stage.start(workflows.endsAfterRing);
      await stage.untilEvent(handle.workflowId, "WORKFLOW_TASK_COMPLETED");
      await handle.signal(ring, "first");
      for (const [index, hold] of holds.entries()) {
        await hold.reached();
        await handle.signal(ring, `during task ${index + 2}`);
        hold.release();
      }
      stage.expect((await handle.result()).heard, ["first", "during task 2", "during task 3"]);
    },
  },
  {
    name: "handler-continues-as-new",
    group,
    shows: ["WORKFLOW_EXECUTION_CONTINUED_AS_NEW"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.continuesFromHandler, { args: [true] });
      await stage.untilEvent(handle.workflowId, "TIMER_STARTED");
      await handle.signal(ring, "go on");
      stage.expect(await handle.result(), "the next run");
      stage.judge(handle.workflowId);
    },
  },
  {
    name: "signal-and-timer-in-one-task",
    group,
    shows: [signaled, "TIMER_FIRED"],
    drive: async (stage) => {
      const hold = stage.hold(stage.id(), 2, "before");
      const handle = await stage.start(workflows.waitsForEither, { args: [200] });
      await stage.untilEvent(handle.workflowId, "TIMER_STARTED");
      // An unheard signal starts the second task; the timers fire and the ring comes while it is held.
      await handle.signal("unheard");
      await hold.reached();
      await scheduler.wait(200 + OVERDUE_MS);
      await handle.signal(ring, "rung");
      hold.release();
      await handle.result();
    },
  },
  {
    name: "everything-in-one-task",
    group,
    shows: [signaled, "TIMER_FIRED", "ACTIVITY_TASK_COMPLETED", "WORKFLOW_EXECUTION_CANCEL_REQUESTED"],
    drive: async (stage) => {
      const flag = stage.id("activity");
      const hold = stage.hold(stage.id(), 2, "before");
      const handle = await stage.start(workflows.takesEverything, { args: [flag, 250] });
      await Promise.all(["first", "second"].map(async (name) => await stage.flag(`${flag}/${name}/begun`)));
      await handle.signal("unheard");
      await hold.reached();
      stage.raise(`${flag}/first/end`);
      await scheduler.wait(250 + OVERDUE_MS);
      await handle.signal(ring, "one");
      await handle.cancel();
      await handle.signal(ring, "two");
      stage.raise(`${flag}/second/end`);
      await scheduler.wait(OVERDUE_MS);
      hold.release();
      await Promise.allSettled([handle.result()]);
    },
  },
  endingActivity("TRY_CANCEL"),
  endingActivity("WAIT_CANCELLATION_COMPLETED"),
  endingActivity("ABANDON"),
  {
    name: "cancel-while-completing",
    group,
    shows: ["WORKFLOW_EXECUTION_CANCEL_REQUESTED", refused],
    drive: async (stage) => {
      const handle = await meanwhile(stage, workflows.completesWhileCancelled, [], {
        before: async (handle) => await handle.signal(stop),
        meanwhile: async (handle) => await handle.cancel(),
      });
      stage.expect(await handle.result(), "completed");
    },
  },
  {
    name: "update-while-closing",
    group,
    shows: [signaled],
    drive: async (stage) => {
      let update: Promise<unknown> = Promise.resolve();
      const handle = await meanwhile(stage, workflows.closesOnUpdate, [], {
        before: async (handle) => await handle.signal(stop),
        meanwhile: async (handle) => {
          update = handle.executeUpdate(ask, { args: ["too late?"] });
          void update.catch(() => undefined);
          await scheduler.wait(OVERDUE_MS);
        },
      });
      await handle.result();
      await Promise.allSettled([update]);
    },
  },
  {
    name: "update-accepted-while-closing",
    group,
    shows: ["WORKFLOW_EXECUTION_UPDATE_ACCEPTED", "WORKFLOW_EXECUTION_COMPLETED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.closesWithinUpdate);
      await stage.failureOf(handle.executeUpdate(ask, { args: ["close"] }));
      stage.expect(await handle.result(), "closed first");
    },
  },
  {
    name: "signal-and-cancel-in-one-task",
    group,
    shows: [signaled, "WORKFLOW_EXECUTION_CANCEL_REQUESTED"],
    drive: async (stage) => {
      const hold = stage.hold(stage.id(), 1, "after");
      const handle = await stage.start(workflows.isRungAndCancelled);
      await hold.reached();
      await handle.cancel();
      await handle.signal(ring, "enough");
      hold.release();
      await handle.result();
    },
  },
  {
    name: "child-ends-while-cancelled",
    group,
    shows: ["CHILD_WORKFLOW_EXECUTION_COMPLETED"],
    drive: async (stage) => {
      const childId = stage.id("child");
      const hold = stage.hold(stage.id(), 3, "after");
      const handle = await stage.start(workflows.cancelsEndingChild, { args: [childId] });
      await stage.untilEvent(handle.workflowId, "CHILD_WORKFLOW_EXECUTION_STARTED");
      await stage.untilEvent(handle.workflowId, "WORKFLOW_TASK_COMPLETED", 2);
      await handle.signal(stop);
      await hold.reached();
      const child = stage.client.workflow.getHandle(childId);
      await child.signal(ring, "end");
      await child.result();
      await scheduler.wait(OVERDUE_MS);
      hold.release();
      await handle.result();
    },
  },
  {
    name: "terminated-during-task",
    group,
    shows: ["WORKFLOW_EXECUTION_TERMINATED"],
    drive: async (stage) => {
      const handle = await meanwhile(stage, workflows.isRungAndCancelled, [], {
        before: async (handle) => await handle.signal(ring, "enough"),
        meanwhile: async (handle) => await handle.terminate("enough of it"),
      });
      await stage.failureOf(handle.result());
    },
  },
  {
    name: "workflow-task-times-out",
    group,
    shows: ["WORKFLOW_TASK_TIMED_OUT", "WORKFLOW_EXECUTION_COMPLETED"],
    drive: async (stage) => {
      const hold = stage.hold(stage.id(), 2, "before");
      const handle = await stage.start(workflows.isRungAndCancelled, { workflowTaskTimeout: "1 second" });
      await stage.untilEvent(handle.workflowId, "WORKFLOW_TASK_COMPLETED");
      await handle.signal(ring, "first");
      await hold.reached();
      await stage.untilEvent(handle.workflowId, "WORKFLOW_TASK_TIMED_OUT");
      await handle.signal(ring, "enough");
      hold.release();
      stage.expect((await handle.result()).at(-1), "rung");
    },
  },
];
