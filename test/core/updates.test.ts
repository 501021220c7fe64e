// Whatever comes between an update and its end: it has one fate, an accepted one is never lost and keeps its outcome,
// and a task that came to nothing leaves nothing.
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Command } from "../../src/core/command.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { UpdateOutcome } from "../../src/core/history-event.ts";
import { carriedUpdates, openUpdates } from "../../src/core/state.ts";
import { completedEventIdOf, updateReply } from "../../src/core/update.ts";
import { type Scenario, given, started } from "./given.ts";
import * as make from "./requests.ts";

const RUNS = 400;
/** What the workflow does with the updates of a task, one digit for each. */
const verdicts = fc.array(fc.nat({ max: 4 }), { maxLength: 6 });

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("send" as const), id: fc.nat({ max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("signal" as const), id: fc.nat({ max: 50 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("complete" as const), verdicts, force: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("fail" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(1, 500, 10_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("close" as const), how: fc.nat({ max: 2 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const worker = { identity: "workflow-worker" } as const;

/** A run, and what its callers have been told. */
class Story {
  readonly scenario: Scenario = given(started());
  /** Sent and not told anything final; emptied by rejections and by the end of the run. */
  readonly waiting = new Set<string>();
  readonly acceptedIds = new Set<string>();
  readonly outcomes = new Map<string, UpdateOutcome>();
  #runs = 1;

  take(plan: Step): void {
    const { scenario } = this;
    const before = [...scenario.events];
    const { runId } = scenario.run.identity;
    this.#act(plan);
    // A new run begins a history of its own; otherwise nothing that was written has changed.
    if (scenario.run.identity.runId === runId) expect(scenario.events.slice(0, before.length)).toEqual(before);
    this.#check();
  }

  #act(plan: Step): void {
    const { scenario } = this;
    switch (plan.kind) {
      case "send":
        return this.#send(`u${plan.id}`);
      case "signal":
        return void scenario.take("signal", make.signalRequest(`s${plan.id}`));
      case "complete":
        return this.#complete(this.#commands(plan.verdicts), plan.force);
      case "close":
        return this.#complete([...this.#commands([0, 1, 0]), CLOSES[plan.how] ?? make.COMPLETE], false);
      case "fail": {
        const failing = { cause: "WORKFLOW_WORKER_UNHANDLED_FAILURE", failure: { message: "TypeError" } } as const;
        return void scenario.take("failWorkflowTask", { ...scenario.task, ...failing, ...worker });
      }
      case "wait":
        return void scenario.after(plan.ms).take("tick", scenario.nextRunFacts);
    }
  }

  #send(updateId: string): void {
    const { scenario } = this;
    const isKnown = this.waiting.has(updateId) || this.acceptedIds.has(updateId);
    const decision = scenario.take("update", make.updateRequest(updateId));
    if (isKnown) expect(decision).toMatchObject({ ok: true, changes: { events: [], buffered: [] } });
    else if (scenario.run.status === "RUNNING" && decision.ok) this.waiting.add(updateId);
  }

  #commands(choices: readonly number[]): Command[] {
    const commands: Command[] = [];
    const carried = [...carriedUpdates(this.scenario.run)];
    const open = openUpdates(this.scenario.run).map(([updateId]) => updateId);
    for (const choice of choices) {
      if (choice === 4) commands.push(make.startTimer(`t${this.scenario.nowMs}-${commands.length}`, 500));
      if (choice === 3) {
        const updateId = open.shift();
        if (updateId !== undefined) commands.push(make.completeUpdate(updateId));
        continue;
      }
      const update = choice < 3 ? carried.shift() : undefined;
      if (!update) continue;
      if (choice === 1) commands.push(make.rejectUpdate(update.updateId));
      else commands.push(make.acceptUpdate(update.updateId));
      if (choice === 2) commands.push(make.completeUpdate(update.updateId));
    }
    return commands;
  }

  #complete(commands: readonly Command[], force: boolean): void {
    const { scenario } = this;
    const lengthBefore = scenario.events.length;
    const wasSpeculative = scenario.run.workflowTask?.speculative === true;
    const hadWaiting = scenario.run.buffered.length > 0;
    const { runId } = scenario.run.identity;
    this.#runs += 1;
    const decision = scenario.take("completeWorkflowTask", {
      ...scenario.task,
      commands,
      ...worker,
      newRunId: `run-${this.#runs}`,
      minimumRunIntervalMs: 0,
      ...(force ? { forceNewWorkflowTask: true as const } : {}),
    });
    if (!decision.ok) throw new Error(decision.rejection.message);
    for (const { updateId } of decision.changes.updates?.rejected ?? []) {
      expect(this.waiting.delete(updateId)).toBe(true);
      expect(this.acceptedIds.has(updateId)).toBe(false);
    }
    for (const event of decision.changes.events) this.#hear(event);
    const isIdle = wasSpeculative && !force && !hadWaiting;
    if (isIdle && commands.every((command) => command.commandType === "RejectUpdate"))
      expect(scenario.events).toHaveLength(lengthBefore);
    const { run } = scenario;
    if (run.identity.runId !== runId) this.#moved();
    else if (run.status !== "RUNNING") this.waiting.clear();
  }

  #hear(event: HistoryEvent): void {
    if (event.eventType === "WorkflowExecutionUpdateAccepted") {
      const { updateId } = event.attributes.acceptedRequest.meta;
      expect(this.waiting.delete(updateId)).toBe(true);
      expect(this.acceptedIds.has(updateId)).toBe(false);
      this.acceptedIds.add(updateId);
    }
    if (event.eventType === "WorkflowExecutionUpdateCompleted") {
      expect(this.outcomes.has(event.attributes.meta.updateId)).toBe(false);
      this.outcomes.set(event.attributes.meta.updateId, event.attributes.outcome);
    }
  }

  /** The run has continued as new: what was accepted ended with it, what waits waits in the next. */
  #moved(): void {
    this.acceptedIds.clear();
    this.outcomes.clear();
  }

  #check(): void {
    const { run, events } = this.scenario;
    const admitted = run.admittedUpdates.map(({ message }) => message.updateId);
    expect(new Set(admitted)).toEqual(this.waiting);
    expect(admitted).toHaveLength(this.waiting.size);
    expect(new Set(Object.keys(run.updates))).toEqual(this.acceptedIds);
    for (const updateId of this.acceptedIds) {
      const completedEventId = completedEventIdOf(run, updateId);
      const reply = updateReply(run, updateId, events[(completedEventId ?? 0) - 1]);
      const outcome = this.outcomes.get(updateId);
      if (outcome) expect(reply).toMatchObject({ stage: "COMPLETED", outcome });
      else expect(reply?.stage).toBe(run.status === "RUNNING" ? "ACCEPTED" : "COMPLETED");
    }
    // Whoever waits has a task under way or one that is to come.
    if (this.waiting.size > 0) expect(run.workflowTask).toBeDefined();
  }

  /** The workflow answers everything, as long as it takes. */
  drain(): void {
    for (let tasks = 0; tasks < 50 && this.scenario.run.status === "RUNNING"; tasks += 1) {
      const { run } = this.scenario;
      if (this.waiting.size === 0 && openUpdates(run).length === 0) return;
      if (run.workflowTask === undefined) this.take({ kind: "signal", id: 1_000 + tasks });
      else if (run.workflowTask.startedEventId === undefined) {
        this.scenario.atDeadline().take("tick", this.scenario.nextRunFacts);
      } else
        this.take({
          kind: "complete",
          verdicts: [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2],
          force: false,
        });
    }
    if (this.scenario.run.status === "RUNNING") expect(this.waiting.size).toBe(0);
  }
}

const CLOSES: readonly Command[] = [
  make.COMPLETE,
  { commandType: "ContinueAsNewWorkflowExecution", workflowType: "transfer", taskQueue: "transfers" },
  { commandType: "ContinueAsNewWorkflowExecution", workflowType: "transfer", taskQueue: "transfers" },
];

describe("any interleaving of updates, signals and workflow tasks", () => {
  it("gives every update one fate and loses none that was accepted", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50, size: "max" }), (plans) => {
        const story = new Story();
        for (const plan of plans) story.take(plan);
        story.drain();
      }),
      { numRuns: RUNS },
    );
  }, 60_000);
});
