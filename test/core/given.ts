/**
 * given(steps).when(kind, request).thenEvents(...): one decision, told as a story.
 *
 * Owns: a scenario (state, history and clock of one workflow id) and the checks that hold for every decision: the
 * state a decision reads is frozen, and the invariants hold after it. Steps drive the real `decide`, so a state that
 * tests begin from is always one that can be reached.
 */
import { expect } from "vitest";

import { applyChanges, restore, stateFromEvents, stateOfNewRun } from "../../src/core/apply.ts";
import type { Command } from "../../src/core/command.ts";
import { nextDeadlineMs } from "../../src/core/deadlines.ts";
import { type RequestKind, type Requests, type Values, decide } from "../../src/core/decide.ts";
import type { Changes, Decision, NewRun } from "../../src/core/draft.ts";
import type { EventAttributes, EventType, HistoryEvent } from "../../src/core/history-event.ts";
import { stateProblems } from "../../src/core/invariants.ts";
import type { RejectionCode } from "../../src/core/rejection.ts";
import { type ActivityState, type WorkflowState, carriedUpdates } from "../../src/core/state.ts";
import { recordPairs } from "./coverage.ts";
import { frozenCopy } from "./frozen.ts";
import * as make from "./requests.ts";

export type Step = (scenario: Scenario) => void;

/** An event by its type, or by its type with the attributes that matter. */
export type Expected = EventType | { readonly [T in EventType]: readonly [T, Partial<EventAttributes[T]>] }[EventType];

export function given(...steps: readonly Step[]): Scenario {
  const scenario = new Scenario();
  for (const step of steps) step(scenario);
  return scenario;
}

export class Scenario {
  state: WorkflowState | undefined;
  /** History of the current run. */
  events: HistoryEvent[] = [];
  /** Histories of all runs, by run id. */
  readonly histories = new Map<string, HistoryEvent[]>();
  /** History of the run before it. */
  eventsBefore: readonly HistoryEvent[] = [];
  nowMs = make.START_MS;
  /** None, where a test is not about it: it would be a wait before every second run. */
  minimumRunIntervalMs = 0;

  /** The run, for a scenario that has one. */
  get run(): WorkflowState {
    if (!this.state) throw new Error("the scenario has no run");
    return this.state;
  }

  /** The run as an object that has lost its memory finds it in the history. */
  get reloaded(): WorkflowState {
    const state = stateFromEvents(this.run.identity, this.events);
    restore(state, { progress: [], buffered: [] }, this.nowMs);
    return state;
  }

  activity(scheduledEventId: number): ActivityState {
    const activity = this.run.activities[scheduledEventId];
    if (!activity) throw new Error(`no open activity was scheduled by event ${scheduledEventId}`);
    return activity;
  }

  /** The reference of the workflow task with the worker; one that never existed if there is none. */
  get task(): { readonly runId: string; readonly startedEventId: number; readonly attempt: number } {
    const task = this.state?.workflowTask;
    return {
      runId: this.state?.identity.runId ?? make.RUN_ID,
      startedEventId: task?.startedEventId ?? 3,
      attempt: task?.attempt ?? 1,
    };
  }

  /** What comes with a request that may begin another run. */
  get nextRunFacts(): Requests["tick"] {
    const runId = this.state?.identity.runId ?? "";
    const newRunId = runId.startsWith(make.NEXT_RUN_ID) ? `${runId}+` : make.NEXT_RUN_ID;
    return { newRunId, minimumRunIntervalMs: this.minimumRunIntervalMs };
  }

  /** Ids of the updates that the workflow task with the worker carries. */
  get carried(): readonly string[] {
    return carriedUpdates(this.run).map((update) => update.updateId);
  }

  after(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  /** Moves the clock to the next deadline. */
  atDeadline(): this {
    this.nowMs = nextDeadlineMs(this.run) ?? Number.NaN;
    return this;
  }

  /** Decides and applies, as a turn does. */
  take<K extends RequestKind>(kind: K, request: Requests[K]): Decision<Values[K]> {
    const seen = this.state && frozenCopy(this.state);
    const decision = decide(seen, kind, request, this.nowMs);
    if (decision.ok) this.#apply(decision.changes);
    if (this.state) expect(stateProblems(this.state, this.events)).toEqual([]);
    return decision;
  }

  /** The decision under test. */
  when<K extends RequestKind>(kind: K, request: Requests[K] | ((scenario: this) => Requests[K])): Taken<Values[K]> {
    const made = typeof request === "function" ? request(this) : request;
    recordPairs(this, kind, made);
    return new Taken(this, this.take(kind, made));
  }

  /** The worker completes the task in flight with these commands. */
  whenCompleted(...commands: readonly Command[]): Taken<Values["completeWorkflowTask"]> {
    return this.when("completeWorkflowTask", {
      ...this.task,
      commands,
      identity: "workflow-worker",
      ...this.nextRunFacts,
    });
  }

  whenTicked(): Taken<Values["tick"]> {
    return this.when("tick", this.nextRunFacts);
  }

  #apply(changes: Changes): void {
    if (this.state) {
      applyChanges(this.state, changes);
      this.events.push(...changes.events);
    }
    if (changes.deleted && this.state) {
      expect(stateProblems(this.state, this.events)).toEqual([]);
      this.eventsBefore = this.events;
      this.events = [];
      this.state = undefined;
    }
    if (!changes.newRun) return;
    if (this.state) expect(stateProblems(this.state, this.events)).toEqual([]);
    this.eventsBefore = this.events;
    this.#begin(changes.newRun);
  }

  #begin(newRun: NewRun): void {
    const { identity, copied, admitted } = newRun;
    const taken = this.histories.get(copied?.runId ?? "") ?? [];
    this.events = [...taken.filter((event) => event.eventId <= (copied?.upToEventId ?? 0)), ...newRun.events];
    this.histories.set(identity.runId, this.events);
    // What a reset takes over is history, and says which updates wait.
    this.state = stateFromEvents(identity, this.events, copied ? [] : admitted);
    if (!copied) return;
    this.state.dispatchedUpToMs = this.state.lastEventTimeMs;
    // Structured clones have no null prototypes; what counts is that a reload finds the same.
    expect(stateOfNewRun({ ...newRun, copied: { ...copied, state: structuredClone(copied.state) } })).toEqual(
      this.state,
    );
  }
}

/** A decision that was taken, and what can be said about it. */
export class Taken<T> {
  readonly scenario: Scenario;
  readonly decision: Decision<T>;

  constructor(scenario: Scenario, decision: Decision<T>) {
    this.scenario = scenario;
    this.decision = decision;
  }

  get changes(): Changes {
    if (!this.decision.ok) throw new Error(`rejected: ${this.decision.rejection.message}`);
    return this.decision.changes;
  }

  /** Exactly these events were numbered in the run that was there before. */
  thenEvents(...expected: readonly Expected[]): this {
    expectEvents(this.changes.events, expected);
    return this;
  }

  /** Exactly these events wait for their number. */
  thenBuffered(...expected: readonly Expected[]): this {
    expectEvents(this.changes.buffered, expected);
    return this;
  }

  /** A run begins with exactly these events. */
  thenNewRun(...expected: readonly Expected[]): this {
    expectEvents(this.changes.newRun?.events ?? [], expected);
    return this;
  }

  thenReplies(value: Partial<T>): this {
    expect(this.decision).toMatchObject({ ok: true, value });
    return this;
  }

  thenRejected(code: RejectionCode, message?: RegExp): this {
    expect(this.decision).toMatchObject({ ok: false, rejection: { code } });
    if (message && !this.decision.ok) expect(this.decision.rejection.message).toMatch(message);
    return this;
  }

  /** Accepted, and nothing changed. */
  thenNothing(): this {
    const { events, buffered, progress, newRun, updates, dispatch, eagerDispatch } = this.changes;
    expect({ events, buffered, progress, newRun, updates, dispatch: [...dispatch, ...eagerDispatch] }).toEqual({
      events: [],
      buffered: [],
      progress: [],
      newRun: undefined,
      updates: undefined,
      dispatch: [],
    });
    return this;
  }

  /** Exactly these updates wait for a workflow task, or are with the one under way. */
  thenAdmitted(...updateIds: readonly string[]): this {
    expect(this.scenario.run.admittedUpdates.map(({ message }) => message.updateId)).toEqual(updateIds);
    return this;
  }

  /** Exactly these updates are refused. */
  thenRejects(...updateIds: readonly string[]): this {
    expect((this.changes.updates?.rejected ?? []).map((update) => update.updateId)).toEqual(updateIds);
    return this;
  }

  /** Which activities are sent to the queue. */
  thenDispatches(...scheduledEventIds: readonly number[]): this {
    expect(this.changes.dispatch).toEqual(scheduledEventIds);
    return this;
  }

  /** Which activities are offered straight to a worker. */
  thenOffers(...scheduledEventIds: readonly number[]): this {
    expect(this.changes.eagerDispatch).toEqual(scheduledEventIds);
    return this;
  }
}

function expectEvents(
  events: readonly { readonly eventType: EventType; readonly attributes: object }[],
  expected: readonly Expected[],
): void {
  expect(events.map((event) => event.eventType)).toEqual(
    expected.map((entry) => (typeof entry === "string" ? entry : entry[0])),
  );
  for (const [index, entry] of expected.entries())
    if (typeof entry !== "string") expect(events[index]?.attributes).toMatchObject(entry[1]);
}

// Steps

function accepted<T>(decision: Decision<T>): T {
  if (!decision.ok) throw new Error(`a step of the scenario was rejected: ${decision.rejection.message}`);
  return decision.value;
}

export function started(overrides: Parameters<typeof make.startRequest>[0] = {}): Step {
  return (scenario) => void accepted(scenario.take("start", make.startRequest(overrides)));
}

export function signaled(requestId: string): Step {
  return (scenario) => void accepted(scenario.take("signal", make.signalRequest(requestId)));
}

export function updateSent(updateId: string, overrides: Parameters<typeof make.updateRequest>[1] = {}): Step {
  return (scenario) => void accepted(scenario.take("update", make.updateRequest(updateId, overrides)));
}

export function deleted(): Step {
  return (scenario) => void accepted(scenario.take("deleteExecution", { version: 1 }));
}

export function cancelRequested(): Step {
  return (scenario) => void accepted(scenario.take("requestCancel", { version: 1, requestId: "cancel-1" }));
}

export function terminated(): Step {
  return (scenario) => void accepted(scenario.take("terminate", { version: 1, reason: "enough" }));
}

export function paused(requestId = "pause-1"): Step {
  return (scenario) => void accepted(scenario.take("pause", { version: 1, requestId }));
}

/** The task in flight completes with these commands, and none of them is refused. */
export function taskCompleted(...commands: readonly Command[]): Step {
  return (scenario) => {
    const request = { ...scenario.task, commands, identity: "workflow-worker", ...scenario.nextRunFacts };
    if (!accepted(scenario.take("completeWorkflowTask", request)).kept) throw new Error("the commands were refused");
  };
}

export function taskFailed(cause: "WORKFLOW_WORKER_UNHANDLED_FAILURE" = "WORKFLOW_WORKER_UNHANDLED_FAILURE"): Step {
  return (scenario) =>
    void accepted(
      scenario.take("failWorkflowTask", {
        ...scenario.task,
        cause,
        failure: { message: "TypeError" },
        identity: "workflow-worker",
      }),
    );
}

export function claimed(scheduledEventId: number, overrides: Partial<Requests["claimActivity"]> = {}): Step {
  return (scenario) => {
    const { attempt } = scenario.activity(scheduledEventId).progress;
    const request = make.claimRequest(scheduledEventId, { attempt, claimId: `claim-${attempt}`, ...overrides });
    if (!accepted(scenario.take("claimActivity", request)).claimed) throw new Error("the claim was refused");
  };
}

export function responded(request: Requests["respondActivity"]): Step {
  return (scenario) => void accepted(scenario.take("respondActivity", request));
}

export function passed(ms: number): Step {
  return (scenario) => void scenario.after(ms);
}

export function ticked(): Step {
  return (scenario) => void accepted(scenario.take("tick", scenario.nextRunFacts));
}
