/** A workflow from start to result on workerd: activities through the queue, timers, signals, queries. */
import { describe, expect, it } from "vitest";

import { historyProblems } from "../../../src/core/invariants.ts";
import {
  addNumber,
  currentSum,
  endsAtTheFirst,
  finish,
  greet,
  inParallel,
  inSequence,
  mixed,
  nothing,
  retriesUntilItWorks,
  returnsInput,
  sleeps,
  sums,
  tellsItsInfo,
} from "../fixtures/workflows.ts";
import { client, eventTypes, freshId, storedHistory } from "./kit.ts";

describe("a workflow on workerd", () => {
  it("completes without doing anything", async () => {
    const workflowId = freshId("nothing");
    expect(await client.workflow.execute(nothing, { workflowId })).toBeUndefined();
    expect(await eventTypes(workflowId)).toEqual([
      "WorkflowExecutionStarted",
      "WorkflowTaskScheduled",
      "WorkflowTaskStarted",
      "WorkflowTaskCompleted",
      "WorkflowExecutionCompleted",
    ]);
  });

  it.each(["the queue", "a direct call"])("runs an activity through %s", async (way) => {
    const workflowId = freshId(way.replace(" ", "-"));
    expect(await client.workflow.execute(greet, { workflowId, args: ["Ada"] })).toBe("Hello, Ada!");
    expect(await eventTypes(workflowId)).toEqual([
      "WorkflowExecutionStarted",
      "WorkflowTaskScheduled",
      "WorkflowTaskStarted",
      "WorkflowTaskCompleted",
      "ActivityTaskScheduled",
      "ActivityTaskStarted",
      "ActivityTaskCompleted",
      "WorkflowTaskScheduled",
      "WorkflowTaskStarted",
      "WorkflowTaskCompleted",
      "WorkflowExecutionCompleted",
    ]);
  });

  it("runs activities one after another", async () => {
    expect(await client.workflow.execute(inSequence, { workflowId: freshId("sequence"), args: [10] })).toBe(45);
  });

  it("runs a hundred activities in parallel", async () => {
    const workflowId = freshId("parallel");
    expect(await client.workflow.execute(inParallel, { workflowId, args: [100] })).toBe(4950);
    expect(historyProblems(await storedHistory(workflowId))).toEqual([]);
  });

  it("sleeps on a durable timer", async () => {
    const workflowId = freshId("sleeps");
    expect(await client.workflow.execute(sleeps, { workflowId, args: [100] })).toBe("awake");
    expect(await eventTypes(workflowId)).toContain("TimerFired");
  });

  it("takes signals in order and answers queries that see them", async () => {
    const handle = await client.workflow.start(sums, { workflowId: freshId("sums") });
    for (const value of [1, 2, 3]) await handle.signal(addNumber, value);
    expect(await handle.query(currentSum)).toBe(6);
    await handle.signal(addNumber, 4);
    await handle.signal(finish);
    expect(await handle.result()).toBe(10);
    expect(await handle.query(currentSum)).toBe(10);
  });

  it("does not end while signals wait: whatever was accepted before its end, its code has seen", async () => {
    const workflowId = freshId("ends-at-the-first");
    const handle = await client.workflow.start(endsAtTheFirst, { workflowId });
    const sent = await Promise.allSettled(Array.from({ length: 20 }, async () => await handle.signal(addNumber, 1)));
    const accepted = sent.filter((signal) => signal.status === "fulfilled").length;
    expect(await handle.result()).toBe(accepted);
    const history = await storedHistory(workflowId);
    expect(historyProblems(history)).toEqual([]);
    const failed = history.filter((event) => event.eventType === "WorkflowTaskFailed");
    expect(failed.filter((event) => event.attributes.cause !== "UNHANDLED_COMMAND")).toEqual([]);
  });

  it("starts with a signal, and signals the same run the second time", async () => {
    const workflowId = freshId("signal-with-start");
    const first = await client.workflow.signalWithStart(sums, { workflowId, signal: addNumber, signalArgs: [5] });
    const second = await client.workflow.signalWithStart(sums, { workflowId, signal: addNumber, signalArgs: [6] });
    expect(second.signaledRunId).toBe(first.signaledRunId);
    await first.signal(finish);
    expect(await first.result()).toBe(11);
    expect((await eventTypes(workflowId)).slice(0, 2)).toEqual([
      "WorkflowExecutionStarted",
      "WorkflowExecutionSignaled",
    ]);
  });

  it("mixes activities, timers and signals", async () => {
    const key = freshId("mixed");
    const handle = await client.workflow.start(mixed, { workflowId: key, args: [key] });
    await handle.signal(addNumber, 7);
    expect(await handle.result()).toEqual([
      `${key} ran 1`,
      "slept",
      "approved 7",
      `${key}/left ran 1`,
      `${key}/right ran 1`,
    ]);
  });

  it("retries an activity and records one attempt only, the last", async () => {
    const workflowId = freshId("flaky");
    const result = await client.workflow.execute(retriesUntilItWorks, { workflowId, args: [workflowId, 2] });
    expect(result).toBe("attempt 3 worked");
    const history = await storedHistory(workflowId);
    const started = history.filter((event) => event.eventType === "ActivityTaskStarted");
    expect(started.map((event) => event.attributes.attempt)).toEqual([3]);
  });

  it("round-trips values of every JSON shape and binary data", async () => {
    const value = { text: "žluťoučký 🐎", list: [1, null, true, { nested: [] }] };
    const run = (input: unknown) =>
      client.workflow.execute(returnsInput, { workflowId: freshId("values"), args: [input] });
    expect(await run(value)).toEqual(value);
    expect(await run(new Uint8Array([0, 255, 7]))).toEqual(new Uint8Array([0, 255, 7]));
    expect(await run(undefined)).toBeUndefined();
  });

  it("exports its history as the service has it, and decoded with the key", async () => {
    const workflowId = freshId("export");
    await client.workflow.execute(greet, { workflowId, args: ["Ada"] });
    const handle = client.workflow.getHandle(workflowId);
    const stored = await handle.fetchHistory();
    const decoded = await handle.fetchHistory({ decoded: true });
    expect(stored.events).toHaveLength(11);
    expect(stored.events[0]).toMatchObject({ eventId: "1", eventType: "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED" });
    const inputs = [stored, decoded].map((history) => JSON.stringify(history.events[0]));
    expect(inputs[0]).not.toContain(btoa('"Ada"'));
    expect(inputs[1]).toContain(btoa('"Ada"'));
    expect(JSON.stringify(stored)).not.toContain("eagerlyClaimed");
  });

  it("tells a workflow who it is", async () => {
    const workflowId = freshId("info");
    const handle = await client.workflow.start(tellsItsInfo, { workflowId });
    const description = await handle.describe();
    expect(await handle.result()).toEqual({ workflowId, runId: description.runId, type: "tellsItsInfo" });
  });
});
