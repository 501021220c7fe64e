/**
 * The lifetime of one workflow id: the real turn, store, alarm and retention, over a process that dies now and then.
 *
 * Owns: the process (when it is there, and what ends with it), the platform's alarm, payloads that take their time to
 * be cleared away, and which runs must be there. What is checked between any two steps:
 *
 *   L1  history and state keep the invariants, and what is stored is enough to rebuild what is in memory
 *   L2  nothing that is due is without an alarm, nor what a process that dies leaves to be done
 *   L3  a run goes only when somebody has deleted it, or when it was closed and its retention has passed
 *   L4  a run that somebody has deleted is never found again
 *   L5  who waits for a commit is answered once it is made
 *   L6  payloads are cleared away for one run at a time, so that none is removed that has its number later
 *   L7  a closed run that has something to deliver stays until it is delivered, though it is deleted
 *
 * And at the end, when nobody calls any more: L8  nothing is left in storage, nor any alarm.
 */
import { expect, vi } from "vitest";

import type { DeleteRequest } from "../../src/core/control-requests.ts";
import { historyProblems, stateProblems } from "../../src/core/invariants.ts";
import type { Clearing } from "../../src/durable-objects/payload-garbage.ts";
import type { PayloadClearing } from "../../src/durable-objects/retention.ts";
import type { RunStore } from "../../src/durable-objects/run-store.ts";
import { type Action, type Made, actionTimeMs, requestOf } from "../core/random-requests.ts";
import { ExecutionHost, durable, noEffects } from "./execution-host.ts";
import type { Act, ClearingAnswer, Step } from "./lifetime-steps.ts";
import { CommitRefused, StorageLost } from "./memory-storage.ts";

const RETENTION_MS = 600_000;
/** Payloads that must stay a while longer are asked for again after this long. */
const LATER_MS = 40_000;
/** More than a commit is ever deferred. */
const WAIT_MS = 6;
/** What the object itself waits after its alarm has failed. */
const ALARM_RETRY_MS = 30_000;
/** What the platform waits before it repeats an alarm whose process has ended. */
const PLATFORM_RETRY_MS = 2_000;
/** How soon an alarm comes to go on with the clearing of payloads, should the process die meanwhile. */
const FALLBACK_MS = 30_000;
/** Alarms until everything must be gone. */
const MAX_LAST_ALARMS = 100;

export interface LifetimeOptions {
  /** Whether payloads are kept elsewhere, and cleared away before the runs that refer to them. */
  readonly keepsPayloads: boolean;
  /** Hears of everything that a play has come to. */
  readonly note: (what: string) => void;
}

/** A caller of a request whose commit is deferred. */
interface Caller {
  readonly committed: Promise<void>;
  isAnswered: boolean;
}

export class Lifetime {
  readonly #note: (what: string) => void;
  readonly #host: ExecutionHost;
  #isUp = false;
  #steps = 0;
  #refusesNext = false;
  /** Until when the alarm may be late, because it has failed. */
  #retryMs = 0;
  #caller: Caller | undefined;
  /** Why the object ended its process, if not for a commit. */
  readonly #defects: string[] = [];
  #clearings: PromiseWithResolvers<Clearing>[] = [];
  /** The runs that could be found when it was last looked, and when each was closed. */
  #found: ReadonlyMap<string, number | undefined> = new Map();
  readonly #deleted = new Set<string>();
  /** Closed runs that have something to deliver. */
  readonly #owing = new Set<number>();

  constructor({ keepsPayloads, note }: LifetimeOptions) {
    this.#note = note;
    const clearing: PayloadClearing = { clearRun: () => this.#clear(), clearExecution: () => this.#clear() };
    this.#host = new ExecutionHost(noEffects, {
      defersCommits: true,
      abort: (reason) => this.#abort(reason),
      retention: { retentionMs: () => RETENTION_MS, payloads: () => (keepsPayloads ? clearing : undefined) },
    });
    this.#host.storage.refusesCommit = () => this.#refuses();
  }

  /** Plays all steps, and then until nothing is left. Throws at the first thing that is wrong. */
  async live(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#play(step);
    await this.#end();
    this.#host.storage.close();
  }

  async #play({ act, sequel }: Step): Promise<void> {
    this.#steps += 1;
    // An alarm may find the process dead; who calls has it started.
    if (act.kind !== "alarm") await this.#awake();
    await this.#pass(this.#timeOf(act));
    await this.#awake();
    this.#attempt(() => this.#carryOut(act));
    this.#listen();
    if (sequel === "die" && this.#isUp) this.#die("between two steps");
    if (sequel === "flush") this.#attempt(() => this.#host.turn.flush());
    if (sequel === "wait") await this.#pass(Date.now() + WAIT_MS);
    await background();
    if (this.#isUp) this.#check();
  }

  #timeOf(act: Act): number {
    const nowMs = Date.now();
    switch (act.kind) {
      case "alarm":
        return Math.max(nowMs, this.#host.storage.alarmMs ?? nowMs);
      case "longWait":
        return nowMs + RETENTION_MS + LATER_MS;
      case "deleteEarlier":
      case "answerClearing":
        return nowMs;
      default:
        return actionTimeMs(act, this.#host.situation("none"));
    }
  }

  #carryOut(act: Act): void {
    switch (act.kind) {
      case "alarm":
      case "longWait":
      case "checkpoint":
        return;
      case "deleteEarlier":
        return this.#deleteEarlier(act.pick);
      case "answerClearing":
        return this.#answerClearing(act.answer);
      case "reload":
        return this.#die("between two steps");
      case "refusedCommit":
        this.#refusesNext = true;
        return;
      default:
        return this.#request(act);
    }
  }

  #request(action: Action): void {
    // What these read of the runs must be in storage; the object sees to that before every call.
    if (action.kind === "delete" || action.kind === "reset") this.#host.turn.flush();
    const made = requestOf(action, this.#host.situation(`run-${this.#steps}`));
    if (made) this.#ask(made);
  }

  #ask({ kind, request }: Made): void {
    const { turn } = this.#host;
    if (kind === "deleteExecution") return this.#delete(request);
    if (kind === "settleOutbox") return this.#settleOutboxes();
    const reply = turn.take(kind, request);
    if (reply.ok && kind === "reset") this.#note("reset");
  }

  #settleOutboxes(): void {
    const { turn } = this.#host;
    for (const run of turn.unsettled) {
      if (run.state.status === "RUNNING") continue;
      turn.settleOutbox(run);
      this.#owing.delete(run.number);
    }
  }

  #deleteEarlier(pick: number): void {
    const { store, run } = this.#host;
    const numbers = [...store.runsBeside(run?.number ?? 0)];
    const runId = store.identityOf(numbers[pick % Math.max(1, numbers.length)] ?? 0)?.runId;
    if (runId !== undefined) this.#delete({ version: 1, runId });
  }

  /** As the object does it. */
  #delete(request: DeleteRequest): void {
    const reply = this.#host.retention.delete(request);
    if (!reply.ok) return;
    this.#deleted.add(reply.value.runId);
    this.#note(request.runId === undefined ? "deleted the current run" : "deleted an earlier run");
    this.#host.sweep();
  }

  /** The process is there, and has taken up what the one before it was doing. */
  async #awake(): Promise<void> {
    // Waking may be what the process dies of.
    while (!this.#isUp) {
      // What the old process has left running fails before the storage is there again.
      await background();
      this.#host.storage.isCutOff = false;
      await this.#host.boot();
      this.#isUp = true;
      // What the old process did last was not looked at.
      this.#checkFound(this.#host.storeAnew());
      this.#attempt(() => this.#host.wake());
    }
  }

  /** Time goes on; then the alarm comes, late if it was due before. */
  async #pass(untilMs: number): Promise<void> {
    this.#attempt(() => vi.advanceTimersByTime(untilMs - Date.now()));
    const { alarmMs } = this.#host.storage;
    if (alarmMs !== null && alarmMs <= Date.now()) await this.#ring();
  }

  async #ring(): Promise<void> {
    await this.#awake();
    const { storage } = this.#host;
    const isThrough = this.#attempt(() => this.#host.ring());
    await background();
    if (!this.#isUp) storage.alarmMs ??= Date.now() + PLATFORM_RETRY_MS;
    if (!this.#isUp || isThrough) return;
    this.#retryMs = Date.now() + ALARM_RETRY_MS;
    this.#host.alarm.arm(this.#retryMs, Date.now());
  }

  /** Whether it went through; false if the storage refused its commit or the process died. */
  #attempt(act: () => void): boolean {
    try {
      act();
      return this.#isUp;
    } catch (error) {
      if (error instanceof CommitRefused || (error instanceof StorageLost && !this.#isUp)) return false;
      throw error;
    }
  }

  #refuses(): boolean {
    const refuses = this.#refusesNext;
    this.#refusesNext = false;
    if (refuses) this.#note("a commit was refused");
    return refuses;
  }

  #abort(reason: string): void {
    if (reason.startsWith("a deferred commit failed")) this.#note("a deferred commit was refused");
    else this.#defects.push(reason);
    this.#die("by itself");
  }

  #die(how: string): void {
    if (this.#host.turn.committed) this.#note("died with a commit deferred");
    if (this.#clearings.length > 0) this.#note("died while payloads were cleared away");
    this.#note(`died ${how}`);
    this.#isUp = false;
    this.#host.storage.isCutOff = true;
    this.#caller = undefined;
    this.#clearings = [];
    // Timers end with their process; the clock does not.
    const nowMs = Date.now();
    vi.clearAllTimers();
    vi.setSystemTime(nowMs);
  }

  /** Somebody waits for what was just deferred. */
  #listen(): void {
    const committed = this.#isUp ? this.#host.turn.committed : undefined;
    if (!committed || committed === this.#caller?.committed) return;
    const caller: Caller = { committed, isAnswered: false };
    const answered = (): void => {
      caller.isAnswered = true;
    };
    committed.then(answered, answered);
    this.#caller = caller;
    this.#note("deferred a commit");
  }

  #clear(): Promise<Clearing> {
    const clearing = Promise.withResolvers<Clearing>();
    this.#clearings.push(clearing);
    return clearing.promise;
  }

  #answerClearing(answer: ClearingAnswer): void {
    const clearing = this.#clearings.shift();
    if (!clearing) return;
    this.#note(`clearing away payloads: ${answer}`);
    if (answer === "cleared") clearing.resolve({ kind: "cleared" });
    else if (answer === "later") clearing.resolve({ kind: "later", atMs: Date.now() + LATER_MS });
    else clearing.reject(new Error("the bucket does not answer"));
  }

  #check(): void {
    const { turn } = this.#host;
    expect(this.#defects).toEqual([]);
    expect(this.#clearings.length).toBeLessThanOrEqual(1);
    // What is deferred is in memory alone.
    if (turn.committed) return;
    if (this.#caller) expect(this.#caller.isAnswered).toBe(true);
    const stored = this.#host.storeAnew();
    this.#checkRun(stored);
    this.#checkAlarm();
    this.#checkFound(stored);
    this.#checkOwing(stored);
  }

  #checkRun(stored: RunStore): void {
    const { run, store } = this.#host;
    const reloaded = stored.loadCurrent(Date.now());
    expect(reloaded?.number).toBe(run?.number);
    expect(stored.deletedRuns).toEqual(store.deletedRuns);
    if (!run) return;
    const history = this.#host.history(run.number);
    expect(historyProblems(history)).toEqual([]);
    expect(stateProblems(run.state, history)).toEqual([]);
    expect(durable(reloaded?.state)).toEqual(durable(run.state));
  }

  #checkAlarm(): void {
    const { deadlineMs } = this.#host.turn;
    const { alarmMs } = this.#host.storage;
    if (this.#clearings.length > 0) expect(alarmMs).toBeLessThanOrEqual(Date.now() + FALLBACK_MS);
    if (deadlineMs === undefined) return;
    expect(alarmMs).not.toBeNull();
    expect(alarmMs).toBeLessThanOrEqual(Math.max(Math.ceil(deadlineMs), Date.now() + 1, this.#retryMs));
  }

  #checkFound(stored: RunStore): void {
    const before = this.#found;
    this.#found = this.#runsIn(stored);
    expect([...this.#found.keys()].filter((runId) => this.#deleted.has(runId))).toEqual([]);
    const gone = [...before].filter(([runId]) => !this.#found.has(runId) && !this.#deleted.has(runId));
    for (const [runId, closedMs] of gone) {
      const keptMs = closedMs === undefined ? 0 : Date.now() - closedMs;
      expect({ runId, isKept: keptMs < RETENTION_MS }).toEqual({ runId, isKept: false });
      this.#note("a run's retention has passed");
    }
  }

  #checkOwing(stored: RunStore): void {
    const closed = this.#host.turn.unsettled.filter((run) => run.state.status !== "RUNNING");
    const numbers = closed.map((run) => run.number);
    expect([...this.#owing].filter((number) => !numbers.includes(number))).toEqual([]);
    expect(numbers.filter((number) => stored.identityOf(number) === undefined)).toEqual([]);
    for (const number of numbers) this.#owing.add(number);
    if (numbers.some((number) => stored.isDeleted(number))) this.#note("a deleted run has something to deliver");
  }

  #runsIn(stored: RunStore): ReadonlyMap<string, number | undefined> {
    const runs = new Map<string, number | undefined>();
    const { run } = this.#host;
    for (const number of stored.runsBeside(0)) {
      const isOpen = number === run?.number && run.state.status === "RUNNING";
      const runId = stored.identityOf(number)?.runId ?? `run number ${number}`;
      runs.set(runId, isOpen ? undefined : stored.closeTimeMs(number));
    }
    return runs;
  }

  /** Nobody calls any more: what is open is terminated, what is to be delivered is, and the alarm does the rest. */
  async #end(): Promise<void> {
    this.#refusesNext = false;
    const { storage } = this.#host;
    for (let alarms = 0; alarms < MAX_LAST_ALARMS; alarms += 1) {
      await this.#awake();
      this.#letGo();
      await this.#clearEverything();
      this.#check();
      if (storage.alarmMs === null) break;
      await this.#pass(Math.max(Date.now(), storage.alarmMs));
    }
    expect(storage.tables.length === 0 ? [] : storage.sql.exec("SELECT run, kind, place FROM entry").toArray()).toEqual(
      [],
    );
    expect(storage.alarmMs).toBeNull();
    this.#note("nothing is left");
  }

  #letGo(): void {
    const { turn } = this.#host;
    turn.flush();
    if (turn.run?.state.status === "RUNNING") turn.take("terminate", { version: 1 });
    this.#settleOutboxes();
  }

  async #clearEverything(): Promise<void> {
    await background();
    while (this.#clearings.length > 0) {
      this.#answerClearing("cleared");
      await background();
    }
  }
}

/** What goes on in the background comes to where it waits. */
async function background(): Promise<void> {
  await new Promise((resolve) => void setImmediate(resolve));
}
