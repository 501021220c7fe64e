/** Drives the workflows of `scenarios/children.ts`. */
import * as workflows from "../scenarios/children.ts";
import type { Scenario, Stage } from "../worker/stage.ts";

const group = "children and others";
const childStarted = "CHILD_WORKFLOW_EXECUTION_STARTED";

type CancellationType = Parameters<typeof workflows.cancelsChild>[1];
type ClosePolicy = Parameters<typeof workflows.leavesChildBehind>[1];

/** Waits for a workflow to be there, as a child is only once its parent has started it. */
async function untilThere(stage: Stage, workflowId: string): Promise<void> {
  await stage.until(
    async () =>
      await stage.client.workflow
        .getHandle(workflowId)
        .describe()
        .then(
          () => true,
          () => false,
        ),
    (isThere) => isThere,
  );
}

function cancelsChild(type: CancellationType, shows: readonly string[]): Scenario {
  return {
    name: `cancel-child-${type.toLowerCase().replaceAll("_", "-")}`,
    group,
    shows: [childStarted, ...shows],
    drive: async (stage) => {
      const childId = stage.id("child");
      const handle = await stage.start(workflows.cancelsChild, { args: [childId, type] });
      await handle.result();
      const child = stage.client.workflow.getHandle(childId);
      if (type === "ABANDON") await child.signal(workflows.release, "by its driver");
      await Promise.allSettled([child.result()]);
      stage.judge(childId);
    },
  };
}

function leavesChild(policy: ClosePolicy, shows: readonly string[]): Scenario {
  return {
    name: `parent-close-${policy.toLowerCase().replaceAll("_", "-")}`,
    group,
    shows: [childStarted, ...shows],
    drive: async (stage) => {
      const childId = stage.id("child");
      await stage.execute(workflows.leavesChildBehind, { args: [childId, policy] });
      const child = stage.client.workflow.getHandle(childId);
      if (policy === "ABANDON") await child.signal(workflows.release, "on its own");
      await Promise.allSettled([child.result()]);
      stage.judge(childId);
    },
  };
}

const requestedCancel = "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED";

export const childScenarios: readonly Scenario[] = [
  {
    name: "children-unnamed",
    group,
    shows: [childStarted, "CHILD_WORKFLOW_EXECUTION_COMPLETED"],
    drive: async (stage) => {
      const [, childId] = await stage.execute(workflows.startsChildrenUnnamed);
      stage.judge(String(childId));
    },
  },
  {
    name: "children-in-clear",
    group,
    inClear: true,
    shows: [childStarted, "CHILD_WORKFLOW_EXECUTION_COMPLETED"],
    drive: async (stage) => void (await stage.execute(workflows.startsChildrenUnnamed)),
  },
  {
    name: "child-signalled",
    group,
    shows: [childStarted, "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED"],
    drive: async (stage) => {
      await stage.execute(workflows.signalsChild, { args: [stage.id("child")] });
      stage.judge(stage.id("child"));
    },
  },
  {
    name: "children-fail",
    group,
    shows: ["CHILD_WORKFLOW_EXECUTION_FAILED"],
    drive: async (stage) => {
      await stage.execute(workflows.seesChildrenFail, { args: [stage.id("child")] });
      stage.judge(stage.id("child.fails"));
      stage.judge(stage.id("child.activity"));
    },
  },
  {
    name: "child-terminated",
    group,
    shows: ["CHILD_WORKFLOW_EXECUTION_TERMINATED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.seesChildEnd, { args: [stage.id("child"), 0] });
      await untilThere(stage, stage.id("child"));
      await stage.client.workflow.getHandle(stage.id("child")).terminate("by its driver");
      await handle.result();
      stage.judge(stage.id("child"));
    },
  },
  {
    name: "child-out-of-time",
    group,
    shows: ["CHILD_WORKFLOW_EXECUTION_TIMED_OUT"],
    drive: async (stage) => {
      await stage.execute(workflows.seesChildEnd, { args: [stage.id("child"), 200] });
      stage.judge(stage.id("child"));
    },
  },
  {
    name: "child-cancelled-from-outside",
    group,
    shows: ["CHILD_WORKFLOW_EXECUTION_CANCELED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.seesChildEnd, { args: [stage.id("child"), 0] });
      await untilThere(stage, stage.id("child"));
      await stage.client.workflow.getHandle(stage.id("child")).cancel();
      await handle.result();
      stage.judge(stage.id("child"));
    },
  },
  {
    name: "child-left-alone",
    group,
    shows: [childStarted],
    drive: async (stage) => void (await stage.execute(workflows.leavesChildAlone, { args: [stage.id("child")] })),
  },
  {
    name: "child-id-taken",
    group,
    shows: ["START_CHILD_WORKFLOW_EXECUTION_FAILED"],
    drive: async (stage) => {
      const other = await stage.start(workflows.childWaits, { role: "taken", judged: false });
      await stage.execute(workflows.startsDuplicate, { args: [other.workflowId] });
      await other.signal(workflows.release, "done");
    },
  },
  {
    name: "child-id-taken-uncaught",
    group,
    shows: ["START_CHILD_WORKFLOW_EXECUTION_FAILED", "WORKFLOW_EXECUTION_FAILED"],
    drive: async (stage) => {
      const other = await stage.start(workflows.childWaits, { role: "taken", judged: false });
      await stage.failureOf(stage.execute(workflows.startsDuplicateUncaught, { args: [other.workflowId] }));
      await other.signal(workflows.release, "done");
    },
  },
  {
    name: "child-options",
    group,
    shows: [childStarted],
    drive: async (stage) => {
      await stage.execute(workflows.setsChildOptions, { args: [stage.id("child")] });
      stage.judge(stage.id("child"));
    },
  },
  cancelsChild("WAIT_CANCELLATION_COMPLETED", [requestedCancel, "CHILD_WORKFLOW_EXECUTION_CANCELED"]),
  cancelsChild("WAIT_CANCELLATION_REQUESTED", [requestedCancel, "EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED"]),
  cancelsChild("TRY_CANCEL", [requestedCancel]),
  cancelsChild("ABANDON", []),
  {
    name: "cancel-child-that-disobeys",
    group,
    shows: [requestedCancel, "CHILD_WORKFLOW_EXECUTION_COMPLETED"],
    drive: async (stage) => {
      await stage.execute(workflows.cancelsDisobedientChild, { args: [stage.id("child")] });
      stage.judge(stage.id("child"));
    },
  },
  {
    name: "cancel-parent-and-child",
    group,
    shows: [requestedCancel, "WORKFLOW_EXECUTION_CANCELED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.isCancelledWithChild, { args: [stage.id("child")] });
      await stage.untilEvent(handle.workflowId, childStarted);
      await handle.cancel();
      await stage.failureOf(handle.result());
      stage.judge(stage.id("child"));
    },
  },
  {
    name: "cancel-child-before-sending",
    group,
    shows: ["ACTIVITY_TASK_COMPLETED"],
    drive: async (stage) =>
      void (await stage.execute(workflows.cancelsChildBeforeSending, { args: [stage.id("child")] })),
  },
  leavesChild("TERMINATE", ["WORKFLOW_EXECUTION_TERMINATED"]),
  leavesChild("ABANDON", []),
  leavesChild("REQUEST_CANCEL", ["WORKFLOW_EXECUTION_CANCEL_REQUESTED"]),
  {
    name: "grandchild",
    group,
    shows: [childStarted],
    drive: async (stage) => {
      await stage.execute(workflows.startsFamily, { args: [stage.id("child"), stage.id("grandchild")] });
      stage.judge(stage.id("child"));
      stage.judge(stage.id("grandchild"));
    },
  },
  {
    name: "children-race",
    group,
    shows: [childStarted, requestedCancel],
    drive: async (stage) => void (await stage.execute(workflows.racesChildren, { args: [stage.id("child")] })),
  },
  {
    name: "child-in-another-namespace",
    group,
    shows: [childStarted, "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED"],
    drive: async (stage) => {
      await stage.execute(workflows.signalsChild, { args: [stage.id("child")], namespace: "elsewhere" });
      stage.judge(stage.id("child"), undefined, "elsewhere");
    },
  },
  {
    name: "external-in-another-namespace",
    group,
    shows: ["SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED"],
    drive: async (stage) => {
      // The same id in the default namespace is somebody else.
      const other = await stage.start(workflows.childWaits, { role: "nobody", judged: false });
      await stage.execute(workflows.signalsInVain, { args: [other.workflowId], namespace: "elsewhere" });
      await other.signal(workflows.release, "untouched");
      stage.expect(await other.result(), "released with untouched");
    },
  },
  {
    name: "external-signals",
    group,
    shows: ["SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED", "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED"],
    drive: async (stage) => {
      const other = await stage.start(workflows.childWaits, { role: "other" });
      await stage.execute(workflows.signalsOther, { args: [other.workflowId] });
      stage.expect(await other.result(), "released with go");
    },
  },
  {
    name: "external-in-vain",
    group,
    shows: ["SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED", "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED"],
    drive: async (stage) => void (await stage.execute(workflows.signalsInVain, { args: [stage.id("nobody")] })),
  },
  {
    name: "external-cancel",
    group,
    shows: ["EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED"],
    drive: async (stage) => {
      const other = await stage.start(workflows.childWaits, { role: "other" });
      await stage.execute(workflows.cancelsOther, { args: [other.workflowId, other.firstExecutionRunId] });
      await stage.failureOf(other.result());
    },
  },
  {
    name: "external-signal-cancelled",
    group,
    shows: ["ACTIVITY_TASK_COMPLETED"],
    drive: async (stage) => void (await stage.execute(workflows.cancelsSignal, { args: [stage.id("nobody")] })),
  },
  {
    name: "external-signal-at-the-end",
    group,
    shows: ["SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED", "WORKFLOW_EXECUTION_COMPLETED"],
    drive: async (stage) => {
      const other = await stage.start(workflows.childWaits, { role: "other" });
      await stage.execute(workflows.signalsAndEnds, { args: [other.workflowId] });
      stage.expect(await other.result(), "released with parting words");
    },
  },
];
