import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { defaultPayloadConverter, loadDataConverter, toWireMap } from "../../src/codec/index.ts";
import { historyToJson } from "../../src/core/history-json.ts";
import { metricSinks } from "../../src/worker/metric-sinks.ts";
import { published } from "../client/examples/doc-examples.ts";
import * as cancellation from "./doc-examples/cancellation.ts";
import * as childWorkflows from "./doc-examples/child-workflows.ts";
import * as continuation from "./doc-examples/continue-as-new.ts";
import * as determinism from "./doc-examples/determinism.ts";
import * as failures from "./doc-examples/failures.ts";
import * as auditing from "./doc-examples/interceptors-and-sinks.ts";
import { payAbroad } from "./doc-examples/local-activities.ts";
import * as messages from "./doc-examples/messages.ts";
import { unreplayable } from "./doc-examples/replaying-histories.ts";
import * as chains from "./doc-examples/run-chains.ts";
import * as timers from "./doc-examples/timers.ts";
import * as versioning from "./doc-examples/versioning.ts";
import * as information from "./doc-examples/workflow-information.ts";
import * as workflows from "./doc-examples/workflows.ts";
import {
  brief,
  commandsOf,
  history,
  type HistoryBuilder,
  type SessionOptions,
  TestSession,
  updateMessage,
  valuesOf,
  wire,
} from "./history-builder.ts";
import { LocalActivityWorld, told } from "./local-activity-world.ts";
import { RecordingMeter } from "./recording-meter.ts";
import { TestService } from "./test-service.ts";

const examples = readdirSync(join(import.meta.dirname, "doc-examples")).map((name) => name.replace(/\.ts$/, ""));

/** The result of a workflow that was driven to its end. */
function resultOf(service: TestService): unknown {
  const end = service.history.events.at(-1);
  if (end?.eventType !== "WorkflowExecutionCompleted") return end?.eventType;
  return valuesOf(end.attributes.result)[0];
}

/** Runs the task that ends a history; its commands in short. */
async function commandsIn(session: TestSession, builder: HistoryBuilder): Promise<readonly string[]> {
  return brief(commandsOf(await session.run(builder.events)));
}

const sessionOf = (module: Record<string, unknown>, type: string, options: SessionOptions = {}) =>
  new TestSession({ ...module }, type, loadDataConverter(), options);

const service = (module: Record<string, unknown>, type: string, ...args: unknown[]) =>
  new TestService({ ...module }, type, args, { fresh: true });

describe("the concept pages", () => {
  it.each(examples)("%s shows the example that runs here", (page) => {
    const root = join(import.meta.dirname, "../..");
    const text = readFileSync(join(root, `docs/concepts/${page}.md`), "utf8");
    const shown = /```ts\n([^]*?)```/.exec(text)?.[1];
    expect(shown).toBe(published(`test/replay/doc-examples/${page}.ts`));
  });

  it("workflows: a transfer calls its activities in order", async () => {
    const transfer = service(workflows, "transfer", "A", "B", 5);
    await transfer.runTask();
    transfer.endActivity("1", {});
    await transfer.runTask();
    transfer.endActivity("2", {});
    await transfer.runTask();
    expect(resultOf(transfer)).toBe("5 moved from A to B");
    const refused = service(workflows, "transfer", "A", "B", 0);
    await refused.runTask();
    expect(resultOf(refused)).toBe("WorkflowExecutionFailed");
  });

  it("run chains: a report goes on where the last one stopped", async () => {
    const first = service(chains, "salesReport");
    await first.runTask();
    first.endActivity("1", { result: { cents: 5, upTo: "monday" } });
    await first.runTask();
    expect(resultOf(first)).toEqual({ cents: 5, upTo: "monday" });
    const builder = history("salesReport");
    builder.events.length = 0;
    const before = { continuedExecutionRunId: "run-0", lastCompletionResult: wire({ cents: 5, upTo: "monday" })! };
    builder.started("salesReport", [], before);
    const [command] = commandsOf(await sessionOf(chains, "salesReport").run(builder.taskStarted().events));
    if (command?.commandType !== "ScheduleActivityTask") throw new Error("the report asks for no sales");
    expect(valuesOf(command.input)).toEqual(["monday"]);
  });

  it("timers: a trial expires, or is confirmed in time", async () => {
    const expiring = service(timers, "trial");
    await expiring.runTask();
    expiring.fireTimer("1");
    await expiring.runTask();
    expect(resultOf(expiring)).toBe("expired");
    const kept = service(timers, "trial");
    await kept.runTask();
    kept.history.signaled("confirmed");
    await kept.runTask();
    kept.fireTimer("2");
    await kept.runTask();
    expect(resultOf(kept)).toBe("first invoice due");
  });

  it("cancellation: a cancelled order releases its reservation", async () => {
    const order = service(cancellation, "order", "book");
    await order.runTask();
    order.endActivity("1", {});
    await order.runTask();
    order.history.cancelRequested();
    await order.runTask();
    const released = order.history.events.findLast((event) => event.eventType === "ActivityTaskScheduled");
    expect(released?.attributes).toMatchObject({ activityType: { name: "release" } });
    order.endActivity("3", {});
    await order.runTask();
    expect(resultOf(order)).toBe("WorkflowExecutionCanceled");
  });

  it("messages: a release waits for its approvals, and tells who gave them", async () => {
    const release = service(messages, "release", 2);
    release.history.signaled("approve", "Ada");
    await release.runTask();
    const answer = await release.query("approvals");
    expect(answer.kind === "answered" && valuesOf(answer.result)).toEqual([["Ada"]]);
    release.history.signaled("approve", "Bob");
    await release.runTask();
    expect(resultOf(release)).toEqual(["Ada", "Bob"]);
  });

  it("messages: an update is refused by its validator, and finished before the release ends", async () => {
    const release = service(messages, "release", 2);
    release.history.signaled("approve", "Ada");
    await release.runTask([], [updateMessage("u1", "setRequired", 0)]);
    expect(release.commands.splice(0)).toEqual(["RejectUpdate u1 A release needs an approval"]);
    await release.runTask([], [updateMessage("u2", "setRequired", 1)]);
    release.endActivity("1", {});
    await release.runTask();
    expect(release.commands).toEqual([
      "AcceptUpdate u2",
      "ScheduleActivityTask 1 announce",
      "CompleteUpdate u2 0",
      'Complete ["Ada"]',
    ]);
  });

  it("determinism: a lottery draws the same in every replay", async () => {
    const draw = async () => {
      const lottery = service(determinism, "lottery", ["Ada", "Bob", "Eve"]);
      await lottery.runTask();
      lottery.fireTimer("1");
      await lottery.runTask();
      return resultOf(lottery);
    };
    expect(await draw()).toEqual(await draw());
    expect(await draw()).toMatchObject({ winner: expect.stringMatching(/Ada|Bob|Eve/) as unknown });
  });

  it("child-workflows: an order sends its parcels, and tells the warehouse", async () => {
    const session = sessionOf(childWorkflows, "sendOrder");
    const builder = history("sendOrder", "o-1", 1, true).taskStarted();
    const commands = [...(await commandsIn(session, builder))];
    builder.taskCompleted().childInitiated("o-1-parcel-1", "sendParcel", "o-1", 1).childStarted("o-1-parcel-1");
    commands.push(...(await commandsIn(session, builder.taskStarted())));
    builder.taskCompleted().signalInitiated("o-1-parcel-1", "hurry", { childWorkflowOnly: true });
    builder.signalDelivered("o-1-parcel-1").childCompleted("o-1-parcel-1", "o-1/1");
    commands.push(...(await commandsIn(session, builder.taskStarted())));
    builder.taskCompleted().signalInitiated("warehouse", "sent").signalDelivered("warehouse").taskStarted();
    commands.push(...(await commandsIn(session, builder)));
    expect(commands).toEqual([
      "StartChild o-1-parcel-1 sendParcel",
      "Signal o-1-parcel-1 hurry",
      "Signal warehouse sent",
      'Complete ["o-1/1"]',
    ]);
  });

  it("continue-as-new: a piggy bank goes on with what is in it when its history grows long", async () => {
    const builder = history("piggyBank", 100).task().signaled("deposit", 20).signaled("deposit", 5);
    const scheduledEventId = builder.add("WorkflowTaskScheduled", {
      taskQueue: { name: "default" },
      startToCloseTimeoutMs: 10_000,
      attempt: 1,
    });
    builder.add("WorkflowTaskStarted", { scheduledEventId, historySizeBytes: 5_000_000, suggestContinueAsNew: true });
    const bank = sessionOf(continuation, "piggyBank");
    expect(await commandsIn(bank, builder)).toEqual(["ContinueAsNew piggyBank [125]"]);
    const closing = history("piggyBank", 100).signaled("deposit", 20).signaled("close").taskStarted();
    expect(await commandsIn(sessionOf(continuation, "piggyBank"), closing)).toEqual(["Complete 120"]);
  });

  it("local-activities: the rate is asked for inside the workflow task", async () => {
    const world = new LocalActivityWorld(() => payAbroad(10, "EUR"), { exchangeRate: async () => 1.25 });
    expect(told((await world.task()).commands)).toEqual(["Marker 1 exchangeRate 1.25", "ScheduleActivityTask"]);
    world.history.activityCompleted("2");
    expect(told((await world.task()).commands)).toEqual(["Complete 1250"]);
  });

  it("versioning: new orders reserve first, those under way do not", async () => {
    const commands = await commandsIn(sessionOf(versioning, "order"), history("order", "book").taskStarted());
    expect(commands).toEqual([
      'RecordMarker core_patch {"id":"reserve-first","deprecated":false}',
      'UpsertSearchAttributes {"TemporalChangeVersion":["reserve-first"]}',
      "ScheduleActivityTask 1 reserve",
    ]);
    const underWay = history("order", "book").task().activityScheduled("1", "charge", "book").activityCompleted("1");
    const goingOn = await commandsIn(sessionOf(versioning, "order"), underWay.taskStarted());
    expect(goingOn).toEqual(["Complete undefined"]);
  });

  it("workflow-information: a delivery says where it stands", async () => {
    const builder = history("delivery", "Elm Street 1");
    const customer = defaultPayloadConverter;
    Object.assign(builder.events[0]!.attributes, { memo: toWireMap(customer, { customer: "Ada" }) });
    const session = sessionOf(information, "delivery");
    expect(await commandsIn(session, builder.taskStarted())).toEqual([
      'UpsertSearchAttributes {"Stage":["packed"]}',
      'ModifyMemo {"address":"Elm Street 1"}',
      "StartTimer 1",
    ]);
    const metadata = await session.query(builder.events, "__temporal_workflow_metadata");
    expect(JSON.stringify(metadata.kind === "answered" && valuesOf(metadata.result))).toContain("Waiting for the van");
  });

  it("interceptors-and-sinks: every activity is told to the audit", async () => {
    const audited: string[] = [];
    const sinks = { audit: { scheduled: { fn: (_: unknown, type: string) => void audited.push(type) } } };
    const meter = new RecordingMeter();
    const options = { interceptors: [auditing.interceptors], sinks: { ...sinks, ...metricSinks(meter) } };
    const session = sessionOf(workflows, "transfer", options);
    const builder = history("transfer", "A", "B", 5).taskStarted();
    const [command] = commandsOf(await session.run(builder.events));
    expect(command).toHaveProperty("userMetadata.summary");
    builder.taskCompleted().activityScheduled("1", "withdraw", "A", 5).activityCompleted("1").taskStarted();
    await session.run(builder.events);
    builder.taskCompleted().activityScheduled("2", "deposit", "B", 5).activityCompleted("2").taskStarted();
    expect(await commandsIn(session, builder)).toEqual([
      'Complete {"result":"5 moved from A to B","workflowType":"transfer"}',
    ]);
    expect(audited).toEqual(["withdraw", "deposit"]);
    expect(meter.measured.map(({ tags }) => tags)).toMatchObject([
      { audited: true, workflowType: "transfer", activityType: "withdraw" },
      { audited: true, workflowType: "transfer", activityType: "deposit" },
    ]);
  });

  it("failures: a booking tries the next seat, and fails when there is none", async () => {
    const booking = service(failures, "bookFirst", ["1A", "1B"]);
    const taken = { message: "taken", applicationFailureInfo: { type: "SeatTaken", nonRetryable: true } };
    await booking.runTask();
    booking.endActivity("1", { failure: taken });
    await booking.runTask();
    booking.endActivity("2", { failure: taken });
    await booking.runTask();
    expect(booking.commands.at(-1)).toBe("Fail None of 2 seats is free");
    const broken = service(failures, "bookFirst", ["1A"]);
    await broken.runTask();
    broken.endActivity("1", { failure: { message: "down", applicationFailureInfo: { type: "Down" } } });
    await broken.runTask();
    expect(broken.commands.at(-1)).toBe("Fail Activity task failed");
  });

  it("replaying-histories: code that does something else is named", async () => {
    const recorded = history("order", "book").task().activityScheduled("1", "charge", "book");
    const histories = [{ workflowId: "order-1", history: historyToJson(recorded.events) }];
    expect(await unreplayable(versioning, histories)).toEqual([]);
    const other = { order: workflows.transfer };
    expect(await unreplayable(other, histories)).toEqual([
      expect.stringMatching(/^order-1: Nondeterminism at event 5/),
    ]);
  });
});
