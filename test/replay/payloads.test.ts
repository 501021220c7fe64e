import { describe, expect, it } from "vitest";

import {
  ApplicationFailure,
  decodeError,
  decodeValues,
  encodeError,
  encodeValues,
  EncryptionCodec,
  keyRingFromText,
  loadDataConverter,
  type PayloadChannel,
  PayloadEncoding,
} from "../../src/codec/index.ts";
import type { Command } from "../../src/core/command.ts";
import {
  condition,
  defineQuery,
  defineSignal,
  proxyActivities,
  setHandler,
  workflowInfo,
} from "../../src/sdk/workflow/index.ts";
import { ALL_FLAGS, HistoryBuilder, RUN_ID, TestSession } from "./history-builder.ts";

const keyOf = (byte: number) => btoa(String.fromCharCode(...new Uint8Array(32).fill(byte)));
const converterWith = (keys: string) =>
  loadDataConverter({ payloadCodecs: [new EncryptionCodec(keyRingFromText(keys))] });
const dataConverter = converterWith(`first:${keyOf(1)}`);
const encoding = new PayloadEncoding(dataConverter, { namespace: "default", workflowId: "wf-1" });
const secret = "IBAN DE02 1203 0000 0000 2020 51";

const { transfer } = proxyActivities<{ transfer(to: string): string }>({ startToCloseTimeout: 1_000 });
const note = defineSignal<[string]>("note");
const notes = defineQuery<string[], [string]>("notes");

async function workflow(input: string) {
  const received: string[] = [];
  setHandler(note, (text) => void received.push(text));
  setHandler(notes, (prefix) => received.map((text) => prefix + text));
  await condition(() => received.length > 0);
  const receipt = await transfer(input);
  return [receipt, received, workflowInfo().memo];
}

const activity = { runId: RUN_ID, activityId: "1" };
const encode = async (channel: PayloadChannel, value: unknown) => (await encodeValues(encoding, channel, [value]))!;

async function started(): Promise<HistoryBuilder> {
  const memo = { fields: { label: (await encode({ kind: "memo", key: "label" }, "rent")).payloads[0]! } };
  const input = await encode({ kind: "workflow-input" }, secret);
  const builder = new HistoryBuilder().started("workflow", [], { input, memo });
  const signal: PayloadChannel = { kind: "signal", signalName: "note", requestId: "r1" };
  return builder.with("WorkflowExecutionSignaled", {
    signalName: "note",
    requestId: "r1",
    input: await encode(signal, secret),
  });
}

async function scheduled(): Promise<HistoryBuilder> {
  const builder = (await started()).task(ALL_FLAGS).activityScheduled("1", "transfer");
  Object.assign(builder.events.at(-1)!.attributes, {
    input: await encode({ kind: "activity-input", ...activity }, secret),
  });
  return builder;
}

describe("with encryption", () => {
  it("nothing that leaves can be read, and everything can with the key", async () => {
    const session = new TestSession({ workflow }, "workflow", dataConverter);
    const builder = (await started()).taskStarted();
    const result = await session.run(builder.events);
    expect(JSON.stringify(result)).not.toContain("IBAN");
    const [command] = result.kind === "completed" ? result.commands : [];
    const input = (command as Extract<Command, { commandType: "ScheduleActivityTask" }>).input;
    expect(await decodeValues(encoding, { kind: "activity-input", ...activity }, input)).toEqual([secret]);
  });

  it("results, signals, memo and recorded inputs are decoded before the code runs", async () => {
    const session = new TestSession({ workflow }, "workflow", dataConverter);
    const builder = (await scheduled()).with("ActivityTaskStarted", { scheduledEventId: 6, attempt: 1 });
    const result = await encode({ kind: "activity-result", ...activity }, `paid ${secret}`);
    builder.with("ActivityTaskCompleted", { scheduledEventId: 6, startedEventId: 7, result }).taskStarted();
    const answer = await session.run(builder.events);
    const [command] = answer.kind === "completed" ? answer.commands : [];
    const sent = (command as Extract<Command, { commandType: "CompleteWorkflowExecution" }>).result;
    expect(await decodeValues(encoding, { kind: "workflow-result", runId: RUN_ID }, sent)).toEqual([
      [`paid ${secret}`, [secret], { label: "rent" }],
    ]);
    expect(session.lines).toEqual([]);
  });

  it("an activity's failure keeps its details on the way through the workflow", async () => {
    const session = new TestSession({ workflow }, "workflow", dataConverter);
    const builder = (await scheduled()).with("ActivityTaskStarted", { scheduledEventId: 6, attempt: 1 });
    const thrown = ApplicationFailure.nonRetryable(secret, "Refused", { secret });
    const failure = await encodeError(encoding, { kind: "activity-failure", ...activity }, thrown);
    const retryState = "NON_RETRYABLE_FAILURE";
    builder.with("ActivityTaskFailed", { scheduledEventId: 6, startedEventId: 7, failure, retryState }).taskStarted();
    const answer = await session.run(builder.events);
    const [command] = answer.kind === "completed" ? answer.commands : [];
    expect(JSON.stringify(command)).not.toContain("IBAN");
    const sent = (command as Extract<Command, { commandType: "FailWorkflowExecution" }>).failure;
    const error = await decodeError(encoding, { kind: "workflow-failure", runId: RUN_ID }, sent);
    expect(error.cause).toMatchObject({ message: secret, type: "Refused", details: [{ secret }] });
  });

  it("queries and their answers are bound to the query", async () => {
    const session = new TestSession({ workflow }, "workflow", dataConverter);
    const { events } = await scheduled();
    const query = { queryType: "notes", queryId: "q7" };
    const args = await encode({ kind: "query", ...query }, "> ");
    const answer = await session.session.query({ events, ...query, args });
    const result = answer.kind === "answered" ? answer.result : undefined;
    expect(await decodeValues(encoding, { kind: "query-result", ...query }, result)).toEqual([[`> ${secret}`]]);
  });

  it("a task under another key fails, and says nothing but names", async () => {
    const session = new TestSession({ workflow }, "workflow", converterWith(`other:${keyOf(2)}`));
    const result = await session.run((await started()).taskStarted().events);
    expect(result).toMatchObject({ kind: "failed", cause: "WORKFLOW_WORKER_UNHANDLED_FAILURE" });
    expect(JSON.stringify(result)).not.toContain("IBAN");
  });

  it("a payload moved to another place fails the task", async () => {
    const builder = await started();
    const signal = builder.events[1]!;
    Object.assign(signal.attributes, { requestId: "r2" });
    const session = new TestSession({ workflow }, "workflow", dataConverter);
    const result = await session.run(builder.taskStarted().events);
    expect(result).toMatchObject({
      kind: "failed",
      failure: { applicationFailureInfo: { type: "PayloadDecryptionError" } },
    });
  });

  it("a task whose failure cannot be encoded fails by name alone", async () => {
    const broken = loadDataConverter({
      payloadCodecs: [
        {
          encode: () => Promise.reject(new RangeError(secret)),
          decode: (payloads) => Promise.resolve(payloads),
        },
      ],
    });
    const result = await new TestSession({}, "workflow", broken).run(
      new HistoryBuilder().started("workflow").taskStarted().events,
    );
    expect(result).toEqual({
      kind: "failed",
      cause: "WORKFLOW_WORKER_UNHANDLED_FAILURE",
      failure: {
        message: "TypeError; its message could not be encoded: RangeError",
        source: "HoldfastWorker",
        applicationFailureInfo: { type: "TypeError", nonRetryable: false },
      },
    });
  });
});
