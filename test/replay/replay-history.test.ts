// Whole histories: in Temporal's JSON form, and as Holdfast stores and exports them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { EncryptionCodec, keyRingFromText, loadDataConverter, PayloadEncoding } from "../../src/codec/index.ts";
import type { EventAttributes, EventType, HistoryEvent } from "../../src/core/history-event.ts";
import { historyToJson } from "../../src/core/history-json.ts";
import { HistoryFormatError, historyFromJson } from "../../src/core/history-json-reading.ts";
import { NondeterminismError, ReplayError } from "../../src/replay/determinism-errors.ts";
import { type ReplayableHistory, replayHistories, replayHistory } from "../../src/replay/replay-history.ts";
import { defineSignal, setHandler, sleep, condition } from "../../src/sdk/workflow/index.ts";
import { history, type LogLine, RUN_ID } from "./history-builder.ts";
import * as workflows from "./temporal-workflows.ts";

const FOLDER = join(import.meta.dirname, "../histories/temporal");
const NAMES = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.slice(0, -".json".length));

const textOf = (name: string) => readFileSync(join(FOLDER, `${name}.json`), "utf8");

/** Replays with the arguments compared; what goes wrong is the answer. */
async function problemOf(given: ReplayableHistory, code: object = workflows): Promise<unknown> {
  try {
    await replayHistory({ workflows: code, history: given, compareInputs: "error" });
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("histories in Temporal's JSON form", () => {
  it.each(NAMES)("replay: %s", async (name) => {
    expect(await problemOf(textOf(name))).toBeUndefined();
    expect(await problemOf(JSON.parse(textOf(name)) as object)).toBeUndefined();
  });

  it.each(NAMES)("replay in the other form, where an event has been left out too: %s", async (name) => {
    const events = historyFromJson(textOf(name));
    expect(await problemOf(events)).toBeUndefined();
    expect(await problemOf(historyToJson(events))).toBeUndefined();
  });

  it.each(NAMES)("replay up to any completed workflow task: %s", async (name) => {
    const events = historyFromJson(textOf(name));
    for (const [index, event] of events.entries())
      if (event.eventType === "WorkflowTaskScheduled") expect(await problemOf(events.slice(0, index))).toBeUndefined();
  });

  it("are at least twelve, in both spellings", () => {
    const old = NAMES.filter((name) => textOf(name).includes('"WorkflowExecutionStarted"'));
    expect(NAMES.length).toBeGreaterThanOrEqual(12);
    expect(old.length).toBeGreaterThanOrEqual(3);
    expect(old.length).toBeLessThan(NAMES.length);
  });
});

/** Changes the first event of a type; answers its number. */
function change<T extends EventType>(
  events: readonly HistoryEvent[],
  eventType: T,
  changed: Partial<EventAttributes[T]>,
): number {
  const event = events.find((candidate) => candidate.eventType === eventType);
  if (event === undefined) throw new Error(`The history has no ${eventType}.`);
  Object.assign(event.attributes, changed);
  return event.eventId;
}

const named = (name: string) => ({ name });
const json = (value: unknown) => ({
  payloads: [{ metadata: { encoding: btoa("json/plain") }, data: btoa(JSON.stringify(value)) }],
});

/** How to break each history, and what the error must say of the event. */
const BROKEN: Readonly<Record<string, readonly [(events: HistoryEvent[]) => number, RegExp, RegExp]>> = {
  "activities-with-retries": [
    (events) => change(events, "ActivityTaskScheduled", { activityType: named("bookCruise") }),
    /^ActivityTaskScheduled .*bookCruise/,
    /^ScheduleActivityTask .*bookFlight/,
  ],
  timers: [
    (events) => change(events, "TimerStarted", { timerId: "9" }),
    /^TimerStarted \(timerId "9"\)/,
    /^StartTimer \(timerId "1"\)/,
  ],
  signals: [
    (events) => {
      change(events, "WorkflowExecutionSignaled", { signalName: "ignored" });
      return events.at(-1)!.eventId;
    },
    /^WorkflowExecutionCompleted/,
    /^no further command/,
  ],
  "child-workflows": [
    (events) => change(events, "StartChildWorkflowExecutionInitiated", { workflowId: "another" }),
    /^StartChildWorkflowExecutionInitiated \(workflowId "another"/,
    /^StartChildWorkflowExecution \(workflowId "[0-9a-f-]{36}"/,
  ],
  "continue-as-new": [
    (events) => change(events, "WorkflowExecutionContinuedAsNew", { input: json(7) }),
    /with 7$/,
    /with 1$/,
  ],
  updates: [
    (events) => {
      const { eventId } = events.findLast((event) => event.eventType === "WorkflowExecutionUpdateCompleted")!;
      Object.assign(events[eventId - 1]!.attributes, { meta: { updateId: "u3" } });
      return eventId;
    },
    /^WorkflowExecutionUpdateCompleted \(updateId "u3"\)/,
    /^CompleteUpdate \(updateId "u2"\)/,
  ],
  "patch-marker": [
    (events) => {
      const marker = events.find((event) => event.eventType === "MarkerRecorded")!;
      Object.assign(marker.attributes, { details: { "patch-data": json({ id: "another", deprecated: false }) } });
      return marker.eventId;
    },
    /^MarkerRecorded .*another/,
    /./,
  ],
  "local-activities": [
    (events) =>
      change(events, "MarkerRecorded", {
        details: { data: json({ seq: 9, activity_id: "9", activity_type: "rate" }) },
      }),
    /^MarkerRecorded .*seq 9/,
    /no such local activity/,
  ],
  "local-activity-backoff": [
    (events) => change(events, "TimerStarted", { timerId: "2" }),
    /^TimerStarted/,
    /^StartTimer/,
  ],
  cancellation: [
    (events) => {
      const { eventId } = events.find((event) => event.eventType === "TimerCanceled")!;
      Object.assign(events[eventId - 1]!, {
        eventType: "TimerStarted",
        attributes: { timerId: "2", startToFireTimeoutMs: 1, workflowTaskCompletedEventId: 8 },
      });
      return eventId;
    },
    /^TimerStarted \(timerId "2"\)/,
    /^CancelTimer \(timerId "1"\)/,
  ],
  "failed-tasks": [
    (events) => change(events, "WorkflowExecutionCompleted", { result: json("sum: 1") }),
    /with "sum: 1"$/,
    /with "sum: 1,2"$/,
  ],
  heartbeats: [
    (events) =>
      change(events, "MarkerRecorded", {
        details: { data: json({ seq: 1, activity_id: "1", activity_type: "other" }) },
      }),
    /^MarkerRecorded .*other/,
    /^RecordMarker .*rate/,
  ],
  "legacy-without-flags": [
    (events) => {
      change(events, "WorkflowTaskCompleted", { sdkMetadata: { langUsedFlags: [1, 2] } });
      return events.at(-1)!.eventId;
    },
    /with "signal,after signal,activity"$/,
    /with "signal,activity,after signal"$/,
  ],
  "external-workflows": [
    (events) => change(events, "SignalExternalWorkflowExecutionInitiated", { input: json("Eve") }),
    /with "Eve"$/,
    /with "Ada"$/,
  ],
  "admitted-update": [
    (events) => change(events, "WorkflowExecutionCompleted", { result: json(6) }),
    /with 6$/,
    /with 5$/,
  ],
  reset: [
    (events) => {
      change(events, "WorkflowTaskFailed", { newRunId: "another" });
      return events.find((event) => event.eventType === "ActivityTaskScheduled")!.eventId;
    },
    /^ActivityTaskScheduled/,
    /^ScheduleActivityTask/,
  ],
};

describe("a broken history", () => {
  it.each(NAMES)("is refused, and the error names the event: %s", async (name) => {
    const [damage, recorded, produced] = BROKEN[name] ?? [];
    if (!damage || !recorded || !produced) throw new Error(`There is no way to break ${name}.`);
    const events = historyFromJson(textOf(name)).map((event) => structuredClone(event));
    const eventId = damage(events);
    const problem = await problemOf(events);
    expect(problem).toBeInstanceOf(NondeterminismError);
    const error = problem as NondeterminismError;
    expect(error.message).toContain(`event ${eventId}`);
    expect(error.eventId).toBe(eventId);
    expect(error.recorded).toMatch(recorded);
    expect(error.produced).toMatch(produced);
  });

  it("that lacks events is no history", async () => {
    const events = historyFromJson(textOf("timers"));
    expect(await problemOf(events.slice(1))).toBeInstanceOf(ReplayError);
    expect(await problemOf(events.toReversed())).toBeInstanceOf(ReplayError);
    expect(await problemOf([])).toBeInstanceOf(ReplayError);
    expect(await problemOf("{}")).toBeInstanceOf(HistoryFormatError);
  });

  it("that ends too early for what the code does is refused at its end", async () => {
    const events = historyFromJson(textOf("timers"));
    const problem = await problemOf(events.slice(0, 5));
    expect(problem).toMatchObject({
      eventId: 5,
      recorded: "nothing for it",
      produced: expect.stringMatching(/StartTimer/),
    });
  });
});

describe("replayHistory", () => {
  const timer = history("waits").task().timerStarted("1").timerFired("1").task().workflowCompleted("done");

  it("tells a failed workflow task from a difference", async () => {
    const failing = await problemOf(history("fails").task().workflowCompleted().events);
    expect(failing).toBeInstanceOf(ReplayError);
    expect((failing as ReplayError).cause).toMatchObject({ message: "a mistake in the code" });
    const other = await problemOf(history("failsByDesign").task().workflowCompleted().events);
    expect(other).toMatchObject({ eventId: 5, recorded: "WorkflowExecutionCompleted" });
    const missing = await problemOf(history("nowhere").task().workflowCompleted().events);
    expect((missing as Error).message).toContain("'nowhere'");
  });

  it("logs other arguments as warnings unless told to stop at them", async () => {
    const lines: LogLine[] = [];
    const logger = {
      log: (level: LogLine["level"], message: string, metadata?: LogLine["metadata"]) =>
        void lines.push({ level, message, metadata }),
    };
    const events = historyFromJson(textOf("continue-as-new")).map((event) => structuredClone(event));
    const eventId = change(events, "WorkflowExecutionContinuedAsNew", { input: json(7) });
    await replayHistory({ workflows, history: events, logger });
    expect(lines).toMatchObject([{ level: "WARN", metadata: { eventId, nextWorkflowType: "countDown" } }]);
  });

  it("leaves open what the history leaves open", async () => {
    const waits = async () => {
      await sleep(1_000);
      return "done";
    };
    const open = history("waits").task().timerStarted("1").timerFired("1").taskStarted();
    expect(await problemOf(open.events, { waits })).toBeUndefined();
    expect(await problemOf(timer.events, { waits })).toBeUndefined();
  });

  it("reads encrypted histories with the key, and says what is wrong without it", async () => {
    const keys = keyRingFromText(`1:${btoa("0123456789abcdef0123456789abcdef")}`);
    const dataConverter = { payloadCodecs: [new EncryptionCodec(keys)] };
    const greets = async () => {
      let greeting = "";
      setHandler(defineSignal<[string]>("greet"), (given) => void (greeting = given));
      await condition(() => greeting !== "");
      return greeting;
    };
    const builder = history("greets").signaled("greet", "hello").task().workflowCompleted("hello");
    const encoding = new PayloadEncoding(loadDataConverter(dataConverter), {
      namespace: "default",
      workflowId: "wf-1",
    });
    const [, signal] = builder.events as [
      HistoryEvent,
      Extract<HistoryEvent, { eventType: "WorkflowExecutionSignaled" }>,
    ];
    const { signalName, requestId, input } = signal.attributes;
    Object.assign(signal.attributes, {
      input: await encoding.encodePayloads(input, { kind: "signal", signalName, requestId }),
    });
    const last = builder.events.at(-1) as Extract<HistoryEvent, { eventType: "WorkflowExecutionCompleted" }>;
    const result = await encoding.encodePayloads(last.attributes.result, { kind: "workflow-result", runId: RUN_ID });
    Object.assign(last.attributes, { result });
    const exported = JSON.stringify(historyToJson(builder.events));
    expect(exported).not.toContain(btoa('"hello"'));
    const options = { workflows: { greets }, history: exported, compareInputs: "error" } as const;
    await replayHistory({ ...options, dataConverter });
    await expect(replayHistory(options)).rejects.toBeInstanceOf(ReplayError);
    await expect(replayHistory({ ...options, dataConverter, workflowId: "wf-2" })).rejects.toBeInstanceOf(ReplayError);
  });

  it("passes interceptors and sinks on", async () => {
    const seen: string[] = [];
    const interceptors = () => ({
      inbound: [
        {
          execute: (input: { args: unknown[] }, next: (input: never) => Promise<unknown>) => {
            seen.push("execute");
            return next(input as never);
          },
        },
      ],
    });
    await replayHistory({
      workflows,
      history: textOf("signals"),
      interceptors: { workflowModules: [{ interceptors }] },
    });
    expect(seen).toEqual(["execute"]);
  });
});

describe("replayHistories", () => {
  it("tells of each, and goes on after those that fail", async () => {
    const broken = historyFromJson(textOf("timers")).map((event) => structuredClone(event));
    change(broken, "TimerStarted", { timerId: "9" });
    async function* histories() {
      yield { workflowId: "a", history: textOf("signals") };
      yield { workflowId: "b", history: broken };
      yield { workflowId: "c", history: "no history" };
      yield { workflowId: "d", history: historyFromJson(textOf("reset")) };
    }
    const results: unknown[] = [];
    for await (const result of replayHistories({ workflows }, histories())) results.push(result);
    const runId = "5f6f1c4e-3a0e-4a4e-9d53-0c1b6d7e8f90";
    expect(results).toEqual([
      { workflowId: "a", runId },
      { workflowId: "b", runId, error: expect.any(NondeterminismError) as unknown },
      { workflowId: "c", runId: "", error: expect.any(HistoryFormatError) as unknown },
      { workflowId: "d", runId },
    ]);
  });
});
