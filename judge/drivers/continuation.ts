/** Drives the workflows of `scenarios/continuation.ts`. */
import * as workflows from "../scenarios/continuation.ts";
import type { Scenario, Stage } from "../worker/stage.ts";

const group = "continuation";
const continued = "WORKFLOW_EXECUTION_CONTINUED_AS_NEW";

/** Judges the chain's last run too. */
async function withLastRun(stage: Stage, promise: Promise<unknown>): Promise<void> {
  await promise;
  stage.judge(stage.id());
}

export const continuationScenarios: readonly Scenario[] = [
  {
    name: "continue-as-new",
    group,
    shows: [continued],
    drive: async (stage) => {
      const result = stage.execute(workflows.countsDown, { args: [3] });
      await withLastRun(stage, result);
      stage.expect(await result, 6);
    },
  },
  {
    name: "continue-in-clear",
    group,
    inClear: true,
    shows: [continued],
    drive: async (stage) => await withLastRun(stage, stage.execute(workflows.countsDown, { args: [2] })),
  },
  {
    name: "continue-with-options",
    group,
    shows: [continued],
    drive: async (stage) => await withLastRun(stage, stage.execute(workflows.continuesWithOptions, { args: [1] })),
  },
  {
    name: "continue-carrying-over",
    group,
    shows: [continued, "WORKFLOW_PROPERTIES_MODIFIED", "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES"],
    drive: async (stage) =>
      await withLastRun(
        stage,
        stage.execute(workflows.carriesOver, {
          args: [true],
          memo: { started: "with this" },
          retry: { maximumAttempts: 4, initialInterval: "2 seconds" },
          searchAttributes: { CustomKeywordField: ["from the start"] },
        }),
      ),
  },
  {
    name: "continue-while-signalled",
    group,
    shows: [continued, "WORKFLOW_EXECUTION_SIGNALED", "WORKFLOW_TASK_FAILED"],
    drive: async (stage) => {
      const hold = stage.hold(stage.id(), 2, "after");
      const handle = await stage.start(workflows.countsOn, { args: [0, 1] });
      await stage.untilEvent(handle.workflowId, "WORKFLOW_TASK_COMPLETED");
      await handle.signal(workflows.proceed);
      await hold.reached();
      await handle.signal(workflows.count, 5);
      hold.release();
      const first = stage.client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId);
      await stage.until(
        async () => (await first.fetchHistory()).events.at(-1)?.eventType,
        (type) => type === `EVENT_TYPE_${continued}`,
      );
      const last = stage.client.workflow.getHandle<typeof workflows.countsOn>(handle.workflowId);
      await last.signal(workflows.count, 7);
      await last.signal(workflows.proceed);
      await withLastRun(stage, handle.result());
      stage.expect(await handle.result(), 12);
    },
  },
  {
    name: "continue-when-suggested",
    group,
    shows: [continued],
    drive: async (stage) => {
      const hold = stage.hold(stage.id(), 2, "before");
      const handle = await stage.start(workflows.continuesWhenSuggested, { args: [0, true] });
      await stage.untilEvent(handle.workflowId, "WORKFLOW_TASK_COMPLETED");
      await handle.signal(workflows.count, 1);
      await hold.reached();
      // More events than the number from which on it is suggested, all during one task.
      for (let batch = 0; batch < 82; batch += 1)
        await Promise.all(Array.from({ length: 50 }, async () => await handle.signal(workflows.count, 1)));
      hold.release();
      const result = handle.result();
      await withLastRun(stage, result);
      stage.expect(await result, [4_101, false]);
    },
  },
  {
    name: "continue-after-update",
    group,
    shows: [continued, "WORKFLOW_EXECUTION_UPDATE_COMPLETED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.continuesAfterUpdate, { args: [0] });
      stage.expect(await handle.executeUpdate(workflows.addUpdate, { args: [9] }), 9);
      await withLastRun(stage, handle.result());
    },
  },
  {
    name: "continue-despite-update",
    group,
    shows: [continued, "WORKFLOW_EXECUTION_UPDATE_COMPLETED"],
    drive: async (stage) => {
      const hold = stage.hold(stage.id(), 2, "after");
      const handle = await stage.start(workflows.continuesDespiteUpdate, { args: [true] });
      await stage.untilEvent(handle.workflowId, "WORKFLOW_TASK_COMPLETED");
      await handle.signal(workflows.proceed);
      await hold.reached();
      const update = stage.client.workflow
        .getHandle(handle.workflowId)
        .executeUpdate(workflows.addUpdate, { args: [3] });
      await scheduler.wait(60);
      hold.release();
      stage.expect(await update, 3);
      await withLastRun(stage, handle.result());
      stage.expect(await handle.result(), "asked 3");
    },
  },
  {
    name: "continue-from-within",
    group,
    shows: [continued],
    drive: async (stage) => {
      const result = stage.execute(workflows.continuesFromWithin, { args: [true] });
      await withLastRun(stage, result);
      stage.expect(await result, "continued");
    },
  },
  {
    name: "continuing-child",
    group,
    shows: ["CHILD_WORKFLOW_EXECUTION_COMPLETED"],
    drive: async (stage) =>
      stage.expect(await stage.execute(workflows.hasContinuingChild, { args: [stage.id("child")] }), 3),
  },
  {
    name: "continue-when-cancelled",
    group,
    shows: [continued, "WORKFLOW_EXECUTION_CANCEL_REQUESTED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.continuesWhenCancelled, { args: [true] });
      await stage.untilEvent(handle.workflowId, "TIMER_STARTED");
      await handle.cancel();
      await withLastRun(stage, handle.result());
    },
  },
];
