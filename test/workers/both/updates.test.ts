/**
 * The service's side of updates on the real runtime, driven by RPC with scripted workflows: accepted, rejected, sent
 * twice, at their limits, with a start, and beside workflow tasks that gain time.
 */
import { describe, expect, it } from "vitest";

import { historyProblems } from "../../../src/core/invariants.ts";
import type { StartRequest, UpdateReply, UpdateWithStartRequest } from "../../../src/core/protocol.ts";
import type { Reply } from "../../../src/core/rejection.ts";
import {
  Gate,
  completed,
  scriptedSessions,
  scripts,
  seenHistories,
  sessionFaults,
  tasksRun,
  text,
  updatable,
} from "../fixtures/scripted-session.ts";
import { eventTypes, freshId, objectOf, storedHistory, until } from "./kit.ts";
import { begin, count, newTask, patiently, sent, startRequest, updateRequest } from "./update-kit.ts";

describe("an update", () => {
  it("is accepted and completed, and its caller has the outcome when both are history", async () => {
    const workflowId = await begin("update");
    const reply = await objectOf(workflowId).update(updateRequest("u1", "double"));
    expect(reply).toMatchObject({
      ok: true,
      value: { updateId: "u1", stage: "COMPLETED", outcome: { success: text("u1") } },
    });
    const history = await storedHistory(workflowId);
    expect(history.map((event) => event.eventType)).toEqual([
      "WorkflowExecutionStarted",
      ...newTask,
      "WorkflowTaskCompleted",
      ...newTask,
      "WorkflowTaskCompleted",
      "WorkflowExecutionUpdateAccepted",
      "WorkflowExecutionUpdateCompleted",
    ]);
    expect(history[7]?.attributes).toMatchObject({ acceptedRequestSequencingEventId: 5 });
    expect(historyProblems(history)).toEqual([]);
    expect(scriptedSessions.get(workflowId)).toBe(1);
  });

  it("that is rejected leaves no event, and the workflow goes on as if it had not been", async () => {
    const workflowId = await begin("rejected");
    const before = await eventTypes(workflowId);
    for (const updateId of ["u1", "u2"])
      expect(await objectOf(workflowId).update(updateRequest(updateId, "refuse"))).toMatchObject({
        value: { stage: "COMPLETED", outcome: { failure: { message: `no ${updateId}` } } },
      });
    expect(await eventTypes(workflowId)).toEqual(before);
    expect(await objectOf(workflowId).update(updateRequest("u3", "double"))).toMatchObject({ ok: true });
    expect(historyProblems(await storedHistory(workflowId))).toEqual([]);
    expect(sessionFaults.get(workflowId)).toBeUndefined();
    // A query is answered from what is history, not from the task that never was.
    await objectOf(workflowId).update(updateRequest("u4", "refuse"));
    const { length } = await storedHistory(workflowId);
    const query = { version: 1, queryId: "q1", queryType: "length" } as const;
    expect(await objectOf(workflowId).query(query)).toMatchObject({ value: { result: text(String(length)) } });
    expect(sessionFaults.get(workflowId)).toBeUndefined();
  });

  it("sent twice with one id runs once and has one outcome, whether sent at the same time or later", async () => {
    const workflowId = await begin("twice");
    const request = updateRequest("u1", "slow");
    const [first, second] = await Promise.all([sent(workflowId, request), sent(workflowId, request)]);
    const third = await objectOf(workflowId).update({ ...request, args: text("something else") });
    expect(first).toMatchObject({ value: { outcome: { success: text("done u1") } } });
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect(await count(workflowId, "WorkflowExecutionUpdateAccepted")).toBe(1);
    await objectOf(workflowId).signal({ version: 1, signalName: "finish", requestId: "s1" });
    await until(
      async () => await eventTypes(workflowId),
      (types) => types.includes("WorkflowExecutionCompleted"),
    );
    // Also by the closed run.
    expect(await objectOf(workflowId).update(request)).toEqual(first);
    expect(await objectOf(workflowId).update(updateRequest("u2", "double"))).toMatchObject({
      ok: false,
      rejection: { code: "WorkflowAlreadyCompleted" },
    });
  });

  it("is answered as soon as it is accepted when that was asked for", async () => {
    const workflowId = await begin("accepted");
    const reply = await objectOf(workflowId).update(updateRequest("u1", "slow", { waitForStage: "ACCEPTED" }));
    expect(reply).toMatchObject({ value: { stage: "ACCEPTED" } });
    expect(reply).not.toHaveProperty("value.outcome");
    expect(await count(workflowId, "WorkflowExecutionUpdateAccepted")).toBe(1);
    const poll = { version: 1, updateId: "u1", waitForStage: "COMPLETED" } as const;
    const polled = await until(
      async () => (await objectOf(workflowId).pollUpdate(poll)) as Reply<UpdateReply>,
      (answer) => answer.ok && answer.value.stage === "COMPLETED",
    );
    expect(polled).toMatchObject({ value: { outcome: { success: text("done u1") } } });
    expect(await objectOf(workflowId).pollUpdate({ ...poll, updateId: "unheard of" })).toMatchObject({
      rejection: { code: "UpdateNotFound" },
    });
  });

  it("is not waited for once the object has come to rest: the caller is told how far it is", async () => {
    const workflowId = await begin("rest", (task, history) => {
      const result = updatable(task, history);
      // Accepted, and nothing that would ever complete it.
      return result.kind === "completed"
        ? { ...result, commands: result.commands.filter((command) => command.commandType !== "StartTimer") }
        : result;
    });
    const reply = await objectOf(workflowId).update(updateRequest("u1", "slow"));
    expect(reply).toMatchObject({ value: { stage: "ACCEPTED" } });
  });

  it("goes with the next task when one is with the worker, and with the next attempt when one fails", async () => {
    const gate = new Gate();
    gate.close();
    let failures = 0;
    const workflowId = freshId("in-flight");
    scripts.set(workflowId, async (task, history) => {
      await gate.pass();
      if (task.updates && failures < 2) {
        failures += 1;
        return { kind: "failed", cause: "WORKFLOW_WORKER_UNHANDLED_FAILURE", failure: { message: "not yet" } };
      }
      return updatable(task, history);
    });
    await objectOf(workflowId).start(startRequest(workflowId));
    const reply = sent(workflowId, updateRequest("u1", "double"));
    await scheduler.wait(50);
    gate.open();
    expect(await reply).toMatchObject({ value: { stage: "COMPLETED", outcome: { success: text("u1") } } });
    const tasks = tasksRun.get(workflowId) ?? [];
    expect(tasks.map((task) => task.updates?.length ?? 0)).toEqual([0, 1, 1, 1]);
    expect(tasks.map((task) => task.attempt)).toEqual([1, 1, 2, 3]);
    expect(historyProblems(await storedHistory(workflowId))).toEqual([]);
    expect(await count(workflowId, "WorkflowTaskFailed")).toBe(1);
  }, 20_000);

  it.each(["refuse", "double"])("and a signal that comes meanwhile are both told, in a task each: %s", async (name) => {
    const gate = new Gate();
    const workflowId = await begin("signalled", async (task, history) => {
      await gate.pass();
      return updatable(
        task,
        history.filter((event) => event.eventType !== "WorkflowExecutionSignaled"),
      );
    });
    gate.close();
    const reply = sent(workflowId, updateRequest("u1", name));
    await until(
      async () => tasksRun.get(workflowId)?.length,
      (tasks) => tasks === 2,
    );
    await objectOf(workflowId).signal({ version: 1, signalName: "hello", requestId: "s1" });
    gate.open();
    expect(await reply).toMatchObject({ value: { stage: "COMPLETED" } });
    const wanted = name === "refuse" ? 2 : 3;
    const types = await until(
      async () => await eventTypes(workflowId),
      (all) => all.filter((type) => type === "WorkflowTaskCompleted").length === wanted,
    );
    expect(types.slice(name === "refuse" ? 4 : 9)).toEqual([
      "WorkflowExecutionSignaled",
      ...newTask,
      "WorkflowTaskCompleted",
    ]);
    // The session has seen what is history, and nothing that never was.
    const seen = seenHistories.get(workflowId) ?? [];
    expect(seen).toEqual((await storedHistory(workflowId)).slice(0, seen.length));
    // The signal's task does not carry the update again.
    expect(tasksRun.get(workflowId)?.map((task) => task.updates?.length ?? 0)).toEqual([0, 1, 0]);
    expect(sessionFaults.get(workflowId)).toBeUndefined();
  });

  it("that comes while another is rejected gets a task that knows nothing of that one", async () => {
    const gate = new Gate();
    const workflowId = await begin("after-rejected", async (task, history) => {
      await gate.pass();
      return updatable(task, history);
    });
    gate.close();
    const refused = sent(workflowId, updateRequest("u1", "refuse"));
    await until(
      async () => tasksRun.get(workflowId)?.length,
      (tasks) => tasks === 2,
    );
    const accepted = sent(workflowId, updateRequest("u2", "double"));
    await scheduler.wait(50);
    gate.open();
    expect(await refused).toMatchObject({ value: { outcome: { failure: { message: "no u1" } } } });
    expect(await accepted).toMatchObject({ value: { outcome: { success: text("u2") } } });
    const seen = seenHistories.get(workflowId) ?? [];
    expect(seen.at(-1)).toMatchObject({ eventId: 6, eventType: "WorkflowTaskStarted" });
    expect(seen).toEqual((await storedHistory(workflowId)).slice(0, seen.length));
    expect(scriptedSessions.get(workflowId)).toBe(2);
    expect(sessionFaults.get(workflowId)).toBeUndefined();
  });

  it("is one of ten at most that are in flight", async () => {
    const workflowId = await begin("ten");
    const ids = Array.from({ length: 10 }, (_unused, index) => `u${index}`);
    const replies = ids.map((id) =>
      objectOf(workflowId).update(updateRequest(id, "slow", { waitForStage: "ACCEPTED" })),
    );
    for (const reply of await Promise.all(replies)) expect(reply).toMatchObject({ ok: true });
    expect(await objectOf(workflowId).update(updateRequest("u10", "double"))).toMatchObject({
      rejection: { code: "ResourceExhausted" },
    });
    await sent(workflowId, updateRequest("u0", "slow"));
    expect(await sent(workflowId, updateRequest("u10", "double"))).toMatchObject({ value: { stage: "COMPLETED" } });
  });
});

describe("the cost of updates", () => {
  it("is one row for one that is accepted and completed, and none for one that is rejected", async () => {
    const workflowId = await begin("rows");
    const rowsFor = async (name: string, updates: number): Promise<number> => {
      const before = await objectOf(workflowId).rowsWritten();
      for (let index = 0; index < updates; index += 1)
        expect(await sent(workflowId, updateRequest(`${name}-${index}`, name))).toMatchObject({ ok: true });
      return (await objectOf(workflowId).rowsWritten()) - before;
    };
    // The alarm that watches over the tasks is a row as well, now and then.
    expect(await rowsFor("double", 50)).toBeLessThanOrEqual(50 + 2);
    expect(await rowsFor("refuse", 50)).toBeLessThanOrEqual(2);
  });
});

describe("an update with start", () => {
  function withStart(
    workflowId: string,
    updateId: string,
    updateName: string,
    start: Partial<StartRequest> = {},
  ): UpdateWithStartRequest {
    const policy = { workflowIdConflictPolicy: "USE_EXISTING", ...start } as const;
    return { version: 1, start: startRequest(workflowId, policy), update: updateRequest(updateId, updateName) };
  }

  it("begins a run that has the update in its first task, as one commit", async () => {
    const workflowId = freshId("with-start");
    scripts.set(workflowId, updatable);
    const request = withStart(workflowId, "u1", "double");
    const reply = await objectOf(workflowId).updateWithStart(request);
    expect(reply).toMatchObject({
      value: { start: { started: true }, update: { stage: "COMPLETED", outcome: { success: text("u1") } } },
    });
    expect(await eventTypes(workflowId)).toEqual([
      "WorkflowExecutionStarted",
      ...newTask,
      "WorkflowTaskCompleted",
      "WorkflowExecutionUpdateAccepted",
      "WorkflowExecutionUpdateCompleted",
    ]);
    // The same once more: the same outcome, whatever has become of the run.
    const again = await objectOf(workflowId).updateWithStart(request);
    expect(again).toMatchObject({ value: { start: { started: false }, update: { outcome: { success: text("u1") } } } });
    await objectOf(workflowId).terminate({ version: 1 });
    expect(await objectOf(workflowId).updateWithStart(request)).toEqual(again);
  });

  it("goes to the run that is there: by the same start, by a known update, by its policy", async () => {
    const workflowId = await begin("with-existing");
    const same = { requestId: `start of ${workflowId}` };
    const other = { requestId: "another start", workflowIdConflictPolicy: "FAIL" } as const;
    const send = (request: UpdateWithStartRequest) => objectOf(workflowId).updateWithStart(request);
    expect(await send(withStart(workflowId, "u1", "double", { ...other, ...same }))).toMatchObject({
      value: { start: { started: false }, update: { outcome: { success: text("u1") } } },
    });
    await objectOf(workflowId).update(updateRequest("u2", "slow", { waitForStage: "ACCEPTED" }));
    expect(await send(withStart(workflowId, "u2", "slow", other))).toMatchObject({
      value: { update: { updateId: "u2" } },
    });
    expect(await send(withStart(workflowId, "u3", "double", { requestId: "a third" }))).toMatchObject({
      value: { update: { outcome: { success: text("u3") } } },
    });
    expect(await send(withStart(workflowId, "u4", "double", other))).toMatchObject({
      rejection: { code: "WorkflowAlreadyStarted" },
    });
    expect(await count(workflowId, "WorkflowExecutionUpdateAccepted")).toBe(3);
  });

  it("whose workflow ends before it takes the update begins another, once", async () => {
    const gate = new Gate();
    const workflowId = await begin("with-closing", async (task, history) => {
      await gate.pass();
      return updatable(task, history);
    });
    gate.close();
    const reply = objectOf(workflowId).updateWithStart(withStart(workflowId, "u1", "double", { requestId: "another" }));
    await scheduler.wait(50);
    await objectOf(workflowId).terminate({ version: 1 });
    gate.open();
    expect(await reply).toMatchObject({
      value: { start: { started: true }, update: { outcome: { success: text("u1") } } },
    });
  });

  it.each([1, 2])("is not lost when the object dies at commit %i", async (commit) => {
    const workflowId = freshId(`crash-before-commit-${commit}-with-start`);
    scripts.set(workflowId, updatable);
    const request = withStart(workflowId, "u1", "double");
    const reply = await patiently(async () => await objectOf(workflowId).updateWithStart(request));
    expect(reply).toMatchObject({ value: { update: { outcome: { success: text("u1") } } } });
    expect(await count(workflowId, "WorkflowExecutionUpdateAccepted")).toBe(1);
  });
});

describe("a workflow task that gains time", () => {
  it("is followed by the next at once, in the same session, until it is done", async () => {
    const workflowId = freshId("heartbeats");
    let beats = 0;
    scripts.set(workflowId, async () => {
      beats += 1;
      await scheduler.wait(20);
      const isLast = beats > 10;
      return isLast
        ? completed({ commandType: "CompleteWorkflowExecution" })
        : { kind: "completed", commands: [], forceNewWorkflowTask: true };
    });
    await objectOf(workflowId).start(startRequest(workflowId));
    const types = await until(
      async () => await eventTypes(workflowId),
      (all) => all.includes("WorkflowExecutionCompleted"),
    );
    expect(types).toEqual([
      "WorkflowExecutionStarted",
      ...Array.from({ length: 11 }, () => [...newTask, "WorkflowTaskCompleted"]).flat(),
      "WorkflowExecutionCompleted",
    ]);
    expect(scriptedSessions.get(workflowId)).toBe(1);
    expect(sessionFaults.get(workflowId)).toBeUndefined();
  });

  it("lets updates and signals in between", async () => {
    const workflowId = freshId("heartbeats-and-updates");
    let isDone = false;
    scripts.set(workflowId, async (task, history) => {
      await scheduler.wait(30);
      const result = updatable(task, history);
      return isDone || result.kind === "failed" ? result : { ...result, forceNewWorkflowTask: true };
    });
    await objectOf(workflowId).start(startRequest(workflowId));
    expect(await sent(workflowId, updateRequest("u1", "double"))).toMatchObject({ value: { stage: "COMPLETED" } });
    expect(await sent(workflowId, updateRequest("u2", "refuse"))).toMatchObject({ value: { stage: "COMPLETED" } });
    isDone = true;
    await objectOf(workflowId).signal({ version: 1, signalName: "finish", requestId: "s1" });
    await until(
      async () => await eventTypes(workflowId),
      (all) => all.includes("WorkflowExecutionCompleted"),
    );
    expect(historyProblems(await storedHistory(workflowId))).toEqual([]);
    expect(scriptedSessions.get(workflowId)).toBe(1);
  });
});
