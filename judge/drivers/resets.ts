/** Drives the workflows of `scenarios/resets.ts`. */
import * as workflows from "../scenarios/resets.ts";
import type { Scenario, Stage } from "../worker/stage.ts";

const group = "resets";
const shows = ["WORKFLOW_EXECUTION_COMPLETED", "WORKFLOW_TASK_FAILED"];

/** The events of a type in a run's history. */
async function eventIds(stage: Stage, workflowId: string, type: string, runId?: string): Promise<readonly number[]> {
  const { events } = await stage.client.workflow.getHandle(workflowId, runId).fetchHistory();
  return events.filter((event) => event.eventType === `EVENT_TYPE_${type}`).map((event) => Number(event.eventId));
}

async function taskAt(stage: Stage, workflowId: string, index: number, runId?: string): Promise<number> {
  const eventId = (await eventIds(stage, workflowId, "WORKFLOW_TASK_COMPLETED", runId)).at(index);
  if (eventId === undefined) throw new Error(`${workflowId} has no workflow task number ${index}`);
  return eventId;
}

export const resetScenarios: readonly Scenario[] = [
  {
    name: "reset-draws",
    group,
    shows: [...shows, "WORKFLOW_EXECUTION_SIGNALED", "TIMER_FIRED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.drawsAcrossResets);
      await stage.untilEvent(handle.workflowId, "ACTIVITY_TASK_COMPLETED", 2);
      await handle.signal(workflows.addAmount, 7);
      await handle.signal(workflows.closeAccountOf);
      await handle.result();
      // In the middle, then in the middle of what that made, then from the beginning.
      const middle = await handle.reset({ eventId: await taskAt(stage, handle.workflowId, 1) });
      await middle.result();
      stage.judge(handle.workflowId, middle.runId);
      const again = await middle.reset({ eventId: await taskAt(stage, handle.workflowId, 2, middle.runId) });
      await again.result();
      stage.judge(handle.workflowId, again.runId);
      const anew = await again.reset({ type: "FirstWorkflowTask" });
      await anew.result();
      stage.judge(handle.workflowId, anew.runId);
    },
  },
  {
    name: "reset-updates",
    group,
    shows: [...shows, "WORKFLOW_EXECUTION_UPDATE_ADMITTED", "WORKFLOW_EXECUTION_UPDATE_COMPLETED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.accountAcrossResets);
      await handle.signal(workflows.addAmount, 1);
      await handle.executeUpdate(workflows.raiseBy, { args: [2] });
      await handle.signal(workflows.addAmount, 3);
      await handle.executeUpdate(workflows.raiseBy, { args: [4] });
      await stage.failureOf(handle.executeUpdate(workflows.raiseBy, { args: [-1] }));
      const anew = await handle.reset({ type: "FirstWorkflowTask" });
      await anew.executeUpdate(workflows.raiseBy, { args: [5] });
      await anew.signal(workflows.closeAccountOf);
      await anew.result();
      stage.judge(handle.workflowId, anew.runId);
      const again = await anew.reset({ type: "FirstWorkflowTask", resetReapplyExcludeTypes: ["SIGNAL"] });
      await again.signal(workflows.closeAccountOf);
      await again.result();
      stage.judge(handle.workflowId, again.runId);
    },
  },
  {
    name: "reset-parent",
    group,
    shows: [...shows, "CHILD_WORKFLOW_EXECUTION_COMPLETED", "TIMER_FIRED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.parentAcrossResets);
      await stage.untilEvent(handle.workflowId, "TIMER_FIRED");
      const [started = 0] = await eventIds(stage, handle.workflowId, "CHILD_WORKFLOW_EXECUTION_STARTED");
      const tasks = await eventIds(stage, handle.workflowId, "WORKFLOW_TASK_COMPLETED");
      const eventId = tasks.find((task) => task > started) ?? 0;
      const mended = await handle.reset({ eventId });
      await stage.client.workflow.getHandle(`${handle.workflowId}.child`).signal(workflows.letGo);
      await mended.result();
      stage.judge(handle.workflowId, mended.runId);
    },
  },
];
