/** Drives the workflows of `scenarios/messages.ts`. */
import { WithStartWorkflowOperation } from "holdfast/client";

import * as workflows from "../scenarios/messages.ts";
import type { Scenario } from "../worker/stage.ts";

const group = "messages";
const signaled = "WORKFLOW_EXECUTION_SIGNALED";
const accepted = "WORKFLOW_EXECUTION_UPDATE_ACCEPTED";
const completed = "WORKFLOW_EXECUTION_UPDATE_COMPLETED";
const { append, finish, note, notes, other, rename } = workflows;

export const messageScenarios: readonly Scenario[] = [
  {
    name: "signals-before-handlers",
    group,
    shows: [signaled],
    drive: async (stage) => {
      const handle = await stage.start(workflows.handlesLate);
      for (const text of ["one", "two"]) await handle.signal(note, text);
      await handle.signal(other, "three");
      await handle.signal(note, "four");
      await handle.signal(finish);
      stage.expect((await handle.result()).at(-1), "finish");
    },
  },
  {
    name: "signals-one-by-one",
    group,
    shows: [signaled],
    drive: async (stage) => {
      const handle = await stage.start(workflows.handlesOneByOne);
      for (const text of ["a", "b", "c", "d"]) await handle.signal(note, text);
      await handle.signal(finish);
      await handle.result();
    },
  },
  {
    name: "default-signal-handler",
    group,
    shows: [signaled],
    drive: async (stage) => {
      const handle = await stage.start(workflows.handlesByDefault);
      await handle.signal(other, "x");
      await handle.signal("unheard-of", 1, { two: 2 });
      await handle.signal(note, "known");
      await stage.untilEvent(handle.workflowId, "TIMER_FIRED");
      await handle.signal("late-and-unheard-of");
      await handle.signal(finish);
      await handle.result();
    },
  },
  {
    name: "asynchronous-signal-handlers",
    group,
    shows: [signaled, "ACTIVITY_TASK_COMPLETED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.handlesAsynchronously);
      for (const text of ["one", "two", "three"]) await handle.signal(note, text);
      await handle.signal(finish);
      await handle.result();
    },
  },
  {
    name: "handlers-take-turns",
    group,
    shows: [signaled],
    drive: async (stage) => {
      const hold = stage.hold(stage.id(), 1, "after");
      const handle = await stage.start(workflows.takesTurns);
      await hold.reached();
      for (const text of ["one", "two", "three"]) await handle.signal(note, text);
      await handle.signal(finish);
      hold.release();
      await handle.result();
    },
  },
  {
    name: "signal-handler-fails-workflow",
    group,
    shows: [signaled, "WORKFLOW_EXECUTION_FAILED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.failsInSignal);
      await handle.signal(note, "noise");
      await stage.failureOf(handle.result());
    },
  },
  {
    name: "signal-resolves-trigger",
    group,
    shows: [signaled],
    drive: async (stage) => {
      const handle = await stage.start(workflows.resolvesTrigger);
      await handle.signal(note, "now");
      stage.expect(await handle.result(), ["now", "now"]);
    },
  },
  {
    name: "signal-with-start",
    group,
    shows: [signaled],
    drive: async (stage) => {
      const workflowId = stage.id();
      const handle = await stage.client.workflow.signalWithStart(workflows.resolvesTrigger, {
        workflowId,
        signal: note,
        signalArgs: ["with the start"],
      });
      stage.judge(workflowId, handle.signaledRunId);
      stage.expect(await handle.result(), ["with the start", "with the start"]);
    },
  },
  {
    name: "signals-in-clear",
    group,
    inClear: true,
    shows: [signaled],
    drive: async (stage) => {
      const handle = await stage.start(workflows.handlesLate);
      await handle.signal(note, "clear");
      await handle.signal(finish);
      await handle.result();
    },
  },
  {
    name: "queries-leave-no-trace",
    group,
    shows: [signaled],
    drive: async (stage) => {
      const handle = await stage.start(workflows.answersQueries);
      stage.expect(await handle.query(notes), []);
      await handle.signal(note, "one");
      stage.expect(await handle.query(notes), ["one"]);
      stage.expect(await handle.query("anything", 1, 2), "anything:2");
      await handle.query("__temporal_workflow_metadata");
      await handle.signal(note, "two");
      await handle.result();
      stage.expect(await handle.query(notes), ["one", "two"]);
    },
  },
  {
    name: "updates",
    group,
    shows: [accepted, completed],
    drive: async (stage) => {
      const handle = await stage.start(workflows.updates);
      stage.expect(await handle.executeUpdate(append, { args: ["one"] }), ["one"]);
      await stage.failureOf(handle.executeUpdate(append, { args: ["bad one"] }));
      stage.expect(await handle.executeUpdate(append, { args: ["slow"] }), ["one", "slow", "slow done"]);
      await stage.failureOf(handle.executeUpdate(append, { args: ["fail"] }));
      await handle.signal(finish);
      await handle.result();
    },
  },
  {
    name: "updates-in-clear",
    group,
    inClear: true,
    shows: [accepted, completed],
    drive: async (stage) => {
      const handle = await stage.start(workflows.updates);
      await handle.executeUpdate(append, { args: ["slow"] });
      await stage.failureOf(handle.executeUpdate(append, { args: ["fail"] }));
      await handle.signal(finish);
      await handle.result();
    },
  },
  {
    name: "rejected-update-leaves-no-trace",
    group,
    shows: [signaled],
    drive: async (stage) => {
      const handle = await stage.start(workflows.updates);
      await stage.untilEvent(handle.workflowId, "WORKFLOW_TASK_COMPLETED");
      const before = (await handle.fetchHistory()).events.length;
      await stage.failureOf(handle.executeUpdate(append, { args: ["bad"] }));
      await stage.failureOf(handle.executeUpdate("no-such-update", { args: [] }));
      stage.expect((await handle.fetchHistory()).events.length, before);
      await handle.signal(finish);
      await handle.result();
    },
  },
  {
    name: "same-update-twice",
    group,
    shows: [accepted, completed],
    drive: async (stage) => {
      const handle = await stage.start(workflows.updates);
      const options = { args: ["slow"] as [string], updateId: "the-same" };
      const both = await Promise.all([handle.executeUpdate(append, options), handle.executeUpdate(append, options)]);
      stage.expect(both[0], both[1]);
      await handle.signal(finish);
      stage.expect(await handle.result(), ["slow", "slow done"]);
    },
  },
  {
    name: "updates-at-once",
    group,
    shows: [accepted, completed],
    drive: async (stage) => {
      const handle = await stage.start(workflows.updates);
      await Promise.all(
        ["slow", "two", "slow", "bad", "fail"].map(
          async (text) => await handle.executeUpdate(append, { args: [text] }).catch(() => undefined),
        ),
      );
      await handle.signal(finish);
      await handle.result();
    },
  },
  {
    name: "signals-and-updates-in-one-task",
    group,
    shows: [signaled, accepted, completed],
    drive: async (stage) => {
      const hold = stage.hold(stage.id(), 1, "after");
      const handle = await stage.start(workflows.interleaves);
      await hold.reached();
      await handle.signal(note, "one");
      const first = handle.executeUpdate(append, { args: ["two"] });
      await scheduler.wait(30);
      await handle.signal(note, "three");
      const second = handle.executeUpdate(append, { args: ["four"] });
      await scheduler.wait(30);
      hold.release();
      await Promise.all([first, second]);
      await handle.signal(finish);
      await handle.result();
    },
  },
  {
    name: "update-completes-after-main",
    group,
    shows: [accepted, completed, "WORKFLOW_EXECUTION_COMPLETED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.endsWithUpdate);
      stage.expect(await handle.executeUpdate(rename, { args: ["Ada"] }), "renamed to Ada");
      stage.expect(await handle.result(), "main ended first");
    },
  },
  {
    name: "update-with-start",
    group,
    shows: [accepted, completed],
    drive: async (stage) => {
      const workflowId = stage.id();
      const startWorkflowOperation = new WithStartWorkflowOperation(workflows.setsUpdateHandlerLate, {
        workflowId,
        taskQueue: "holdfast",
        workflowIdConflictPolicy: "FAIL",
      });
      const options = { args: ["Ada"] as [string], startWorkflowOperation };
      const told = await stage.client.workflow.executeUpdateWithStart(rename, options);
      stage.judge(workflowId);
      stage.expect(told, "was told Ada");
      await stage.client.workflow.getHandle(workflowId).result();
    },
  },
  {
    name: "update-with-start-of-running",
    group,
    shows: [accepted, completed],
    drive: async (stage) => {
      const handle = await stage.start(workflows.updates);
      const startWorkflowOperation = new WithStartWorkflowOperation(workflows.updates, {
        workflowId: handle.workflowId,
        taskQueue: "holdfast",
        workflowIdConflictPolicy: "USE_EXISTING",
      });
      const options = { args: ["attached"] as [string], startWorkflowOperation };
      stage.expect(await stage.client.workflow.executeUpdateWithStart(append, options), ["attached"]);
      await handle.signal(finish);
      await handle.result();
    },
  },
  {
    name: "updates-in-order-of-registration",
    group,
    shows: [accepted, completed],
    drive: async (stage) => {
      const hold = stage.hold(stage.id(), 2, "before");
      const handle = await stage.start(workflows.registersInOrder);
      await stage.untilEvent(handle.workflowId, "TIMER_STARTED");
      await handle.signal("unheard");
      await hold.reached();
      const first = handle.executeUpdate(append, { args: ["x"] });
      await scheduler.wait(30);
      const second = handle.executeUpdate(rename, { args: ["y"] });
      await scheduler.wait(250);
      hold.release();
      await Promise.all([first, second]);
      stage.expect(await handle.result(), ["rename y", "append x"]);
    },
  },
  {
    name: "validator-with-its-own-copy",
    group,
    shows: [accepted, completed],
    drive: async (stage) => {
      const handle = await stage.start(workflows.validatesCopy);
      stage.expect(await handle.executeUpdate(workflows.measure, { args: [{ list: [1, 2] }] }), [1, 2]);
      await handle.result();
    },
  },
  {
    name: "update-does-everything",
    group,
    shows: [accepted, completed, "CHILD_WORKFLOW_EXECUTION_COMPLETED", "MARKER_RECORDED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.worksInUpdate, { args: [stage.id("child")] });
      await handle.executeUpdate(append, { args: ["x"] });
      await handle.result();
    },
  },
  {
    name: "default-update-handler",
    group,
    shows: [accepted, completed],
    drive: async (stage) => {
      const handle = await stage.start(workflows.updatesByDefault);
      stage.expect(await handle.executeUpdate("anything", { args: [1, "two"] }), 1);
      await handle.signal(finish);
      await handle.result();
    },
  },
  {
    name: "current-update-info",
    group,
    shows: [accepted, completed],
    drive: async (stage) => {
      const handle = await stage.start(workflows.knowsItsUpdate);
      await Promise.all(
        ["first", "second"].map(async (updateId) => await handle.executeUpdate(append, { args: [updateId], updateId })),
      );
      await handle.result();
    },
  },
  {
    name: "unfinished-handlers",
    group,
    shows: [signaled, accepted],
    drive: async (stage) => {
      const handle = await stage.start(workflows.leavesHandlers, { args: [stage.id("activity")] });
      const update = await handle.startUpdate(append, { args: ["x"], waitForStage: "ACCEPTED" });
      await handle.signal(note, "y");
      stage.expect(await handle.result(), "left");
      await stage.failureOf(update.result());
      stage.raise(`${stage.id("activity")}/x/end`);
    },
  },
  {
    name: "all-handlers-finished",
    group,
    shows: [accepted, completed],
    drive: async (stage) => {
      const handle = await stage.start(workflows.waitsForHandlers);
      await Promise.all(
        ["one", "two"].map(
          async (text) => await handle.startUpdate(append, { args: [text], waitForStage: "ACCEPTED" }),
        ),
      );
      await handle.result();
    },
  },
];
