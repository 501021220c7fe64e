import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import type { HistoryEvent } from "../../src/core/history-event.ts";
import { collectApprovals, transferWithRefund } from "./golden-workflows.ts";
import { failureText, TestSession, valuesOf } from "./history-builder.ts";

const folder = join(import.meta.dirname, "../histories/replay");
const names = readdirSync(folder).filter((name) => name.endsWith(".json"));

function read(name: string): HistoryEvent[] {
  return JSON.parse(readFileSync(join(folder, name), "utf8")) as HistoryEvent[];
}

function sessionFor(events: readonly HistoryEvent[]): TestSession {
  const [first] = events;
  if (first?.eventType !== "WorkflowExecutionStarted") throw new Error("A history begins with its start.");
  return new TestSession({ collectApprovals, transferWithRefund }, first.attributes.workflowType.name);
}

/** Replays a whole history. A query makes a session read to the end of what is recorded. */
async function replayAll(events: readonly HistoryEvent[]) {
  const answer = await sessionFor(events).query(events, "__temporal_workflow_metadata");
  return answer.kind === "failed" ? failureText(answer.failure) : answer.kind;
}

describe("recorded histories", () => {
  it.each(names)("%s still replays", async (name) => {
    expect(await replayAll(read(name))).toBe("answered");
  });

  it.each(names)("%s ends every prefix where a task begins with the recorded commands", async (name) => {
    const events = read(name);
    for (const [index, event] of events.entries()) {
      if (event.eventType !== "WorkflowTaskStarted" || events[index + 1]?.eventType !== "WorkflowTaskCompleted")
        continue;
      const result = await sessionFor(events).run(events.slice(0, index + 1));
      const completedEventId = events[index + 1]!.eventId;
      const recorded = events.filter(
        (event) => Reflect.get(event.attributes, "workflowTaskCompletedEventId") === completedEventId,
      );
      expect(result.kind === "completed" && result.commands.length, `event ${event.eventId}`).toBe(recorded.length);
    }
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
