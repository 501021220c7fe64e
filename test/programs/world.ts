/**
 * A world of programs: several executions, a clock, and a sequence of numbers that decides what happens next.
 *
 * Owns: what can happen (a task runs, an activity ends, a message between executions arrives, time passes, somebody
 * outside asks for something) and the choice among it. Two worlds with the same numbers differ only if something in
 * them differs, and then their histories do.
 */
import { defaultPayloadConverter, fromWirePayloads, toWirePayloads } from "../../src/codec/index.ts";
import { encodeTaskToken } from "../../src/core/activity-task.ts";
import { nextDeadlineMs } from "../../src/core/deadlines.ts";
import type { RequestKind } from "../../src/core/decide.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { deliveryOf, outboxOf, type OutboxItem, resultOf } from "../../src/core/outbox.ts";
import type { StartRequest } from "../../src/core/protocol.ts";
import { openActivities } from "../../src/core/state.ts";
import type { LocalActivityRunner } from "../../src/replay/local-activity-runner.ts";
import { Execution, type Run } from "./execution.ts";
import * as interpreter from "./interpreter.ts";
import type { Script } from "./program.ts";

const NAMESPACE = "default";
const START_MS = Date.UTC(2026, 0, 1);
/** Timers of programs are shorter than this, limits of attempts longer: the first pass at once, the second never. */
const PATIENCE_MS = 500;
const MAX_STEPS = 120;

/** Everything that two worlds are compared by. */
export interface Trace {
  readonly histories: Readonly<Record<string, readonly (readonly HistoryEvent[])[]>>;
  readonly answers: Readonly<Record<string, readonly unknown[]>>;
}

/** The main program is reset, once it has ended or after so many steps. */
export interface PlannedReset {
  /** Which of its runs is taken, and which of that run's points; counted round. */
  readonly run: number;
  readonly point: number;
  readonly afterSteps?: number;
}

type Happening = () => void;

export class World {
  readonly #executions = new Map<string, Execution>();
  /** Closed runs that have told everybody. */
  readonly #settled = new Set<Run>();
  readonly #keepsSessions: boolean;
  readonly #reached: (what: string) => void;
  #nowMs = START_MS;
  #runIds = 0;
  #requests = 0;

  constructor(options: { readonly keepsSessions: boolean; readonly reached: (what: string) => void }) {
    this.#keepsSessions = options.keepsSessions;
    this.#reached = options.reached;
  }

  /** Lives a script to its end, or for so many steps; then as often again as the main program is to be reset. */
  async live(script: Script, choices: readonly number[], resets: readonly PlannedReset[] = []): Promise<Trace> {
    this.#start("bystander", interpreter.bystander.name, []);
    this.#start("main", interpreter.runScript.name, [script]);
    await this.#steps(choices, resets[0]?.afterSteps);
    for (const [index, planned] of resets.entries()) {
      this.#reset(planned);
      await this.#steps(choices, resets[index + 1]?.afterSteps);
    }
    if (!this.#execution("main").isOpen) this.#reached(`main ${this.#execution("main").state?.status}`);
    const all = [...this.#executions.values()];
    return {
      histories: Object.fromEntries(all.map(({ workflowId, runs }) => [workflowId, runs.map((run) => run.events)])),
      answers: Object.fromEntries(all.map(({ workflowId, answers }) => [workflowId, answers])),
    };
  }

  async #steps(choices: readonly number[], most = MAX_STEPS): Promise<void> {
    for (let step = 0; step < most && !this.#isOver(); step += 1) {
      const choice = (choices[step % choices.length] ?? 0) + step;
      await this.#step(choice);
      for (const execution of this.#executions.values()) await execution.query("marks");
    }
  }

  /** How many points the runs of the main program have, run by run. */
  get points(): readonly number[] {
    const main = this.#execution("main");
    return main.runs.map((run) => main.pointsOf(run).length);
  }

  #reset({ run, point }: PlannedReset): void {
    const main = this.#execution("main");
    const base = main.runs[run % main.runs.length];
    if (!base) return;
    const points = main.pointsOf(base);
    const eventId = points[point % points.length];
    if (eventId === undefined) return;
    this.#reached(`reset ${main.isOpen ? "open" : "closed"}${base === main.run ? "" : ", an earlier run"}`);
    main.reset(base, eventId);
  }

  /** The main program has ended, and nothing is left of it to be told or run. */
  #isOver(): boolean {
    if (this.#execution("main").isOpen) return false;
    const executions = [...this.#executions.values()];
    return executions.every((execution) => !execution.hasTask && this.#deliveries(execution).length === 0);
  }

  async #step(choice: number): Promise<void> {
    const tasks = [...this.#executions.values()].filter((execution) => execution.hasTask);
    const happenings = this.#happenings(choice);
    const task = tasks[choice % Math.max(1, tasks.length)];
    // A task usually runs before anything else; now and then something overtakes it.
    if (task && (choice % 6 !== 0 || happenings.length === 0)) {
      await task.runTask(() => {
        if (choice % 5 === 0) this.#overtake(happenings, choice);
      });
      return;
    }
    happenings[choice % Math.max(1, happenings.length)]?.();
  }

  #overtake(happenings: readonly Happening[], choice: number): void {
    this.#reached("overtaken");
    happenings[choice % Math.max(1, happenings.length)]?.();
  }

  #execution(workflowId: string): Execution {
    const known = this.#executions.get(workflowId);
    if (known) return known;
    const execution = new Execution({
      workflowId,
      workflows: interpreter,
      localActivities: this.#localActivities(),
      keepsSession: this.#keepsSessions,
      nowMs: () => this.#nowMs,
      newRunId: () => this.#newRunId(),
    });
    this.#executions.set(workflowId, execution);
    return execution;
  }

  #newRunId(): string {
    this.#runIds += 1;
    return `00000000-0000-4000-8000-${String(this.#runIds).padStart(12, "0")}`;
  }

  #start(workflowId: string, workflowType: string, args: unknown[]): void {
    const input = toWirePayloads(defaultPayloadConverter, args);
    this.#deliverStart({
      version: 1,
      namespace: NAMESPACE,
      workflowId,
      workflowType,
      taskQueue: "default",
      requestId: `start ${workflowId}`,
      ...(input ? { input } : {}),
    });
  }

  #deliverStart(request: StartRequest) {
    return this.#execution(request.workflowId).take("start", { ...request, newRunId: this.#newRunId() });
  }

  /** What could happen now, in an order that is the same in every world. */
  #happenings(choice: number): readonly Happening[] {
    const executions = [...this.#executions.values()];
    const within = executions.flatMap((execution) => [
      ...this.#deliveries(execution),
      ...this.#activityEnds(execution, choice),
    ]);
    const deadlines = executions.map((execution) => execution.state && nextDeadlineMs(execution.state));
    const dueMs = Math.min(...deadlines.map((deadline) => deadline ?? Number.POSITIVE_INFINITY));
    const time = Number.isFinite(dueMs) ? [() => this.#passUntil(dueMs)] : [];
    // Timers are many, and without them nothing moves on.
    return [...within, ...time, ...time, ...this.#fromOutside(choice)];
  }

  #passUntil(dueMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, dueMs);
    for (const execution of this.#executions.values()) if (execution.isOpen) execution.tick();
  }

  #deliveries(execution: Execution): readonly Happening[] {
    return execution.runs.flatMap((run) => {
      if (this.#settled.has(run)) return [];
      const items = outboxOf(run.state);
      // Closed runs are served as a whole: what their outbox holds is settled together.
      if (run.state.status !== "RUNNING") return items.length > 0 ? [() => this.#settle(execution, run, items)] : [];
      return items.slice(0, 1).map((item) => () => this.#deliver(execution, run, item));
    });
  }

  #deliver(execution: Execution, run: Run, item: OutboxItem): void {
    const result = this.#send(run, item);
    const { runId } = run.state.identity;
    const { initiatedEventId } = item;
    this.#reached(`delivered ${item.kind}: ${result.kind}`);
    switch (result.kind) {
      case "childStarted":
        execution.take("recordChildStart", {
          runId,
          initiatedEventId,
          outcome: { kind: "started", childRunId: result.childRunId },
        });
        return;
      case "delivered":
        execution.take("recordExternalResult", { runId, initiatedEventId, outcome: { kind: "delivered" } });
        return;
      case "notFound": {
        const cause = "EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND";
        execution.take("recordExternalResult", { runId, initiatedEventId, outcome: { kind: "failed", cause } });
        return;
      }
      default:
        throw new Error(`${item.kind} was answered with ${result.kind}`);
    }
  }

  #settle(execution: Execution, run: Run, items: readonly OutboxItem[]): void {
    for (const item of items) this.#reached(`settled ${item.kind}: ${this.#send(run, item).kind}`);
    this.#settled.add(run);
    if (run === execution.run) execution.take("settleOutbox", {});
  }

  #send(run: Run, item: OutboxItem) {
    const { method, request } = deliveryOf(run.state, item, (eventId) => run.events[eventId - 1]);
    if (method === "start") return resultOf(item, asReply(this.#deliverStart(request)));
    const kind: RequestKind = method;
    return resultOf(item, asReply(this.#execution(item.workflowId).take(kind, request)));
  }

  #activityEnds(execution: Execution, choice: number): readonly Happening[] {
    const { state } = execution;
    if (!state || state.status !== "RUNNING") return [];
    return openActivities(state).map((activity) => () => {
      const { scheduledEventId, activityId, progress } = activity;
      const { namespace, workflowId, runId } = state.identity;
      const token = { namespace, workflowId, runId, scheduledEventId, activityId, attempt: progress.attempt };
      const isCancelled = activity.cancelRequestedEventId !== undefined && choice % 2 === 0;
      const failure = { message: "broken", applicationFailureInfo: { type: "Broken", nonRetryable: true } };
      const result = toWirePayloads(defaultPayloadConverter, [`result ${choice}`]);
      const outcome =
        choice % 4 === 3
          ? ({ kind: "failed", failure } as const)
          : ({ kind: "completed", ...(result ? { result } : {}) } as const);
      if (isCancelled) this.#reached("activity cancelled");
      const request = { version: 1, taskToken: encodeTaskToken(token), identity: "activity-worker" } as const;
      execution.take("respondActivity", { ...request, outcome: isCancelled ? { kind: "canceled" } : outcome });
    });
  }

  #fromOutside(choice: number): readonly Happening[] {
    const main = this.#execution("main");
    this.#requests += 1;
    const requestId = `outside ${this.#requests}`;
    const input = (text: string) => toWirePayloads(defaultPayloadConverter, [text]) ?? { payloads: [] };
    const nudge = () =>
      void main.take("signal", { version: 1, signalName: "nudge", input: input(requestId), requestId });
    const text = ["quick", "slow", "no", "fail"][choice % 4] ?? "quick";
    const ask = () => {
      this.#reached(`asked ${text}`);
      const request = { version: 1, updateId: requestId, updateName: "ask", args: input(text) } as const;
      main.take("update", { ...request, waitForStage: "COMPLETED" });
    };
    const cancel = () => {
      this.#reached("cancel requested");
      main.take("requestCancel", { version: 1, requestId });
    };
    if (!main.isOpen) return [];
    return [nudge, ask, ...(choice % 17 === 0 ? [cancel] : [])];
  }

  /** Ends at once, as often with a failure as the argument says. */
  #localActivities(): LocalActivityRunner {
    return {
      isRegistered: () => true,
      start: (task) => {
        const [failures] = fromWirePayloads(defaultPayloadConverter, task.input) as [number];
        const failure = { message: "unsteady", applicationFailureInfo: { type: "Unsteady" } };
        const result = toWirePayloads(defaultPayloadConverter, [task.attempt]);
        this.#reached(task.attempt > failures ? "local activity done" : "local activity failed");
        const outcome =
          task.attempt > failures
            ? ({ kind: "completed", ...(result ? { result } : {}) } as const)
            : ({ kind: "failed", failure } as const);
        return { outcome: Promise.resolve(outcome), cancel: () => undefined };
      },
      now: () => this.#nowMs,
      schedule: (callback, delayMs) => {
        if (delayMs > PATIENCE_MS) return () => undefined;
        const handle = setImmediate(callback);
        return () => clearImmediate(handle);
      },
    };
  }
}

function asReply(decision: ReturnType<Execution["take"]>): Parameters<typeof resultOf>[1] {
  return decision.ok ? { ok: true, value: decision.value as { readonly runId?: string } } : decision;
}
