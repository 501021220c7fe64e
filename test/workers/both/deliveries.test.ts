/**
 * Signals and cancellations between workflows, and exactly once in both histories, whatever is lost, repeated or killed
 * on the way. The workflows are programs (fixtures/programs.ts).
 */
import { describe, expect, it } from "vitest";

import { type Program, programInput } from "../fixtures/programs.ts";
import { freshId, until } from "./kit.ts";
import {
  CHILD_CLOSED,
  CLOSED,
  result,
  COMPLETE,
  CANCEL,
  NEXT,
  completes,
  waitsForASignal,
  waitsForItsCancellation,
  startChild,
  signal,
  cancel,
  executionOf,
  insist,
  begin,
  historyOf,
  historyWith,
  ofType,
  typesOf,
  parentOf,
} from "./program-kit.ts";

describe("a workflow", () => {
  it("signals and cancels another, and knows that it arrived", async () => {
    const [sender, target] = [freshId("sender"), freshId("target")];
    const targetRunId = await begin(target, [
      { until: ["WorkflowExecutionSignaled"], commands: [] },
      { until: ["WorkflowExecutionCancelRequested"], commands: [CANCEL] },
    ]);
    const runId = await begin(sender, [
      { commands: [signal(target, { input: result, workflowExecution: { workflowId: target, runId: targetRunId } })] },
      { until: ["ExternalWorkflowExecutionSignaled"], commands: [cancel(target, { reason: "enough" })] },
      { until: ["ExternalWorkflowExecutionCancelRequested"], commands: [COMPLETE] },
    ]);
    await historyWith(CLOSED, sender);
    const events = await historyWith(CLOSED, target);
    expect(typesOf(events)).toEqual([
      "WorkflowExecutionStarted",
      "WorkflowExecutionSignaled",
      "WorkflowExecutionCancelRequested",
      "WorkflowExecutionCanceled",
    ]);
    const externalWorkflowExecution = { workflowId: sender, runId };
    expect(ofType(events, "WorkflowExecutionSignaled")[0]?.attributes).toMatchObject({
      signalName: "hello",
      input: result,
      externalWorkflowExecution,
    });
    expect(ofType(events, "WorkflowExecutionCancelRequested")[0]?.attributes).toMatchObject({
      cause: "enough",
      externalWorkflowExecution,
    });
  });

  it("and its child signal and cancel each other", async () => {
    const [parent, child] = [freshId("parent"), freshId("child")];
    const program: Program = [
      { commands: [signal(parent)] },
      { until: ["WorkflowExecutionSignaled"], commands: [] },
      { until: ["WorkflowExecutionCancelRequested"], commands: [CANCEL] },
    ];
    const childWorkflowOnly = true;
    await begin(parent, [
      {
        commands: [
          startChild(child, program),
          signal(child, { childWorkflowOnly }),
          cancel(child, { childWorkflowOnly }),
        ],
      },
      { until: ["ChildWorkflowExecutionCanceled"], commands: [] },
      { until: ["WorkflowExecutionSignaled"], commands: [COMPLETE] },
    ]);
    const events = await historyWith(CLOSED, parent);
    expect(ofType(events, "ExternalWorkflowExecutionSignaled")).toHaveLength(1);
    expect(ofType(events, "ExternalWorkflowExecutionCancelRequested")).toHaveLength(1);
    expect(ofType(events, "WorkflowExecutionSignaled")).toHaveLength(1);
    expect(typesOf(await historyOf(child)).filter((type) => type === "WorkflowExecutionSignaled")).toHaveLength(1);
  });

  it.each<[string, (target: string) => object]>([
    ["was never there", () => ({})],
    ["is another run", () => ({})],
    ["is no child of the sender", () => ({ childWorkflowOnly: true })],
    ["has closed", () => ({})],
    ["is the sender itself", () => ({})],
  ])("hears that a target %s", async (why, overrides) => {
    const [sender, other] = [freshId("sender"), freshId("target")];
    const target = why === "is the sender itself" ? sender : other;
    if (why === "has closed") await begin(target, completes);
    if (why === "is no child of the sender" || why === "is another run") await begin(target, waitsForASignal);
    const run = why === "is another run" ? { workflowExecution: { workflowId: target, runId: "another" } } : {};
    await begin(sender, [
      {
        commands: [signal(target, { ...overrides(target), ...run }), cancel(target, { ...overrides(target), ...run })],
      },
      {
        until: ["SignalExternalWorkflowExecutionFailed", "RequestCancelExternalWorkflowExecutionFailed"],
        count: 2,
        commands: [COMPLETE],
      },
    ]);
    const events = await historyWith(CLOSED, sender);
    for (const eventType of [
      "SignalExternalWorkflowExecutionFailed",
      "RequestCancelExternalWorkflowExecutionFailed",
    ] as const)
      expect(ofType(events, eventType)[0]?.attributes.cause).toBe("EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND");
  });

  it("reaches one in another namespace", async () => {
    const [sender, target] = [freshId("sender"), freshId("target")];
    await begin(target, waitsForASignal, { namespace: "elsewhere" });
    await begin(sender, [
      { commands: [signal(target, { namespace: "elsewhere" })] },
      { until: ["ExternalWorkflowExecutionSignaled"], commands: [COMPLETE] },
    ]);
    await historyWith(CLOSED, sender);
    expect(typesOf(await historyWith(CLOSED, target, undefined, "elsewhere"))).toContain("WorkflowExecutionSignaled");
  });

  it("sends what it has decided to send although it has closed, or another run has taken its id", async () => {
    const [sender, target] = [freshId("lose-call-sender"), freshId("target")];
    await begin(target, waitsForASignal);
    await begin(sender, [{ commands: [signal(target), COMPLETE] }]);
    await begin(sender, waitsForASignal);
    expect(ofType(await historyWith(CLOSED, target), "WorkflowExecutionSignaled")).toHaveLength(1);
    expect(typesOf(await historyOf(sender))).toEqual(["WorkflowExecutionStarted"]);
  });
});

describe("a run that another has followed", () => {
  it("is through with its deliveries only when they have arrived, though the object died meanwhile", async () => {
    const [sender, target] = [freshId("lose-call-sender"), freshId("target")];
    await begin(target, waitsForASignal);
    await begin(sender, [{ commands: [signal(target), startChild(`${sender}-child`, waitsForItsCancellation)] }]);
    await historyWith(["WorkflowTaskCompleted"], sender);
    await begin(sender, waitsForASignal, { workflowIdConflictPolicy: "TERMINATE_EXISTING" });
    await executionOf(sender)
      .die()
      .catch(() => undefined);
    expect(typesOf(await historyOf(sender))).toEqual(["WorkflowExecutionStarted"]);
    expect(ofType(await historyWith(CLOSED, target), "WorkflowExecutionSignaled")).toHaveLength(1);
    await until(
      async () => await insist(async () => await executionOf(sender).storedText()),
      (text) => text.includes("outboxSettled"),
    );
    const types = typesOf(await historyOf(`${sender}-child`));
    // It was not started yet, or else it went with its parent.
    expect(types.length === 0 || types.includes("WorkflowExecutionTerminated")).toBe(true);
  });
});

/** A parent with a child that it signals, which signals it back; both are done when all that has happened. */
function conversation(parent: string, child: string): Program {
  const childProgram: Program = [
    { commands: [signal(parent)] },
    { until: ["WorkflowExecutionSignaled"], commands: [] },
    { until: ["ExternalWorkflowExecutionSignaled"], commands: [COMPLETE] },
  ];
  return [
    { commands: [startChild(child, childProgram)] },
    { until: ["ChildWorkflowExecutionStarted"], commands: [signal(child, { childWorkflowOnly: true })] },
    { until: ["ExternalWorkflowExecutionSignaled"], commands: [] },
    { until: ["WorkflowExecutionSignaled"], commands: [] },
    { until: CHILD_CLOSED, commands: [COMPLETE] },
  ];
}

async function checkConversation(parent: string, child: string): Promise<void> {
  const events = await historyWith(CLOSED, parent);
  expect(typesOf(events).toSorted()).toEqual(
    [
      "ChildWorkflowExecutionCompleted",
      "ChildWorkflowExecutionStarted",
      "ExternalWorkflowExecutionSignaled",
      "SignalExternalWorkflowExecutionInitiated",
      "StartChildWorkflowExecutionInitiated",
      "WorkflowExecutionCompleted",
      "WorkflowExecutionSignaled",
      "WorkflowExecutionStarted",
    ].toSorted(),
  );
  const childEvents = await historyWith(CLOSED, child);
  expect(typesOf(childEvents).toSorted()).toEqual(
    [
      "ExternalWorkflowExecutionSignaled",
      "SignalExternalWorkflowExecutionInitiated",
      "WorkflowExecutionCompleted",
      "WorkflowExecutionSignaled",
      "WorkflowExecutionStarted",
    ].toSorted(),
  );
}

describe("what two executions tell each other is in both histories once", () => {
  it.each(["lose-call", "lose-answer", "call-twice"])("although the parent's calls suffer from %s", async (fault) => {
    const [parent, child] = [freshId(`${fault}-parent`), freshId("child")];
    await begin(parent, conversation(parent, child));
    await checkConversation(parent, child);
  });

  it.each(["lose-call", "lose-answer", "call-twice"])("although the child's calls suffer from %s", async (fault) => {
    const [parent, child] = [freshId("parent"), freshId(`${fault}-child`)];
    await begin(parent, conversation(parent, child));
    await checkConversation(parent, child);
  });

  describe.each(["after", "before"])("although one is killed right %s commit", (when) => {
    it.each([1, 2, 3, 4, 5, 6])("%i of the parent", async (commit) => {
      const [parent, child] = [freshId(`crash-${when}-commit-${commit}-parent`), freshId("child")];
      await begin(parent, conversation(parent, child), { requestId: "the same" });
      await checkConversation(parent, child);
    });

    it.each([1, 2, 3, 4, 5, 6])("%i of the child", async (commit) => {
      const [parent, child] = [freshId("parent"), freshId(`crash-${when}-commit-${commit}-child`)];
      await begin(parent, conversation(parent, child));
      await checkConversation(parent, child);
    });
  });

  it("although the child's id is used again before the lost answer is asked for again", async () => {
    const [parent, child] = [freshId("lose-answer-parent"), freshId("child")];
    await begin(parent, parentOf(startChild(child, completes)));
    await historyWith(CLOSED, child);
    await begin(child, waitsForASignal);
    const events = await historyWith(CLOSED, parent);
    expect(ofType(events, "ChildWorkflowExecutionStarted")).toHaveLength(1);
    expect(ofType(events, "ChildWorkflowExecutionCompleted")).toHaveLength(1);
    expect(typesOf(await historyOf(child))).toEqual(["WorkflowExecutionStarted"]);
  });

  it("although the target continues as new before the lost answer is asked for again", async () => {
    const [sender, target] = [freshId("lose-answer-sender"), freshId("target")];
    const next = { ...NEXT, input: programInput([]) };
    const first = await begin(target, [{ until: ["WorkflowExecutionSignaled"], commands: [next] }]);
    await begin(sender, [
      { commands: [signal(target)] },
      { until: ["ExternalWorkflowExecutionSignaled"], commands: [COMPLETE] },
    ]);
    await historyWith(CLOSED, sender);
    expect(ofType(await historyOf(target, first), "WorkflowExecutionSignaled")).toHaveLength(1);
    expect(typesOf(await historyOf(target))).toEqual(["WorkflowExecutionStarted"]);
  });
});
