/**
 * Updates whose callers wait: while the object dies, while it sleeps, and while the run ends. Driven by RPC with
 * scripted workflows.
 */
import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { historyProblems } from "../../../src/core/invariants.ts";
import { Gate, completed, tasksRun, text, updatable } from "../fixtures/scripted-session.ts";
import { eventTypes, objectOf, storedHistory, until } from "./kit.ts";
import { begin, count, crash, fate, patiently, sent, updateRequest, watching } from "./update-kit.ts";

describe("an update when the object dies", () => {
  describe.each(["after", "before"])("right %s commit", (when) => {
    it.each([1, 2, 3, 4, 5])("%i is not lost and runs once", async (commit) => {
      const workflowId = await begin(`crash-${when}-commit-${commit}-`);
      expect(await sent(workflowId, updateRequest("u1", "slow"))).toMatchObject({
        value: { stage: "COMPLETED", outcome: { success: text("done u1") } },
      });
      expect(await sent(workflowId, updateRequest("u2", "refuse"))).toMatchObject({
        value: { outcome: { failure: { message: "no u2" } } },
      });
      expect(await count(workflowId, "WorkflowExecutionUpdateAccepted")).toBe(1);
      expect(await count(workflowId, "WorkflowExecutionUpdateCompleted")).toBe(1);
      expect(historyProblems(await storedHistory(workflowId))).toEqual([]);
    });
  });

  it("while the worker has it: the caller's call fails, and nothing of it is stored", async () => {
    const gate = new Gate();
    const workflowId = await begin("killed", async (task, history) => {
      await gate.pass();
      return updatable(task, history);
    });
    gate.close();
    const lost = fate(objectOf(workflowId).update(updateRequest("u1", "double")));
    await until(
      async () => tasksRun.get(workflowId)?.length,
      (tasks) => tasks === 2,
    );
    // A signal is durable though it waits behind the update's task.
    await objectOf(workflowId).signal({ version: 1, signalName: "hello", requestId: "s1" });
    await crash(workflowId);
    expect(await lost).toBe("failed");
    gate.open();
    const types = await until(
      async () => await patiently(() => eventTypes(workflowId)),
      (all) => all.includes("WorkflowExecutionCompleted"),
    );
    expect(types).not.toContain("WorkflowExecutionUpdateAccepted");
    expect(types).toContain("WorkflowExecutionSignaled");
    expect(historyProblems(await storedHistory(workflowId))).toEqual([]);
  });

  it("after its outcome is history: whoever asks again has it", async () => {
    const workflowId = await begin("reloaded");
    const first = await objectOf(workflowId).update(updateRequest("u1", "double"));
    await crash(workflowId);
    expect(await sent(workflowId, updateRequest("u1", "double"))).toEqual(first);
    const poll = { version: 1, updateId: "u1", waitForStage: "COMPLETED" } as const;
    expect(await objectOf(workflowId).pollUpdate(poll)).toEqual(first);
  });
});

describe("a watcher of an update", () => {
  it("is told the outcome though the object slept meanwhile", async () => {
    const workflowId = await begin("watched");
    await objectOf(workflowId).update(updateRequest("u1", "slow", { waitForStage: "ACCEPTED" }));
    const { message } = await watching(workflowId, "u1");
    await evictDurableObject(objectOf(workflowId));
    expect(await message).toMatchObject({
      ok: true,
      value: { updateId: "u1", stage: "COMPLETED", outcome: { success: text("done u1") } },
    });
    // One who comes later is told at once, and one who asks for nothing known as well.
    expect(await (await watching(workflowId, "u1")).message).toMatchObject({ value: { stage: "COMPLETED" } });
    expect(await (await watching(workflowId, "u2")).message).toMatchObject({ rejection: { code: "UpdateNotFound" } });
  });

  it("is told when the run ends first: a failure if it was accepted, that it was not taken if not", async () => {
    const gate = new Gate();
    const workflowId = await begin("watched-close", async (task, history) => {
      if (task.updates) await gate.pass();
      return updatable(task, history);
    });
    await objectOf(workflowId).update(updateRequest("u1", "slow", { waitForStage: "ACCEPTED" }));
    const accepted = await watching(workflowId, "u1");
    gate.close();
    const waiting = objectOf(workflowId).update(updateRequest("u2", "double"));
    await scheduler.wait(50);
    const admitted = await watching(workflowId, "u2");
    await objectOf(workflowId).terminate({ version: 1, reason: "enough" });
    gate.open();
    expect(await accepted.message).toMatchObject({
      value: { outcome: { failure: { applicationFailureInfo: { type: "AcceptedUpdateCompletedWorkflow" } } } },
    });
    expect(await admitted.message).toMatchObject({ rejection: { code: "WorkflowAlreadyCompleted" } });
    expect(await waiting).toMatchObject({ rejection: { code: "WorkflowAlreadyCompleted" } });
  });

  it("is told to send it again when the object that knew of it is gone", async () => {
    const gate = new Gate();
    const workflowId = await begin("forgotten", async (task, history) => {
      if (task.updates) await gate.pass();
      return updatable(task, history);
    });
    gate.close();
    const lost = fate(objectOf(workflowId).update(updateRequest("u1", "double")));
    await scheduler.wait(50);
    const { message } = await watching(workflowId, "u1");
    const told = message.then(
      (reply) => reply,
      () => "the connection broke" as const,
    );
    await crash(workflowId);
    gate.open();
    await patiently(async () => await objectOf(workflowId).describe({ version: 1 }));
    const answer = await told;
    // Which of the two depends on whether the platform kept the socket; both make the client send it again.
    if (answer !== "the connection broke") expect(answer).toMatchObject({ rejection: { code: "UpdateNotFound" } });
    expect(await lost).toBe("failed");
    expect(await sent(workflowId, updateRequest("u1", "double"))).toMatchObject({ value: { stage: "COMPLETED" } });
  });

  it("is refused when it does not say what it waits for", async () => {
    const workflowId = await begin("malformed");
    const bad = { updateId: "", waitForStage: "COMPLETED" } as const;
    expect(await (await watching(workflowId, "", bad)).message).toMatchObject({
      rejection: { code: "InvalidArgument" },
    });
  });
});

describe("the end of a run", () => {
  it("in the task that accepts an update fails the update", async () => {
    const workflowId = await begin("abandoned");
    const [completing, accepting] = await Promise.all([
      objectOf(workflowId).update(updateRequest("u1", "abandoned")),
      objectOf(workflowId).update(updateRequest("u1", "abandoned", { waitForStage: "ACCEPTED" })),
    ]);
    expect(completing).toMatchObject({
      value: {
        stage: "COMPLETED",
        outcome: { failure: { applicationFailureInfo: { type: "AcceptedUpdateCompletedWorkflow" } } },
      },
    });
    expect(accepting).toMatchObject({ ok: true });
    expect(await objectOf(workflowId).update(updateRequest("u1", "abandoned"))).toEqual(completing);
  });

  it("may come with the outcome of an update", async () => {
    const workflowId = await begin("last");
    expect(await objectOf(workflowId).update(updateRequest("u1", "last"))).toMatchObject({
      value: { outcome: { success: text("u1") } },
    });
    expect((await eventTypes(workflowId)).slice(-2)).toEqual([
      "WorkflowExecutionUpdateCompleted",
      "WorkflowExecutionCompleted",
    ]);
  });

  it("by continuing as new takes the updates along that nobody has answered, and those who wait for them", async () => {
    const gate = new Gate();
    const workflowId = await begin("continued", async (task, history) => {
      await gate.pass();
      const isFirstRun =
        history[0]?.eventType === "WorkflowExecutionStarted" && !history[0].attributes.continuedExecutionRunId;
      const isToContinue = history.some((event) => event.eventType === "WorkflowExecutionSignaled");
      if (!isFirstRun || !isToContinue) return updatable(task, history);
      return completed({
        commandType: "ContinueAsNewWorkflowExecution",
        workflowType: "scripted",
        taskQueue: "default",
      });
    });
    gate.close();
    await objectOf(workflowId).signal({ version: 1, signalName: "continue", requestId: "s1" });
    const reply = sent(workflowId, updateRequest("u1", "double"));
    await scheduler.wait(50);
    const { message } = await watching(workflowId, "u1");
    gate.open();
    const answer = await reply;
    expect(answer).toMatchObject({ value: { stage: "COMPLETED", outcome: { success: text("u1") } } });
    expect(await message).toEqual(answer);
    const described = await objectOf(workflowId).describe({ version: 1 });
    expect(described.ok && answer.ok && described.value.runId === answer.value.runId).toBe(true);
  });
});
