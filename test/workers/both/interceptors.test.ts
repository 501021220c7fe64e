/** Interceptors, sinks, logs and kinds of failures of a whole application, as `createWorker` puts them together. */
import { describe, expect, it } from "vitest";

import { WithStartWorkflowOperation } from "../../../src/sdk/client/index.ts";
import { meter, sessionsOpened } from "../fixtures/application.ts";
import { recorded } from "../fixtures/recording-interceptors.ts";
import {
  catchesListed,
  continuesOnce,
  correct,
  countsSteps,
  hearsOneHint,
  hint,
  hints,
  passesEverything,
  tellsSinks,
  throwsListed,
  throwsOwn,
  throwsUnlisted,
} from "../fixtures/workflows.ts";
import { expectToReplay } from "./authoring-kit.ts";
import { client, eventTypes, freshId, rejectionOf, until } from "./kit.ts";

/** What passed through a workflow's interceptors, apart from what the engine does. */
function callsOf(workflowId: string): string[] {
  return (recorded.get(workflowId) ?? []).filter((entry) => !/^(activate|concluded|disposed)/.test(entry));
}

describe("interceptors", () => {
  it.each(["", "-break-session", "-queue"])(
    "see every call, and hand headers on to activities and children%s",
    async (fault) => {
      const workflowId = freshId(`intercepted${fault}`);
      const childId = freshId("intercepted-child");
      const handle = await client.workflow.start(passesEverything, { workflowId, args: [childId] });
      await handle.signal(hint, "a");
      expect(await handle.query(hints)).toEqual(["a"]);
      expect(await handle.executeUpdate(correct, { args: ["b"] })).toBe("B");
      expect(await handle.result()).toEqual(["[", "remote!", "local!", "[", "from the parent", "]", "]"]);
      expect(callsOf(workflowId)).toEqual([
        "execute: started by the client",
        "signal hint: signalled by the client",
        "query hints: asked by the client",
        "validate correct: updated by the client",
        "update correct: updated by the client",
        "timer 5",
        "child hearsOneHint",
        "signal to child",
        "activity echo 1",
        "run echo: started by the client, through a workflow",
        "local activity echo 2 attempt 1",
        "run local echo: started by the client, locally",
        "executed",
      ]);
      expect(callsOf(childId)).toEqual([
        "execute: started by the client, through its parent",
        "signal hint: started by the client, from a workflow",
        "executed",
      ]);
    },
  );

  it("go with a start that comes with a signal or an update", async () => {
    const [signalled, updated] = [freshId("intercepted-signalled"), freshId("intercepted-updated")];
    const handle = await client.workflow.signalWithStart(hearsOneHint, {
      workflowId: signalled,
      signal: hint,
      signalArgs: ["early"],
    });
    expect(await handle.result()).toEqual(["[", "early", "]"]);
    expect(callsOf(signalled)).toEqual([
      "execute: started with a signal",
      "signal hint: started with a signal",
      "executed",
    ]);
    const startWorkflowOperation = new WithStartWorkflowOperation(passesEverything, {
      workflowId: updated,
      workflowIdConflictPolicy: "FAIL",
      args: [freshId("never-started")],
    });
    const answer = await client.workflow.executeUpdateWithStart(correct, { startWorkflowOperation, args: ["early"] });
    expect(answer).toBe("EARLY");
    expect(callsOf(updated).toSorted()).toEqual([
      "execute: started with an update",
      "update correct: updated with the start",
      "validate correct: updated with the start",
    ]);
    await client.workflow.getHandle(updated).terminate();
  });

  it("inside of the engine see activations, their commands, and the end of a session", async () => {
    const workflowId = freshId("intercepted-internals");
    await client.workflow.execute(tellsSinks, { workflowId, args: [1] });
    const internals = (recorded.get(workflowId) ?? []).filter((entry) => /^(activate|concluded)/.test(entry));
    expect(internals).toEqual([
      "activate: initializeWorkflow",
      "concluded: ScheduleActivityTask",
      "activate: resolveActivity",
      "concluded: CompleteWorkflowExecution",
    ]);
    // Longer than an unused session is kept.
    await until(
      async () => recorded.get(workflowId) ?? [],
      (entries) => entries.includes("disposed"),
    );
  });

  it("hand headers on to the next run", async () => {
    const workflowId = freshId("intercepted-continued");
    const handle = await client.workflow.start(continuesOnce, { workflowId });
    expect(await handle.result()).toEqual(["[", "second run", "]"]);
    expect(callsOf(workflowId)).toEqual([
      "execute: started by the client",
      "continue as new",
      "execute: started by the client, continued",
      "executed",
    ]);
    await expectToReplay(workflowId);
    await expectToReplay(workflowId, handle.firstExecutionRunId);
  });
});

describe("sinks and the log", () => {
  it("say everything once, although every session is lost", async () => {
    const workflowId = freshId("intercepted-break-session");
    const said = await client.workflow.execute(tellsSinks, { workflowId, args: [4] });
    expect(said).toEqual(["[", "step 1!", "step 2!", "step 3!", "step 4!", "]"]);
    expect(sessionsOpened.get(workflowId)).toBe(5);
    const entries = recorded.get(workflowId) ?? [];
    const steps = [1, 2, 3, 4];
    expect(entries.filter((entry) => entry.startsWith("once"))).toEqual(steps.map((step) => `once: step ${step}`));
    expect(entries.filter((entry) => entry.startsWith("INFO"))).toEqual(
      steps.map((step) => `INFO log ${step} (started by the client)`),
    );
    // One that wants to hear replays hears step 1 in all five sessions.
    expect(entries.filter((entry) => entry === "always: step 1")).toHaveLength(5);
    expect(entries.filter((entry) => entry === "always: step 4")).toHaveLength(2);
    await expectToReplay(workflowId);
  });
});

describe("metrics", () => {
  it("reach the worker's meter once, although every session is lost", async () => {
    const workflowId = freshId("measured-break-session");
    await client.workflow.execute(countsSteps, { workflowId, args: [3] });
    const tags = { namespace: "default", taskQueue: "default", workflowId };
    const measured = meter.measured.filter((entry) => entry.tags?.["workflowId"] === workflowId);
    expect(measured.filter(({ name }) => name === "workflow.steps")).toEqual(
      [1, 2, 3].map((value) => ({ name: "workflow.steps", value, tags: { ...tags, workflowType: "countsSteps" } })),
    );
    const run = { name: "activity.runs", value: 1, tags: { ...tags, activityType: "measures", isLocal: false } };
    expect(measured.filter(({ name }) => name === run.name)).toEqual([
      ...[1, 2, 3].map(() => run),
      { ...run, tags: { ...run.tags, isLocal: true } },
    ]);
    await expectToReplay(workflowId);
  });
});

describe("an error that is no failure", () => {
  it("fails the workflow if the worker lists its class for the type", async () => {
    const workflowId = freshId("listed");
    const error = await rejectionOf(client.workflow.execute(throwsListed, { workflowId }));
    expect(error.cause).toMatchObject({ name: "ApplicationFailure", message: "listed by the worker" });
    expect((await eventTypes(workflowId)).at(-1)).toBe("WorkflowExecutionFailed");
  });

  it("fails the workflow if its function names the class", async () => {
    const workflowId = freshId("own");
    const error = await rejectionOf(client.workflow.execute(throwsOwn, { workflowId }));
    expect(error.cause).toMatchObject({ type: "OwnError", message: "named by the workflow" });
  });

  it("reaches a parent as an application failure", async () => {
    const [workflowId, childId] = [freshId("parent-of-listed"), freshId("listed-child")];
    const result = await client.workflow.execute(catchesListed, { workflowId, args: [childId] });
    expect(result).toBe("DerivedFromListedError: listed by the worker");
  });

  it("fails the workflow task if nobody names its class", async () => {
    const workflowId = freshId("unlisted");
    const handle = await client.workflow.start(throwsUnlisted, { workflowId });
    const { pendingWorkflowTask } = await until(
      async () => await handle.describe(),
      (described) => (described.pendingWorkflowTask?.attempt ?? 0) >= 2,
    );
    expect(pendingWorkflowTask?.lastFailure).toMatchObject({ message: "not listed for this type" });
    await handle.terminate();
  });
});
