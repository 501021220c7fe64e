/**
 * One simulated life of a workflow id: clients that insist, workers and a process that fail, and what must be true of
 * the history in the end.
 *
 * Owns: the clients, and the final checks. Returns the log, which is the same for the same seed.
 */
import { expect } from "vitest";

import type { HistoryEvent } from "../../src/core/history-event.ts";
import { historyProblems } from "../../src/core/invariants.ts";
import * as make from "../core/requests.ts";
import { ActivityWorkerModel } from "./activity-worker-model.ts";
import { OperatorModel } from "./operator-model.ts";
import { Random } from "./random.ts";
import { type Program, randomProgram } from "./workflow-program.ts";
import { WorkflowWorkerModel } from "./workflow-worker-model.ts";
import { World } from "./world.ts";

/** Lives through a seed. Adds to `marks` what was seen to happen. Throws if something is not as it must be. */
export async function simulate(seed: number, marks: Set<string>): Promise<readonly string[]> {
  const simulation = new Simulation(seed, marks);
  await simulation.live();
  return simulation.world.log;
}

class Simulation {
  readonly world: World;
  readonly #program: Program;
  readonly #workflows: WorkflowWorkerModel;
  readonly #activities: ActivityWorkerModel;
  readonly #acceptedSignals = new Set<string>();
  readonly #refusedSignals = new Set<string>();
  readonly #runIds = new Set<string>();
  readonly #seed: number;

  constructor(seed: number, marks: Set<string>) {
    this.#seed = seed;
    this.#program = randomProgram(new Random(seed + 1_000_000));
    this.world = new World(seed, marks, {
      foresee: () => undefined,
      changed: () => undefined,
      dispatch: (run, due) => this.#activities.dispatch(run, due),
      drive: (run) => {
        if (run) this.#workflows.drive(run);
      },
      closed: (run) => this.world.note(`closed as ${run.state.status}`),
    });
    this.#workflows = new WorkflowWorkerModel(this.world, this.#program);
    this.#activities = new ActivityWorkerModel(this.world);
    this.world.onDeath = () => this.#workflows.forget();
  }

  async live(): Promise<void> {
    const { world } = this;
    const { random } = world;
    world.in(0, () => this.#start("start-1"));
    if (random.chance(0.2)) world.in(random.whole(1, 2_000), () => this.#start("start-2"));
    for (let index = 0; index < this.#program.signals + random.whole(0, 2); index += 1) {
      const atMs = random.whole(0, random.chance(0.5) ? 500 : 6_000);
      world.in(atMs, () => this.#signal(`signal-${index}`));
      if (random.chance(0.3)) world.in(atMs + random.whole(0, 2_000), () => this.#signal(`signal-${index}`));
    }
    if (random.chance(0.15)) world.in(random.whole(0, 4_000), () => this.#cancel());
    // What the run before has refused, the one that goes on may be waiting for.
    const signalAgain = (): void => {
      for (const requestId of this.#refusedSignals) world.in(1, () => this.#signal(requestId));
    };
    new OperatorModel(world, this.#seed, signalAgain).begin();
    await world.live();
    this.#checkEnd();
  }

  async #start(requestId: string): Promise<void> {
    const { world } = this;
    const newRunId = `run-${requestId}-${world.nowMs}`;
    const request = make.startRequest({ requestId, newRunId, workflowIdReusePolicy: "REJECT_DUPLICATE" });
    const reply = await world.call("start", request);
    if (!reply) return world.in(50, () => this.#start(requestId));
    if (!reply.ok) return;
    if (!reply.value.started) world.sometimes("a start was asked for again and got its run");
    this.#runIds.add(reply.value.runId);
  }

  async #signal(requestId: string): Promise<void> {
    const { world } = this;
    const isFlying = world.host.run?.state.workflowTask?.startedEventId !== undefined;
    const reply = await world.call("signal", make.signalRequest(requestId));
    if (!reply || (!reply.ok && reply.rejection.code === "WorkflowNotFound"))
      return world.in(100, () => this.#signal(requestId));
    if (reply.ok && isFlying) world.sometimes("a signal came while a task was in flight");
    if (reply.ok) this.#acceptedSignals.add(requestId);
    else this.#refusedSignals.add(requestId);
  }

  async #cancel(): Promise<void> {
    const { world } = this;
    const reply = await world.call("requestCancel", { version: 1, requestId: "cancel-1" });
    if (!reply || (!reply.ok && reply.rejection.code === "WorkflowNotFound")) world.in(100, () => this.#cancel());
  }

  #checkEnd(): void {
    const { run } = this.world.host;
    if (!run) throw new Error("no run was started");
    const history = this.world.host.history(run.number);
    expect(historyProblems(history)).toEqual([]);
    expect(run.number).toBe(1 + countResets(this.world.log));
    expect([...this.#runIds]).toEqual([run.state.start.firstExecutionRunId]);
    expect(["COMPLETED", "CANCELLED"]).toContain(run.state.status);
    this.#checkSignals(history);
    this.#checkActivities(history, run.state.status);
    this.#markHistory(history);
    this.world.host.storage.close();
  }

  #checkSignals(history: readonly HistoryEvent[]): void {
    const signals = history.flatMap((event) =>
      event.eventType === "WorkflowExecutionSignaled" ? [event.attributes.requestId] : [],
    );
    for (const requestId of this.#acceptedSignals) expect(signals.filter((id) => id === requestId)).toHaveLength(1);
    // A closed run refuses what the run that a reset begins may take.
    for (const requestId of this.#refusedSignals)
      if (!this.#acceptedSignals.has(requestId)) expect(signals).not.toContain(requestId);
  }

  #checkActivities(history: readonly HistoryEvent[], status: string): void {
    const closings = history.flatMap((event) =>
      "scheduledEventId" in event.attributes &&
      /^ActivityTask(Completed|Failed|TimedOut|Canceled)$/.test(event.eventType)
        ? [{ id: event.attributes.scheduledEventId, type: event.eventType }]
        : [],
    );
    for (const { eventId, eventType } of history) {
      if (eventType !== "ActivityTaskScheduled") continue;
      const count = closings.filter(({ id }) => id === eventId).length;
      if (status === "COMPLETED") expect(count).toBe(1);
      else expect(count).toBeLessThanOrEqual(1);
    }
    // What a run was told before it was reset, the next may ask for again.
    const { runId } = this.world.host.run?.state.identity ?? {};
    for (const accepted of this.#activities.acceptedCompletions) {
      const id = accepted.scheduledEventId;
      if (accepted.runId !== runId) continue;
      expect(closings.filter((closing) => closing.id === id)).toEqual([{ id, type: "ActivityTaskCompleted" }]);
    }
  }

  /** What the history itself shows to have happened. */
  #markHistory(history: readonly HistoryEvent[]): void {
    const { world } = this;
    for (const [index, event] of history.entries()) {
      if (event.eventType === "WorkflowTaskFailed" && event.attributes.cause === "UNHANDLED_COMMAND")
        world.sometimes("a close was refused because something waited");
      if (event.eventType === "WorkflowTaskTimedOut") world.sometimes("a task was given up by timeout");
      if (event.eventType === "WorkflowTaskScheduled" && event.attributes.attempt > 3)
        world.sometimes("a task failed again and again and then completed");
      if (event.eventType === "ActivityTaskTimedOut") world.sometimes("an activity timed out for good");
      if (event.eventType === "ActivityTaskStarted" && event.attributes.attempt > 2)
        world.sometimes("an activity took three attempts");
      if (event.eventType === "ActivityTaskStarted" && event.attributes.lastFailure?.timeoutFailureInfo)
        world.sometimes("an activity was retried after a timeout");
      if (event.eventType === "ActivityTaskCanceled")
        world.sometimes(
          event.attributes.startedEventId === 0
            ? "an unclaimed activity was cancelled"
            : "a running activity was cancelled",
        );
      if (event.eventType === "TimerCanceled" && isDue(history, index))
        world.sometimes("a timer's firing lost against its cancellation");
    }
  }
}

/** How many runs resets have begun, by what they were answered with. */
function countResets(log: readonly string[]): number {
  return new Set(log.filter((line) => / reset \{/.test(line)).map((line) => line.replace(/^.* reset /, ""))).size;
}

/** Whether the timer that this event cancels was due when it was cancelled. */
function isDue(history: readonly HistoryEvent[], index: number): boolean {
  const event = history[index];
  if (event?.eventType !== "TimerCanceled") return false;
  const started = history[event.attributes.startedEventId - 1];
  if (started?.eventType !== "TimerStarted") return false;
  return started.eventTimeMs + started.attributes.startToFireTimeoutMs <= event.eventTimeMs;
}
