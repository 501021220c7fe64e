/**
 * The workflow worker and the service's driver of workflow tasks, as a model: sessions that break, answers that come
 * late or never, tasks that fail.
 *
 * Owns: the flight in the object's memory (gone when the process dies) and the session in the worker's.
 */
import { expect } from "vitest";

import { transientTaskEvents } from "../../src/core/workflow-task-event.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { LoadedRun } from "../../src/durable-objects/run-store.ts";
import { type Program, commandsOf } from "./workflow-program.ts";
import type { World } from "./world.ts";

interface Ref {
  readonly runId: string;
  readonly startedEventId: number;
  readonly attempt: number;
}

export class WorkflowWorkerModel {
  readonly #world: World;
  readonly #program: Program;
  readonly #failureRate: number;
  #lives = 0;
  #flight: Ref | undefined;
  /** What the open session has been fed. */
  #session: { readonly runId: string; readonly events: HistoryEvent[] } | undefined;

  constructor(world: World, program: Program) {
    this.#world = world;
    this.#program = program;
    // In some lives the workflow's code is broken more often than not.
    this.#failureRate = world.random.chance(0.1) ? 0.7 : 0.05;
  }

  /** The process of the object has died, and with it its calls to the worker. */
  forget(): void {
    this.#lives += 1;
    this.#giveUp();
  }

  #giveUp(): void {
    this.#flight = undefined;
    this.#session = undefined;
  }

  /** A workflow task may be waiting for its worker. */
  drive(run: LoadedRun): void {
    const world = this.#world;
    const task = run.state.workflowTask;
    const { runId } = run.state.identity;
    if (this.#flight) {
      const { startedEventId, attempt } = this.#flight;
      if (this.#flight.runId === runId && startedEventId === task?.startedEventId && attempt === task.attempt) return;
      this.#giveUp();
    }
    if (task?.startedEventId === undefined) return;
    const ref: Ref = { runId, startedEventId: task.startedEventId, attempt: task.attempt };
    this.#flight = ref;
    const events = this.#feed(run, ref.attempt);
    expect(events.at(-1)).toMatchObject({ eventId: ref.startedEventId, eventType: "WorkflowTaskStarted" });
    if (world.random.chance(0.03)) {
      world.sometimes("a workflow worker never answered");
      return;
    }
    const thinkingMs = world.random.chance(0.04) ? world.random.whole(9_000, 14_000) : world.random.whole(1, 60);
    const fails = world.random.chance(this.#failureRate);
    const life = this.#lives;
    world.in(thinkingMs, async () => {
      if (life === this.#lives) await this.#answer(ref, events, fails);
    });
  }

  /** The session's events: only what is new, or all of them if it has to be opened again. */
  #feed(run: LoadedRun, attempt: number): readonly HistoryEvent[] {
    const world = this.#world;
    if (attempt > 1 || world.random.chance(0.1)) {
      if (this.#session) world.sometimes("a session was lost and replayed");
      this.#session = undefined;
    }
    // A run that a reset begins has a session of its own.
    if (this.#session?.runId !== run.state.identity.runId) this.#session = undefined;
    this.#session ??= { runId: run.state.identity.runId, events: [] };
    const { events } = this.#session;
    const news = world.host.store.readPage(run.number, events.length + 1, Number.POSITIVE_INFINITY).events;
    events.push(...news, ...transientTaskEvents(run.state));
    return [...events];
  }

  async #answer(ref: Ref, events: readonly HistoryEvent[], fails: boolean): Promise<void> {
    const world = this.#world;
    const isCurrent = this.#flight === ref;
    if (isCurrent) this.#flight = undefined;
    const worker = { identity: "workflow-worker", newRunId: "run-next" };
    const failure = { message: "Error: not today" };
    const reply = fails
      ? await world.call("failWorkflowTask", { ...ref, cause: "WORKFLOW_WORKER_UNHANDLED_FAILURE", failure, ...worker })
      : await world.call("completeWorkflowTask", { ...ref, commands: commandsOf(this.#program, events), ...worker });
    if (!isCurrent) {
      world.sometimes("a task was answered after it was given up");
      if (reply?.ok) expect(reply.value).toEqual({ kept: false });
      return;
    }
    if (reply?.ok && !reply.value.kept) this.#session = undefined;
  }
}
