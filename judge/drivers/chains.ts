/** Drives the workflows of `scenarios/chains.ts`. */
import type { WorkflowHandleWithFirstExecutionRunId } from "holdfast/client";

import * as workflows from "../scenarios/chains.ts";
import type { Scenario, Stage } from "../worker/stage.ts";

const group = "chains";
const completed = "WORKFLOW_EXECUTION_COMPLETED";
const failed = "WORKFLOW_EXECUTION_FAILED";

/** Judges the first `count` runs of a chain, each once another has followed it. */
async function judgeFollowed(
  stage: Stage,
  { workflowId, firstExecutionRunId }: WorkflowHandleWithFirstExecutionRunId,
  count: number,
): Promise<void> {
  let runId = firstExecutionRunId;
  for (let run = 0; run < count; run += 1) {
    stage.judge(workflowId, runId);
    const handle = stage.client.workflow.getHandle(workflowId, runId);
    runId = await stage.until(
      async () => nextRunId((await handle.fetchHistory()).events.at(-1)) ?? "",
      (next) => next !== "",
    );
  }
}

function nextRunId(event: object | undefined): string | undefined {
  const attributes = Object.entries(event ?? {}).find(([name]) => name.endsWith("EventAttributes"))?.[1] as
    | { readonly newExecutionRunId?: string }
    | undefined;
  return attributes?.newExecutionRunId;
}

export const chainScenarios: readonly Scenario[] = [
  ...([undefined, true] as const).map((inClear): Scenario => ({
    name: inClear ? "cron-in-clear" : "cron",
    group,
    ...(inClear ? { inClear } : {}),
    shows: [completed, failed],
    drive: async (stage) => {
      const handle = await stage.start(workflows.ticksThrice, { cronSchedule: "@every 1s", judged: false });
      await judgeFollowed(stage, handle, 3);
      await handle.terminate("enough");
    },
  })),
  {
    name: "cron-cancelled",
    group,
    shows: ["WORKFLOW_EXECUTION_CANCEL_REQUESTED", "WORKFLOW_EXECUTION_CANCELED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.isWoken, { cronSchedule: "@yearly" });
      await handle.cancel();
      await stage.failureOf(handle.result());
    },
  },
  {
    name: "cron-child",
    group,
    shows: ["CHILD_WORKFLOW_EXECUTION_STARTED"],
    drive: async (stage) => {
      const childId = stage.id("child");
      stage.expect(await stage.execute(workflows.startsTickingChild, { args: [childId] }), childId);
    },
  },
  {
    name: "run-timeout-retried",
    group,
    shows: ["WORKFLOW_EXECUTION_TIMED_OUT", completed],
    drive: async (stage) => {
      const retry = { initialInterval: "10 milliseconds", maximumAttempts: 3 } as const;
      const options = { workflowRunTimeout: "1 second", retry, judged: false } as const;
      const handle = await stage.start(workflows.runsOutOfTime, options);
      await judgeFollowed(stage, handle, 1);
      await handle.result();
      stage.judge(handle.workflowId);
    },
  },
  {
    name: "start-delay",
    group,
    shows: [completed],
    drive: async (stage) => {
      const handle = await stage.start(workflows.isWoken, { startDelay: "1 second" });
      await stage.untilEvent(handle.workflowId, "WORKFLOW_TASK_COMPLETED");
      await handle.signal(workflows.nudge, "a late signal");
      stage.expect(await handle.result(), "a late signal");
    },
  },
  {
    name: "start-delay-ended-by-signal",
    group,
    shows: ["WORKFLOW_EXECUTION_SIGNALED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.isWoken, { startDelay: "1 hour" });
      await handle.signal(workflows.nudge, "a signal");
      stage.expect(await handle.result(), "a signal");
    },
  },
  {
    name: "start-delay-ended-by-update",
    group,
    shows: ["WORKFLOW_EXECUTION_UPDATE_COMPLETED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.isWoken, { startDelay: "1 hour" });
      stage.expect(await handle.executeUpdate(workflows.rouse, { args: ["an update"] }), "roused by an update");
      stage.expect(await handle.result(), "an update");
    },
  },
];
