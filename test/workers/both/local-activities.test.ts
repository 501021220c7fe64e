/** Local activities on the real runtime: short and long ones, their retries, and workers that are lost meanwhile. */
import { describe, expect, it } from "vitest";

import { workflowMetadataQuery } from "../../../src/sdk/workflow/index.ts";
import { executions } from "../fixtures/activities.ts";
import { sessionsOpened } from "../fixtures/application.ts";
import {
  asksALocalActivity,
  beatsLocally,
  callsUnknownLocally,
  cancelsALocalActivity,
  catchesALocalFailure,
  leavesOneRunning,
  mixesActivities,
  noteByUpdate,
  noted,
  retriesByATimer,
  retriesLocally,
  runsLocally,
  takesItsTime,
  timesOutLocally,
  waitsLocally,
} from "../fixtures/workflows.ts";
import { clearHistory, expectToReplay, valuesIn } from "./authoring-kit.ts";
import { client, eventTypes, freshId, objectOf, rejectionOf, storedHistory, until } from "./kit.ts";
import { historyOf, ofType } from "./program-kit.ts";

async function count(workflowId: string, type: string): Promise<number> {
  return (await eventTypes(workflowId)).filter((other) => other === type).length;
}

describe("a local activity", () => {
  it("leaves a marker and nothing else, encrypted in storage and in clear when it is decoded", async () => {
    const workflowId = freshId("local");
    const args: [string] = [workflowId];
    const result = await client.workflow.execute(runsLocally, { workflowId, args });
    expect(result).toEqual([`${workflowId} ran 1`, "and echoed"]);
    expect(await eventTypes(workflowId)).toEqual([
      "WorkflowExecutionStarted",
      "WorkflowTaskScheduled",
      "WorkflowTaskStarted",
      "WorkflowTaskCompleted",
      "MarkerRecorded",
      "MarkerRecorded",
      "WorkflowExecutionCompleted",
    ]);
    expect(await objectOf(workflowId).storedText()).not.toContain(btoa(`"and echoed"`));
    const markers = (await clearHistory(workflowId)).map((event) => event["markerRecordedEventAttributes"]);
    const details = markers.flatMap((marker) => (marker as { details?: Record<string, unknown> } | undefined) ?? []);
    expect(details.map((marker) => valuesIn(marker.details?.["result"])[0])).toEqual(result);
    expect(valuesIn(details[0]?.details?.["data"])[0]).toMatchObject({ activity_type: "countsUp", activity_id: "1" });
    await expectToReplay(workflowId);
  });

  it("is tried again in memory while the wait is short", async () => {
    const workflowId = freshId("local-retry");
    const result = await client.workflow.execute(retriesLocally, { workflowId, args: [workflowId, 3] });
    expect(result).toBe("attempt 4 worked");
    expect(await count(workflowId, "MarkerRecorded")).toBe(1);
    expect(await count(workflowId, "WorkflowTaskCompleted")).toBe(1);
    await expectToReplay(workflowId);
  });

  it("is tried again by a durable timer when the wait is long: two markers, one timer", async () => {
    const workflowId = freshId("local-backoff");
    const result = await client.workflow.execute(retriesByATimer, { workflowId, args: [workflowId] });
    expect(result).toBe("attempt 2 worked");
    expect(await count(workflowId, "MarkerRecorded")).toBe(2);
    expect(await count(workflowId, "TimerStarted")).toBe(1);
    expect(await count(workflowId, "TimerFired")).toBe(1);
    const [timer] = ofType(await storedHistory(workflowId), "TimerStarted");
    expect(timer?.attributes.startToFireTimeoutMs).toBe(100);
    await expectToReplay(workflowId);
  });

  it("keeps its durable backoff over sessions that are lost at every task", async () => {
    const workflowId = freshId("local-backoff-break-session");
    const result = await client.workflow.execute(retriesByATimer, { workflowId, args: [workflowId] });
    expect(result).toBe("attempt 2 worked");
    expect(executions.get(workflowId)).toBe(2);
    await expectToReplay(workflowId);
  });

  it("fails with what it threw", async () => {
    const workflowId = freshId("local-failure");
    const result = await client.workflow.execute(catchesALocalFailure, { workflowId });
    expect(result).toBe("ApplicationFailure: no luck");
    await expectToReplay(workflowId);
  });

  it("is given up when its time is over, after all its attempts", async () => {
    const workflowId = freshId("local-timeout");
    const result = await client.workflow.execute(timesOutLocally, { workflowId, args: [workflowId] });
    expect(result).toBe("START_TO_CLOSE");
    expect(executions.get(workflowId)).toBe(2);
    await expectToReplay(workflowId);
  });

  it("knows that it is local, and of which workflow", async () => {
    const workflowId = freshId("local-info");
    const result = await client.workflow.execute(asksALocalActivity, { workflowId });
    expect(result).toEqual({ isLocal: true, activityType: "tellsItsInfo", attempt: 1, workflowId });
  });

  it("beats its heart in vain: no details reach the next attempt", async () => {
    const workflowId = freshId("local-heartbeat");
    const result = await client.workflow.execute(beatsLocally, { workflowId, args: [workflowId] });
    expect(result).toBe("dies after its heartbeat");
    expect(await count(workflowId, "MarkerRecorded")).toBe(1);
    await expectToReplay(workflowId);
  });

  it("that the worker does not have is a ReferenceError", async () => {
    const workflowId = freshId("local-unknown");
    expect(await client.workflow.execute(callsUnknownLocally, { workflowId })).toBe(
      "Local activity of type 'unknownToEveryone' not registered on worker",
    );
  });

  it.each(["", "-break-session"])("goes together with activities and timers%s", async (fault) => {
    const key = freshId(`local-mixed${fault}`);
    const result = await client.workflow.execute(mixesActivities, { workflowId: key, args: [key] });
    const ran = (...names: string[]) => names.map((name) => `${key}/${name} ran 1`);
    expect(result).toEqual([...ran("a", "b", "c"), "slept", ...ran("d", "e")]);
    const scheduled = ofType(await storedHistory(key), "ActivityTaskScheduled");
    expect(scheduled.map((event) => event.attributes.activityId)).toEqual(["2", "5"]);
    await expectToReplay(key);
  });
});

describe.each(["after", "before"])("local activities of an object killed right %s a commit", (when) => {
  it.each([1, 2, 3, 4, 5, 6])("%i end as if nothing had happened", async (commit) => {
    const key = freshId(`crash-${when}-commit-${commit}-`);
    const result = await client.workflow.execute(mixesActivities, { workflowId: key, args: [key] });
    // What was not recorded before the death runs again, so that the counts differ.
    expect(result.map((text) => text.replace(/ran \d+$/, "ran"))).toEqual([
      `${key}/a ran`,
      `${key}/b ran`,
      `${key}/c ran`,
      "slept",
      `${key}/d ran`,
      `${key}/e ran`,
    ]);
    expect(await count(key, "MarkerRecorded")).toBe(3);
    expect(await count(key, "ActivityTaskCompleted")).toBe(2);
    await expectToReplay(key);
  });
});

describe("a local activity that is cancelled", () => {
  it.each(["TRY_CANCEL", "WAIT_CANCELLATION_COMPLETED"] as const)("is told so: %s", async (cancellationType) => {
    const workflowId = freshId("local-cancel");
    const args: [string, typeof cancellationType] = [workflowId, cancellationType];
    expect(await client.workflow.execute(cancelsALocalActivity, { workflowId, args })).toBe("cancelled");
    await until(
      async () => executions.get(`${workflowId}/stopped`),
      (stops) => stops === 1,
    );
    expect(await count(workflowId, "MarkerRecorded")).toBe(2);
    await expectToReplay(workflowId);
  });

  it("is left alone: ABANDON", async () => {
    const workflowId = freshId("local-abandon");
    const args: [string, "ABANDON"] = [workflowId, "ABANDON"];
    expect(await client.workflow.execute(cancelsALocalActivity, { workflowId, args })).toBe("cancelled");
    await expectToReplay(workflowId);
  });

  it.each([
    { way: "ends", result: "left" },
    { way: "continues", result: "next ran 1" },
  ] as const)("because its workflow $way is told to stop, and leaves no marker", async ({ way, result }) => {
    const workflowId = freshId("local-left");
    const handle = await client.workflow.start(leavesOneRunning, { workflowId, args: [workflowId, way] });
    expect(await handle.result()).toContain(result);
    await until(
      async () => executions.get(`${workflowId}/stopped`),
      (stops) => stops === 1,
    );
    const first = await historyOf(workflowId, handle.firstExecutionRunId);
    expect(ofType(first, "MarkerRecorded")).toHaveLength(1);
    await expectToReplay(workflowId, handle.firstExecutionRunId);
  });

  it("by a request from outside hears of it at the next forced task", async () => {
    const workflowId = freshId("local-cancel-outside");
    const args: [string] = [workflowId];
    const handle = await client.workflow.start(waitsLocally, { workflowId, args, workflowTaskTimeout: "1 second" });
    await until(
      async () => executions.get(workflowId),
      (runs) => runs === 1,
    );
    await handle.cancel();
    expect((await rejectionOf(handle.result())).cause).toMatchObject({ name: "CancelledFailure" });
    expect(executions.get(`${workflowId}/stopped`)).toBe(1);
    expect(executions.get(workflowId)).toBe(1);
    await expectToReplay(workflowId);
  });
});

describe("a local activity that takes longer than a workflow task may", () => {
  it("runs once; forced tasks keep the session, and signals come in between", async () => {
    const workflowId = freshId("local-long");
    const args: [string, number] = [workflowId, 2_500];
    const handle = await client.workflow.start(takesItsTime, { workflowId, args, workflowTaskTimeout: "1 second" });
    await until(
      async () => executions.get(`${workflowId}/slow`),
      (runs) => runs === 1,
    );
    await handle.signal(noted, "hello");
    expect(await handle.result()).toEqual([
      `${workflowId}/quick ran 1`,
      `${workflowId}/slow took its time, run 1`,
      "hello",
    ]);
    expect(executions.get(`${workflowId}/slow`)).toBe(1);
    expect(executions.get(`${workflowId}/quick`)).toBe(1);
    expect(sessionsOpened.get(workflowId)).toBe(1);
    expect(await count(workflowId, "WorkflowTaskCompleted")).toBe(4);
    const types = await eventTypes(workflowId);
    expect(types).not.toContain("WorkflowTaskTimedOut");
    expect(types).not.toContain("WorkflowTaskFailed");
    expect(await count(workflowId, "MarkerRecorded")).toBe(2);
    await expectToReplay(workflowId);
  });

  it("holds up no update for longer than a task, and answers queries", async () => {
    const workflowId = freshId("local-asked");
    const args: [string, number] = [workflowId, 2_500];
    const handle = await client.workflow.start(takesItsTime, { workflowId, args, workflowTaskTimeout: "1 second" });
    await until(
      async () => executions.get(`${workflowId}/slow`),
      (runs) => runs === 1,
    );
    const metadata = handle.query(workflowMetadataQuery);
    expect(await handle.executeUpdate(noteByUpdate, { args: ["in between"] })).toBe(true);
    expect((await handle.describe()).status.name).toBe("RUNNING");
    expect((await metadata).definition.type).toBe("takesItsTime");
    expect((await handle.result()).at(-1)).toBe("in between");
    expect(executions.get(`${workflowId}/slow`)).toBe(1);
    await expectToReplay(workflowId);
  });

  it("is told to stop when its workflow is terminated", async () => {
    const workflowId = freshId("local-terminated");
    const args: [string] = [workflowId];
    const handle = await client.workflow.start(waitsLocally, { workflowId, args, workflowTaskTimeout: "1 second" });
    await until(
      async () => executions.get(workflowId),
      (runs) => runs === 1,
    );
    await handle.terminate("enough");
    await until(
      async () => executions.get(`${workflowId}/stopped`),
      (stops) => stops === 1,
    );
    expect((await handle.describe()).status.name).toBe("TERMINATED");
  });

  it("runs again when the session is lost; what had ended does not", async () => {
    const workflowId = freshId("local-lose-session-once");
    const args: [string, number] = [workflowId, 1_200];
    const result = await client.workflow.execute(takesItsTime, { workflowId, args, workflowTaskTimeout: "1 second" });
    expect(result).toEqual([`${workflowId}/quick ran 1`, `${workflowId}/slow took its time, run 2`]);
    expect(sessionsOpened.get(workflowId)).toBe(2);
    expect(executions.get(`${workflowId}/quick`)).toBe(1);
    expect(await eventTypes(workflowId)).not.toContain("WorkflowTaskFailed");
    await expectToReplay(workflowId);
  });

  it("runs again when the service's object dies in its midst", async () => {
    const workflowId = freshId("local-object-dies");
    const args: [string, number] = [workflowId, 600];
    const handle = await client.workflow.start(takesItsTime, { workflowId, args, workflowTaskTimeout: "2 seconds" });
    await until(
      async () => executions.get(`${workflowId}/slow`),
      (runs) => runs === 1,
    );
    expect((await rejectionOf(objectOf(workflowId).die())).message).toBe("killed by a test");
    expect(await handle.result()).toEqual([`${workflowId}/quick ran 2`, `${workflowId}/slow took its time, run 2`]);
    await expectToReplay(workflowId);
  });
});
