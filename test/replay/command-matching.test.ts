import { describe, expect, it } from "vitest";

import type { Command } from "../../src/core/command.ts";
import type { SearchAttributeMap } from "../../src/core/payload.ts";
import { type CommandEvent, UnansweredCommands } from "../../src/replay/command-matching.ts";
import { NondeterminismError } from "../../src/replay/determinism-errors.ts";
import { patchMarkerDetails } from "../../src/replay/markers.ts";
import { wire } from "./history-builder.ts";

/** An event with the attributes that matching reads. */
function event(eventType: CommandEvent["eventType"], attributes: unknown): CommandEvent {
  return { eventId: 9, eventTimeMs: 0, eventType, attributes } as CommandEvent;
}

function unanswered(...commands: Command[]): UnansweredCommands {
  const list = new UnansweredCommands();
  list.add(commands.map((command) => ({ command, sent: true })));
  return list;
}

const local = (seq: number, activityType = "look") => ({
  markerName: "core_local_activity",
  details: { data: wire({ seq, activity_id: String(seq), activity_type: activityType })! },
});
const timer = (timerId: string): Command => ({ commandType: "StartTimer", timerId, startToFireTimeoutMs: 1 });
const timerStarted = (timerId: string) => event("TimerStarted", { timerId });
const patch = (id: string, deprecated = false) => ({
  markerName: "core_patch",
  details: patchMarkerDetails({ id, deprecated }),
});
const search: SearchAttributeMap = { indexedFields: { Color: wire("red")!.payloads[0]! } };
const patchList: SearchAttributeMap = { indexedFields: { TemporalChangeVersion: wire(["p"])!.payloads[0]! } };
const upsert = (searchAttributes = search): Command => ({
  commandType: "UpsertWorkflowSearchAttributes",
  searchAttributes,
});

const child: Command = {
  commandType: "StartChildWorkflowExecution",
  namespace: "default",
  workflowId: "c",
  workflowType: "ship",
  taskQueue: "q",
};
const childInitiated = (workflowId: string, type: string) =>
  event("StartChildWorkflowExecutionInitiated", { workflowId, workflowType: { name: type } });
const execution = { namespace: "default", workflowExecution: { workflowId: "x" } };
const signal: Command = {
  commandType: "SignalExternalWorkflowExecution",
  ...execution,
  signalName: "s",
  signalRequestId: "r",
};
const accepted = (updateId: string) =>
  event("WorkflowExecutionUpdateAccepted", { acceptedRequest: { meta: { updateId }, input: { name: "add" } } });
const completed = (updateId: string) => event("WorkflowExecutionUpdateCompleted", { meta: { updateId } });
const result = { success: { payloads: [] } };

describe("a command and its event", () => {
  it.each<[string, Command, CommandEvent]>([
    ["child", child, childInitiated("c", "ship")],
    ["signal", signal, event("SignalExternalWorkflowExecutionInitiated", { ...execution, signalName: "s" })],
    [
      "cancellation",
      { commandType: "RequestCancelExternalWorkflowExecution", ...execution },
      event("RequestCancelExternalWorkflowExecutionInitiated", execution),
    ],
    ["search attributes", upsert(), event("UpsertWorkflowSearchAttributes", { searchAttributes: search })],
    [
      "memo",
      { commandType: "ModifyWorkflowProperties", upsertedMemo: { fields: {} } },
      event("WorkflowPropertiesModified", { upsertedMemo: { fields: {} } }),
    ],
    ["update accepted", { commandType: "AcceptUpdate", updateId: "u" }, accepted("u")],
    ["update completed", { commandType: "CompleteUpdate", updateId: "u", outcome: result }, completed("u")],
    [
      "continuation",
      { commandType: "ContinueAsNewWorkflowExecution", workflowType: "w", taskQueue: "q" },
      event("WorkflowExecutionContinuedAsNew", { workflowType: { name: "w" } }),
    ],
    ["patch", { commandType: "RecordMarker", ...patch("p") }, event("MarkerRecorded", patch("p"))],
    ["local activity", { commandType: "RecordMarker", ...local(1) }, event("MarkerRecorded", local(1))],
  ])("agree: %s", (_, command, recorded) => {
    const list = unanswered(command);
    expect(list.match(recorded, true)?.command).toBe(command);
    expect(list.entries).toEqual([]);
  });

  it.each<[Command, CommandEvent, string]>([
    [child, childInitiated("d", "ship"), 'produced StartChildWorkflowExecution (workflowId "c", workflowType "ship")'],
    [child, childInitiated("c", "send"), 'workflowType "send"'],
    [signal, timerStarted("1"), 'produced SignalExternalWorkflowExecution (signalName "s", workflowId "x")'],
    [upsert(), event("WorkflowPropertiesModified", { upsertedMemo: { fields: { a: {} } } }), '(memo "a")'],
    [
      { commandType: "AcceptUpdate", updateId: "u" },
      accepted("v"),
      'recorded WorkflowExecutionUpdateAccepted (updateId "v")',
    ],
    [
      { commandType: "CompleteUpdate", updateId: "u", outcome: result },
      completed("v"),
      'produced CompleteUpdate (updateId "u")',
    ],
    [{ commandType: "RecordMarker", ...patch("p") }, event("MarkerRecorded", patch("q")), 'patchId "p"'],
    [{ commandType: "RecordMarker", ...local(1) }, event("MarkerRecorded", local(2)), "produced no further command"],
    [
      { commandType: "RecordMarker", ...local(1) },
      event("MarkerRecorded", local(1, "listen")),
      'activityType "listen"',
    ],
    [timer("1"), event("MarkerRecorded", patch("p")), 'produced StartTimer (timerId "1")'],
    [
      { commandType: "RequestCancelExternalWorkflowExecution", ...execution },
      event("WorkflowExecutionContinuedAsNew", { workflowType: { name: "w" } }),
      'produced RequestCancelExternalWorkflowExecution (workflowId "x")',
    ],
  ])("differ: %j", (command, recorded, said) => {
    const list = unanswered(command);
    expect(() => list.match(recorded, true)).toThrow(NondeterminismError);
    expect(() => unanswered(command).match(recorded, true)).toThrow(said);
    expect(() => unanswered(command).match(recorded, true)).toThrow(/^Nondeterminism at event 9: /);
  });

  it("may differ in ids and types where the history says that they were not compared", () => {
    expect(unanswered(child).match(childInitiated("d", "send"), false)?.command).toBe(child);
    const marker: Command = { commandType: "RecordMarker", ...local(1) };
    expect(unanswered(marker).match(event("MarkerRecorded", local(1, "listen")), false)?.command).toBe(marker);
  });
});

describe("the commands of a task", () => {
  it("are answered in order, local activities wherever they stand", () => {
    const markers: Command[] = [local(1), local(2)].map((marker) => ({ commandType: "RecordMarker", ...marker }));
    const list = unanswered(markers[0]!, timer("1"), markers[1]!, timer("2"));
    expect(list.match(timerStarted("1"), true)?.command).toEqual(timer("1"));
    expect(list.match(event("MarkerRecorded", local(2)), true)?.command).toBe(markers[1]);
    expect(list.match(event("MarkerRecorded", local(1)), true)?.command).toBe(markers[0]);
    expect(list.match(timerStarted("2"), true)?.command).toEqual(timer("2"));
    expect(() => list.match(timerStarted("3"), true)).toThrow("produced no further command in this workflow task");
  });

  it("may hold rejected updates, which nothing answers", () => {
    const list = unanswered({ commandType: "RejectUpdate", updateId: "u", failure: {} }, timer("1"));
    expect(list.match(timerStarted("1"), true)?.command).toEqual(timer("1"));
    list.assertAllAnswered(10);
    expect(list.entries).toEqual([]);
  });

  it("must be answered before the next task", () => {
    expect(() => unanswered(timer("1")).assertAllAnswered(10)).toThrow(
      'Nondeterminism at event 10: the history recorded nothing for it, but the workflow code produced StartTimer (timerId "1")',
    );
  });

  it("may hold patches without a marker, list and all", () => {
    const patches: Command[] = [
      { commandType: "RecordMarker", ...patch("p") },
      upsert(patchList),
      { commandType: "RecordMarker", ...patch("q") },
    ];
    const list = unanswered(...patches, timer("1"), ...patches);
    expect(list.match(timerStarted("1"), true)?.command).toEqual(timer("1"));
    expect(list.entries.length).toBe(3);
    list.assertAllAnswered(10);
    expect(list.entries).toEqual([]);
  });

  it("may lack a deprecated patch, list and all, but no other upsert", () => {
    const list = unanswered(timer("1"), upsert(patchList));
    expect(list.match(event("MarkerRecorded", patch("p", true)), true)).toBeUndefined();
    expect(list.match(event("UpsertWorkflowSearchAttributes", { searchAttributes: patchList }), true)).toBeUndefined();
    expect(list.match(timerStarted("1"), true)?.command).toEqual(timer("1"));
    expect(list.match(event("UpsertWorkflowSearchAttributes", { searchAttributes: patchList }), true)?.command).toEqual(
      upsert(patchList),
    );
    const other = unanswered(timer("1"));
    expect(other.match(event("MarkerRecorded", patch("p", true)), true)).toBeUndefined();
    expect(() => other.match(event("UpsertWorkflowSearchAttributes", { searchAttributes: search }), true)).toThrow(
      'recorded UpsertWorkflowSearchAttributes (names "Color")',
    );
  });
});
