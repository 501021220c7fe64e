import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import type { EventOf, HistoryEvent } from "../../src/core/history-event.ts";
import { COMMAND_EVENTS, isCommandEvent } from "../../src/replay/command-events.ts";
import { goldenLocalActivities } from "./golden-activities.ts";
import {
  auditAccounts,
  auditPatiently,
  collectApprovals,
  countDown,
  deliverParcels,
  describeItself,
  giveUp,
  priceOrder,
  takeOrders,
  tellFortunes,
  transferWithRefund,
  warnNeighbours,
} from "./golden-workflows.ts";
import { commandsOf, failureText, TestSession, valuesOf } from "./history-builder.ts";

const folder = join(import.meta.dirname, "../histories/replay");
const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
const workflows = {
  auditAccounts,
  auditPatiently,
  collectApprovals,
  countDown,
  deliverParcels,
  describeItself,
  giveUp,
  priceOrder,
  takeOrders,
  tellFortunes,
  transferWithRefund,
  warnNeighbours,
};
/** Recorded by older code than the workflow's: a task that is run anew does what the code of today says. */
const OLDER_CODE: readonly string[] = ["price-order-before-patch.json"];

const OUTCOMES = [
  "ChildWorkflowExecutionCompleted",
  "ChildWorkflowExecutionFailed",
  "ChildWorkflowExecutionCanceled",
  "StartChildWorkflowExecutionFailed",
  "ExternalWorkflowExecutionSignaled",
  "SignalExternalWorkflowExecutionFailed",
  "ExternalWorkflowExecutionCancelRequested",
] as const;

function read(name: string): HistoryEvent[] {
  return JSON.parse(readFileSync(join(folder, name), "utf8")) as HistoryEvent[];
}

function sessionFor(events: readonly HistoryEvent[]): TestSession {
  const [first] = events;
  if (first?.eventType !== "WorkflowExecutionStarted") throw new Error("A history begins with its start.");
  const localActivities = goldenLocalActivities(() => first.eventTimeMs);
  return new TestSession(workflows, first.attributes.workflowType.name, undefined, { localActivities });
}

/** Replays a whole history. A query makes a session read to the end of what is recorded. */
async function replayAll(events: readonly HistoryEvent[]) {
  const answer = await sessionFor(events).query(events, "__temporal_workflow_metadata");
  return answer.kind === "failed" ? failureText(answer.failure) : answer.kind;
}

/** The events of the commands that the task completed at `index` gave: they follow its completion without a gap. */
function answersOf(events: readonly HistoryEvent[], index: number): readonly HistoryEvent[] {
  const end = events.findIndex((event, at) => at > index && !isCommandEvent(event));
  return events.slice(index + 1, end < 0 ? undefined : end);
}

/** The updates that a task was handed and accepted. */
function updatesOf(answers: readonly HistoryEvent[]) {
  return answers
    .filter((event): event is EventOf<"WorkflowExecutionUpdateAccepted"> => event.eventType.endsWith("UpdateAccepted"))
    .map(({ attributes: { acceptedRequest } }) => {
      const { meta, input } = acceptedRequest;
      const args = input.args ? { args: input.args } : {};
      return { updateId: meta.updateId, updateName: input.name, ...args };
    });
}

describe("recorded histories", () => {
  it.each(names)("%s still replays", async (name) => {
    expect(await replayAll(read(name))).toBe("answered");
  });

  it.each(names.filter((name) => !OLDER_CODE.includes(name)))(
    "%s ends every prefix where a task begins with the recorded commands",
    async (name) => {
      const events = read(name);
      for (const [index, event] of events.entries()) {
        const completedAt = index + 1;
        if (event.eventType !== "WorkflowTaskStarted" || events[completedAt]?.eventType !== "WorkflowTaskCompleted")
          continue;
        const answers = answersOf(events, completedAt);
        const result = await sessionFor(events).run(events.slice(0, completedAt), updatesOf(answers));
        const given = commandsOf(result).map((command) => ({
          type: command.commandType === "RejectUpdate" ? undefined : COMMAND_EVENTS[command.commandType],
          result: valuesOf(command.commandType === "CompleteWorkflowExecution" ? command.result : undefined),
        }));
        const recorded = answers.map((answer) => ({
          type: answer.eventType,
          result: valuesOf(answer.eventType === "WorkflowExecutionCompleted" ? answer.attributes.result : undefined),
        }));
        expect(given, `event ${event.eventId}`).toEqual(recorded);
      }
    },
  );

  it("cover every command, and what becomes of children and messages", () => {
    const types = new Set(names.flatMap(read).map(({ eventType }) => eventType));
    expect([...Object.values(COMMAND_EVENTS), ...OUTCOMES].filter((type) => !types.has(type))).toEqual([]);
  });

  it("are refused when they are broken", async () => {
    const events = read("transfer-with-refund.json");
    const scheduled = events.find((event) => event.eventType === "ActivityTaskScheduled")!;
    Object.assign(scheduled.attributes, { activityType: { name: "deposit" } });
    expect(await replayAll(events)).toContain("Nondeterminism at event 5");
  });

  it("answer queries from their end", async () => {
    const events = read("collect-approvals.json");
    const answer = await sessionFor(events).query(events, "approvals");
    expect(answer.kind === "answered" && valuesOf(answer.result)[0]).toMatchObject(
      [/^Ada/, /^Bob/, /^Eve/].map((name) => expect.stringMatching(name) as unknown),
    );
  });
});
