/** Children, and what becomes of them when their parent closes. Parents and children are programs (fixtures/programs.ts). */
import { describe, expect, it } from "vitest";

import type { Command } from "../../../src/core/command.ts";
import type { EventType } from "../../../src/core/history-event.ts";
import { historyProblems } from "../../../src/core/invariants.ts";
import type { Program } from "../fixtures/programs.ts";
import { freshId, until } from "./kit.ts";
import {
  CHILD_CLOSED,
  CLOSED,
  result,
  COMPLETE,
  FAIL,
  CANCEL,
  NEXT,
  completes,
  waitsForASignal,
  waitsForItsCancellation,
  startChild,
  executionOf,
  begin,
  historyOf,
  historyWith,
  ofType,
  typesOf,
  parentOf,
} from "./program-kit.ts";

describe("a child", () => {
  it("starts, and its result reaches its parent", async () => {
    const [parent, child] = [freshId("parent"), freshId("child")];
    const parentRunId = await begin(parent, parentOf(startChild(child, completes)));
    const events = await historyWith(CLOSED, parent);
    expect(typesOf(events)).toEqual([
      "WorkflowExecutionStarted",
      "StartChildWorkflowExecutionInitiated",
      "ChildWorkflowExecutionStarted",
      "ChildWorkflowExecutionCompleted",
      "WorkflowExecutionCompleted",
    ]);
    const [childStarted] = await historyOf(child);
    const childRunId = ofType(events, "ChildWorkflowExecutionStarted")[0]?.attributes.workflowExecution.runId;
    expect(ofType(events, "ChildWorkflowExecutionCompleted")[0]?.attributes).toMatchObject({
      result,
      namespace: "default",
      workflowExecution: { workflowId: child, runId: childRunId },
      initiatedEventId: 5,
    });
    expect(childStarted).toMatchObject({
      eventType: "WorkflowExecutionStarted",
      attributes: {
        originalExecutionRunId: childRunId,
        parentWorkflowNamespace: "default",
        parentWorkflowExecution: { workflowId: parent, runId: parentRunId },
        parentInitiatedEventId: 5,
        rootWorkflowExecution: { workflowId: parent, runId: parentRunId },
      },
    });
  });

  it("of a child knows the root of them all", async () => {
    const [root, child, grandchild] = [freshId("root"), freshId("child"), freshId("grandchild")];
    const rootRunId = await begin(root, parentOf(startChild(child, parentOf(startChild(grandchild, completes)))));
    await historyWith(CLOSED, root);
    const [started] = await historyOf(grandchild);
    expect(started).toMatchObject({
      attributes: {
        parentWorkflowExecution: { workflowId: child },
        rootWorkflowExecution: { workflowId: root, runId: rootRunId },
      },
    });
  });

  it("is described while it is open", async () => {
    const [parent, child] = [freshId("parent"), freshId("child")];
    const runId = await begin(parent, parentOf(startChild(child, waitsForASignal)));
    await historyWith(["ChildWorkflowExecutionStarted"], parent);
    const reply = await executionOf(parent).describe({ version: 1 });
    expect(reply).toMatchObject({
      value: { pendingChildren: [{ workflowId: child, initiatedEventId: 5, parentClosePolicy: "TERMINATE" }] },
    });
    const childReply = await executionOf(child).describe({ version: 1 });
    expect(childReply).toMatchObject({ value: { parent: { workflowId: parent, runId, initiatedEventId: 5 } } });
    await executionOf(child).signal({ version: 1, signalName: "go", requestId: "go" });
    await historyWith(CLOSED, parent);
    expect(await executionOf(parent).describe({ version: 1 })).toMatchObject({ value: { pendingChildren: [] } });
  });

  it.each<[string, Program, object, (child: string) => Promise<unknown>, EventType]>([
    ["fails", [{ commands: [FAIL] }], {}, async () => undefined, "ChildWorkflowExecutionFailed"],
    [
      "is cancelled",
      waitsForItsCancellation,
      {},
      async (child) => await executionOf(child).requestCancel({ version: 1, requestId: "c" }),
      "ChildWorkflowExecutionCanceled",
    ],
    [
      "is terminated",
      waitsForASignal,
      {},
      async (child) => await executionOf(child).terminate({ version: 1 }),
      "ChildWorkflowExecutionTerminated",
    ],
    [
      "times out",
      waitsForASignal,
      { workflowRunTimeoutMs: 300 },
      async () => undefined,
      "ChildWorkflowExecutionTimedOut",
    ],
  ])("that %s tells its parent", async (_, program, options, act, eventType) => {
    const [parent, child] = [freshId("parent"), freshId("child")];
    await begin(parent, parentOf(startChild(child, program, options)));
    await historyWith(["WorkflowTaskCompleted"], child);
    await act(child);
    const events = await historyWith(CLOSED, parent);
    expect(ofType(events, eventType)).toHaveLength(1);
    expect(events.filter((event) => CHILD_CLOSED.includes(event.eventType))).toHaveLength(1);
  });

  it("that continues as new is one child, told of by its last run", async () => {
    const [parent, child] = [freshId("parent"), freshId("child")];
    await begin(parent, parentOf(startChild(child, [{ commands: [NEXT] }])));
    await until(
      async () => typesOf(await historyOf(child)).length,
      (length) => length > 0,
    );
    const events = await historyWith(["ChildWorkflowExecutionStarted"], parent);
    const first = ofType(events, "ChildWorkflowExecutionStarted")[0]?.attributes.workflowExecution.runId ?? "";
    await historyWith(["WorkflowExecutionContinuedAsNew"], child, first);
    await executionOf(child).signal({ version: 1, signalName: "go", requestId: "go" });
    const closed = ofType(await historyWith(CLOSED, parent), "ChildWorkflowExecutionCompleted");
    expect(closed).toHaveLength(1);
    const [last] = await historyOf(child);
    expect(closed[0]?.attributes.workflowExecution.runId).toBe(
      last?.eventType === "WorkflowExecutionStarted" ? last.attributes.originalExecutionRunId : "",
    );
    expect(closed[0]?.attributes.workflowExecution.runId).not.toBe(first);
  });

  it("whose id is in use, or may not be used again, does not start", async () => {
    const [parent, child] = [freshId("parent"), freshId("child")];
    await begin(child, waitsForASignal);
    await begin(parent, parentOf(startChild(child, completes)));
    const events = await historyWith(CLOSED, parent);
    expect(ofType(events, "StartChildWorkflowExecutionFailed")[0]?.attributes).toMatchObject({
      cause: "WORKFLOW_ALREADY_EXISTS",
      workflowId: child,
      initiatedEventId: 5,
    });
    await executionOf(child).terminate({ version: 1 });
    const again = freshId("parent");
    await begin(again, parentOf(startChild(child, completes, { workflowIdReusePolicy: "REJECT_DUPLICATE" })));
    expect(typesOf(await historyWith(CLOSED, again))).toContain("StartChildWorkflowExecutionFailed");
    const allowed = freshId("parent");
    await begin(allowed, parentOf(startChild(child, completes)));
    expect(typesOf(await historyWith(CLOSED, allowed))).toContain("ChildWorkflowExecutionCompleted");
  });

  it("cannot have the id of its own parent", async () => {
    const parent = freshId("parent");
    await begin(parent, parentOf(startChild(parent, completes)));
    expect(typesOf(await historyWith(CLOSED, parent))).toContain("StartChildWorkflowExecutionFailed");
  });

  it("may live in another namespace of the service", async () => {
    const [parent, child] = [freshId("parent"), freshId("child")];
    await begin(parent, parentOf(startChild(child, completes, { namespace: "elsewhere" })));
    const events = await historyWith(CLOSED, parent);
    expect(ofType(events, "ChildWorkflowExecutionCompleted")[0]?.attributes.namespace).toBe("elsewhere");
    expect(typesOf(await historyOf(child, undefined, "elsewhere"))).toContain("WorkflowExecutionCompleted");
    expect(await historyOf(child)).toEqual([]);
  });

  it("costs its parent and itself few rows", async () => {
    const rows: { readonly parent: number; readonly child: number }[] = [];
    // The best of several: a commit that waits for its workflow task in vain, on a busy machine, costs one more.
    for (let round = 0; round < 5; round += 1) {
      const [parent, child] = [freshId("parent"), freshId("child")];
      await begin(parent, parentOf(startChild(child, waitsForASignal)));
      // A look at the history would commit what waits for its workflow task.
      await scheduler.wait(200);
      await executionOf(child).signal({ version: 1, signalName: "go", requestId: "go" });
      await scheduler.wait(200);
      await historyWith(CLOSED, parent);
      // The child notes that its parent was told.
      await until(
        async () => await executionOf(child).storedText(),
        (text) => text.includes("outboxSettled"),
      );
      rows.push({
        parent: await executionOf(parent).rowsWritten(),
        child: await executionOf(child).rowsWritten(),
      });
    }
    // Two rows are the table's and one is the alarm; then the commits, one for each workflow task, and the child's note.
    expect(Math.min(...rows.map((round) => round.parent))).toBeLessThanOrEqual(2 + 1 + 3);
    expect(Math.min(...rows.map((round) => round.child))).toBeLessThanOrEqual(2 + 1 + 2 + 1);
  });

  it("may have a hundred siblings", async () => {
    const parent = freshId("parent");
    const children = Array.from({ length: 100 }, (_, index) => startChild(`${parent}-${index}`, completes));
    await begin(parent, [{ commands: children }, { until: CHILD_CLOSED, count: 100, commands: [COMPLETE] }]);
    const events = await historyWith(CLOSED, parent);
    expect(ofType(events, "ChildWorkflowExecutionStarted")).toHaveLength(100);
    expect(ofType(events, "ChildWorkflowExecutionCompleted")).toHaveLength(100);
  });

  it("may be followed by forty more, one after the other", async () => {
    const parent = freshId("parent");
    const program: Program = Array.from({ length: 40 }, (_, index) => ({
      ...(index === 0 ? {} : { until: CHILD_CLOSED, count: index }),
      commands: [startChild(`${parent}-${index}`, completes)],
    }));
    await begin(parent, [...program, { until: CHILD_CLOSED, count: 40, commands: [COMPLETE] }]);
    const events = await historyWith(CLOSED, parent);
    expect(ofType(events, "ChildWorkflowExecutionCompleted")).toHaveLength(40);
  });
});

describe("a parent that closes", () => {
  type Close = readonly [string, Command | undefined];
  const closes: readonly Close[] = [
    ["completes", COMPLETE],
    ["fails", FAIL],
    ["is cancelled", CANCEL],
    ["continues as new", NEXT],
    ["is terminated", undefined],
    ["times out", undefined],
  ];
  it.each(closes)("and %s sees to its children as each of them says", async (how, command) => {
    const parent = freshId("parent");
    const policies = ["TERMINATE", "REQUEST_CANCEL", "ABANDON"] as const;
    const children = policies.map((policy) => `${parent}-${policy}`);
    const commands = policies.map((parentClosePolicy, index) =>
      startChild(children[index] ?? "", waitsForItsCancellation, { parentClosePolicy }),
    );
    const end: Program = command ? [{ until: ["ChildWorkflowExecutionStarted"], count: 3, commands: [command] }] : [];
    const timeout = how === "times out" ? { workflowRunTimeoutMs: 500 } : {};
    const runId = await begin(parent, [{ commands }, ...end], timeout);
    await historyWith(["ChildWorkflowExecutionStarted"], parent, runId);
    if (how === "is terminated") {
      await until(
        async () => ofType(await historyOf(parent, runId), "ChildWorkflowExecutionStarted").length,
        (count) => count === 3,
      );
      await executionOf(parent).terminate({ version: 1 });
    }
    const [terminated = "", cancelled = "", abandoned = ""] = children;
    const ended = ofType(await historyWith(CLOSED, terminated), "WorkflowExecutionTerminated");
    expect(ended[0]?.attributes.reason).toBe("by parent close policy");
    const asked = await historyWith(CLOSED, cancelled);
    expect(ofType(asked, "WorkflowExecutionCancelRequested")[0]?.attributes).toMatchObject({
      externalWorkflowExecution: { workflowId: parent, runId },
    });
    expect(typesOf(asked)).toContain("WorkflowExecutionCanceled");
    expect(typesOf(await historyOf(abandoned))).toEqual(["WorkflowExecutionStarted"]);
    // What the children say afterwards changes nothing in a closed history.
    const closed = await historyOf(parent, runId);
    expect(closed.filter((event) => CHILD_CLOSED.includes(event.eventType))).toEqual([]);
    expect(historyProblems(closed)).toEqual([]);
  });

  it("in the task that starts them starts those that are to be abandoned", async () => {
    const parent = freshId("parent");
    const commands = (["TERMINATE", "ABANDON"] as const).map((parentClosePolicy) =>
      startChild(`${parent}-${parentClosePolicy}`, completes, { parentClosePolicy }),
    );
    await begin(parent, [{ commands: [...commands, COMPLETE] }]);
    expect(typesOf(await historyWith(CLOSED, `${parent}-ABANDON`))).toEqual([
      "WorkflowExecutionStarted",
      "WorkflowExecutionCompleted",
    ]);
    await scheduler.wait(300);
    expect(await historyOf(`${parent}-TERMINATE`)).toEqual([]);
    expect(typesOf(await historyOf(parent))).toEqual([
      "WorkflowExecutionStarted",
      "StartChildWorkflowExecutionInitiated",
      "StartChildWorkflowExecutionInitiated",
      "WorkflowExecutionCompleted",
    ]);
  });

  it("does not touch a run that took the id of its child", async () => {
    const [parent, child] = [freshId("parent"), freshId("child")];
    await begin(parent, [{ commands: [startChild(child, waitsForItsCancellation)] }]);
    await historyWith(["ChildWorkflowExecutionStarted"], parent);
    // The child ends, but its parent is told only later, and meanwhile another takes its id.
    await executionOf(child).terminate({ version: 1 });
    await begin(child, waitsForASignal);
    await executionOf(parent).terminate({ version: 1 });
    await scheduler.wait(300);
    expect(typesOf(await historyOf(child))).toEqual(["WorkflowExecutionStarted"]);
  });
});
