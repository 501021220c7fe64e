/** The child workflow's table, as the parent sees it. */
import { describe, expect, it } from "vitest";

import type { Requests } from "../../../src/core/decide.ts";
import type { EventType } from "../../../src/core/history-event.ts";
import { MAX_PENDING_CHILD_WORKFLOWS } from "../../../src/core/limits.ts";
import { type Step, given, signaled, started, taskCompleted, taskFailed, terminated } from "../given.ts";
import * as make from "../requests.ts";

const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;

function startAnswered(request = make.childStarted(5)): Step {
  return (scenario) => void scenario.take("recordChildStart", request);
}

/** A child initiated by event 5. */
const initiated: Step[] = [started(), taskCompleted(make.startChild("child"))];
/** Its start is known (event 6), and the workflow has seen it. */
const running: Step[] = [...initiated, startAnswered(), taskCompleted()];
/** Its start became known while a task was with the worker. */
const startBuffered: Step[] = [...initiated, signaled("s1"), startAnswered()];

describe("a child", () => {
  it("is initiated with everything that its start will need", () => {
    const options = {
      input: make.payloads("order"),
      header: { fields: { trace: {} } },
      memo: { fields: { note: {} } },
      workflowExecutionTimeoutMs: 60_000,
      workflowRunTimeoutMs: 50_000,
      workflowTaskTimeoutMs: 5_000,
      parentClosePolicy: "ABANDON",
      workflowIdReusePolicy: "REJECT_DUPLICATE",
      searchAttributes: { indexedFields: { City: {} } },
    } as const;
    given(started())
      .whenCompleted(make.startChild("child", { ...options, userMetadata: { summary: { data: "aGk=" } } }))
      .thenEvents("WorkflowTaskCompleted", [
        "StartChildWorkflowExecutionInitiated",
        {
          namespace: "default",
          workflowId: "child",
          workflowType: { name: "book" },
          taskQueue: { name: "transfers" },
          workflowTaskCompletedEventId: 4,
          ...options,
        },
      ]);
  });

  it("is terminated with its parent unless it says otherwise", () => {
    given(started())
      .whenCompleted(make.startChild("child"))
      .thenEvents("WorkflowTaskCompleted", [
        "StartChildWorkflowExecutionInitiated",
        { parentClosePolicy: "TERMINATE" },
      ]);
  });

  it("starts once, and the workflow is told", () => {
    const scenario = given(...initiated);
    scenario
      .when("recordChildStart", make.childStarted(5))
      .thenReplies({ recorded: true })
      .thenEvents(
        [
          "ChildWorkflowExecutionStarted",
          {
            namespace: "default",
            workflowExecution: { workflowId: "child", runId: "child-run-1" },
            workflowType: { name: "book" },
            initiatedEventId: 5,
          },
        ],
        ...newTask,
      );
    scenario.when("recordChildStart", make.childStarted(5)).thenReplies({ recorded: false }).thenNothing();
    scenario.when("recordChildStart", make.childNotStarted(5)).thenNothing();
  });

  it("whose id is in use does not start", () => {
    const scenario = given(...initiated);
    scenario.when("recordChildStart", make.childNotStarted(5)).thenEvents(
      [
        "StartChildWorkflowExecutionFailed",
        {
          namespace: "default",
          workflowId: "child",
          workflowType: { name: "book" },
          cause: "WORKFLOW_ALREADY_EXISTS",
          initiatedEventId: 5,
          workflowTaskCompletedEventId: 4,
        },
      ],
      ...newTask,
    );
    scenario.when("recordChildStart", make.childStarted(5)).thenNothing();
    scenario.when("childClosed", make.childClosed(5)).thenNothing();
  });

  const failure = make.failureOf("Full");
  it.each<[Requests["childClosed"]["close"], EventType, object]>([
    [
      { kind: "completed", result: make.payloads("x") },
      "ChildWorkflowExecutionCompleted",
      { result: make.payloads("x") },
    ],
    [
      { kind: "failed", failure, retryState: "MAXIMUM_ATTEMPTS_REACHED" },
      "ChildWorkflowExecutionFailed",
      { failure, retryState: "MAXIMUM_ATTEMPTS_REACHED" },
    ],
    [
      { kind: "canceled", details: make.payloads("y") },
      "ChildWorkflowExecutionCanceled",
      { details: make.payloads("y") },
    ],
    [{ kind: "timedOut", retryState: "TIMEOUT" }, "ChildWorkflowExecutionTimedOut", { retryState: "TIMEOUT" }],
    [{ kind: "terminated" }, "ChildWorkflowExecutionTerminated", {}],
  ])("ends once: %j", (close, eventType, attributes) => {
    const scenario = given(...running);
    const common = {
      namespace: "default",
      workflowExecution: { workflowId: "child", runId: "child-run-9" },
      workflowType: { name: "book" },
      initiatedEventId: 5,
      startedEventId: 6,
      childOriginalExecutionRunId: "child-run-1",
    };
    const closed = make.childClosed(5, { close, child: { workflowId: "child", runId: "child-run-9" } });
    const taken = scenario.when("childClosed", closed).thenReplies({ accepted: true });
    taken.thenEvents(eventType, ...newTask);
    expect(taken.changes.events[0]?.attributes).toEqual({ ...common, ...attributes });
    scenario.when("childClosed", closed).thenReplies({ accepted: true }).thenNothing();
    scenario.when("recordChildStart", make.childStarted(5)).thenNothing();
    expect(scenario.run.children).toEqual({});
  });

  it("that ends before its start was answered has started first, as the first run of its chain", () => {
    given(...initiated)
      .when("childClosed", make.childClosed(5, { child: { workflowId: "child", runId: "child-run-3" } }))
      .thenEvents(
        ["ChildWorkflowExecutionStarted", { workflowExecution: { workflowId: "child", runId: "child-run-1" } }],
        [
          "ChildWorkflowExecutionCompleted",
          { startedEventId: 6, workflowExecution: { workflowId: "child", runId: "child-run-3" } },
        ],
        ...newTask,
      );
  });

  it("cannot end for another: run, event, id and namespace must be right", () => {
    for (const wrong of [
      make.childClosed(5, { parentRunId: "run-0" }),
      make.childClosed(4),
      make.childClosed(5, { child: { workflowId: "other", runId: "child-run-1" } }),
      make.childClosed(5, { childNamespace: "other" }),
    ])
      given(...running)
        .when("childClosed", wrong)
        .thenReplies({ accepted: true })
        .thenNothing();
    given(...initiated)
      .when("recordChildStart", { ...make.childStarted(5), runId: "run-0" })
      .thenNothing();
  });
});

describe("news of a child while a task is with the worker", () => {
  it("waits, and its end comes after everything else that waits", () => {
    const scenario = given(...startBuffered);
    scenario.when("recordChildStart", make.childStarted(5)).thenNothing();
    scenario
      .when("childClosed", make.childClosed(5))
      .thenBuffered(["ChildWorkflowExecutionCompleted", { startedEventId: 0 }]);
    signaled("s2")(scenario);
    scenario
      .whenCompleted()
      .thenEvents(
        "WorkflowTaskCompleted",
        "ChildWorkflowExecutionStarted",
        ["WorkflowExecutionSignaled", { requestId: "s2" }],
        ["ChildWorkflowExecutionCompleted", { startedEventId: 10 }],
        ...newTask,
      );
  });

  it("knows its start by the number it has got since", () => {
    const scenario = given(...startBuffered, taskCompleted());
    const startedEventId = scenario.run.children[5]?.startedEventId;
    expect(scenario.events.at((startedEventId ?? 0) - 1)?.eventType).toBe("ChildWorkflowExecutionStarted");
    scenario
      .when("childClosed", make.childClosed(5))
      .thenBuffered(["ChildWorkflowExecutionCompleted", { startedEventId }] as never);
  });

  it("holds up the end of the run", () => {
    given(...running, signaled("s1"), (scenario) => void scenario.take("childClosed", make.childClosed(5)))
      .whenCompleted(make.COMPLETE)
      .thenEvents(
        ["WorkflowTaskFailed", { cause: "UNHANDLED_COMMAND" }],
        "ChildWorkflowExecutionCompleted",
        ...newTask,
      );
  });
});

describe("a parent that has closed", () => {
  it.each([
    ["initiated", initiated],
    ["started", running],
  ])("hears nothing more of a child that was %s", (_, steps) => {
    const scenario = given(...steps);
    scenario.when("terminate", { version: 1 }).thenReplies({ runId: "run-1" });
    expect(Object.keys(scenario.run.children)).toEqual(["5"]);
    scenario.when("recordChildStart", make.childStarted(5)).thenReplies({ recorded: false }).thenNothing();
    scenario.when("childClosed", make.childClosed(5)).thenReplies({ accepted: true }).thenNothing();
  });

  it("notes once that its children have been seen to", () => {
    const scenario = given(...running, terminated());
    const taken = scenario.when("settleOutbox", {}).thenReplies({ settled: true });
    expect(taken.changes.progress).toEqual([{ kind: "outboxSettled" }]);
    scenario.when("settleOutbox", {}).thenReplies({ settled: false }).thenNothing();
    expect(scenario.run).toMatchObject({ children: {}, externals: {}, outboxSettled: true });
  });
});

describe("a start command", () => {
  it.each([
    [{ namespace: "no/slash" }, /namespace/],
    [{ workflowId: "" }, /workflowId/],
    [{ workflowId: "x".repeat(1_001) }, /1000 bytes/],
    [{ workflowType: "" }, /workflowType/],
    [{ taskQueue: "\n" }, /taskQueue/],
    [{ workflowRunTimeoutMs: -1 }, /timeout/],
    [{ workflowTaskTimeoutMs: Number.NaN }, /timeout/],
    [{ parentClosePolicy: "SHOOT" as never }, /parentClosePolicy/],
    [{ workflowIdReusePolicy: "NEVER" as never }, /workflowIdReusePolicy/],
    [{ retryPolicy: { backoffCoefficient: 0 } }, /backoffCoefficient/],
    [{ cronSchedule: "* * * *" }, /cronSchedule "\* \* \* \*": it has 4 fields/],
  ])("that says %j fails the workflow task", (wrong, message) => {
    const taken = given(started()).whenCompleted(make.startChild("child", wrong));
    taken.thenEvents(["WorkflowTaskFailed", { cause: "BAD_START_CHILD_EXECUTION_ATTRIBUTES" }]);
    const [failed] = taken.changes.events;
    if (failed?.eventType !== "WorkflowTaskFailed") throw new Error("the task did not fail");
    expect(failed.attributes.failure?.message).toMatch(message);
  });

  it("has to fit the limits", () => {
    const tooMuch = { payloads: [{ data: "AAAA".repeat(1_000_000) }] };
    given(started())
      .whenCompleted(make.startChild("child", { input: tooMuch }))
      .thenEvents(["WorkflowTaskFailed", { cause: "PAYLOADS_TOO_LARGE" }]);
    const commands = Array.from({ length: MAX_PENDING_CHILD_WORKFLOWS }, (_, index) => make.startChild(`c${index}`));
    given(started())
      .whenCompleted(...commands, make.startChild("one too many"))
      .thenEvents(["WorkflowTaskFailed", { cause: "PENDING_CHILD_WORKFLOWS_LIMIT_EXCEEDED" }]);
    given(started(), taskCompleted(...commands), signaled("s1"))
      .whenCompleted(make.startChild("one too many"))
      .thenEvents(["WorkflowTaskFailed", { cause: "PENDING_CHILD_WORKFLOWS_LIMIT_EXCEEDED" }]);
  });

  it("may name an id twice: the workflow id itself decides which of them starts", () => {
    given(started())
      .whenCompleted(make.startChild("child"), make.startChild("child"))
      .thenEvents(
        "WorkflowTaskCompleted",
        "StartChildWorkflowExecutionInitiated",
        "StartChildWorkflowExecutionInitiated",
      );
  });
});

describe("a start that waited behind a task which died with its object", () => {
  it("gets its number before the child's end refers to it", () => {
    const retried = given(...initiated, signaled("s1"), taskFailed(), startAnswered());
    expect(retried.run.children[5]?.startedEventId).toBe(0);
    // After a reload the retried task waits anew, and what waited behind it has no task to wait for.
    delete retried.run.workflowTask?.startedEventId;
    retried
      .when("childClosed", make.childClosed(5))
      .thenEvents("ChildWorkflowExecutionStarted", ["ChildWorkflowExecutionCompleted", { startedEventId: 10 }]);
  });
});
