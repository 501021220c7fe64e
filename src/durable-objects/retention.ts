/**
 * The end of what is stored: closed runs go when their namespace keeps them no longer, or when somebody deletes them.
 *
 *   run                                        | what happens to it, and when
 *   -------------------------------------------+------------------------------------------------------------
 *   open                                       | stays; deleted on demand: terminated, then as a closed one
 *   closed, something to deliver still         | stays until it is delivered; deleted on demand: nobody finds it meanwhile
 *   closed, others of the id stay              | its entries are removed, at closing time + retention or on demand
 *   closed, the last of the id                 | the whole storage is emptied, the alarm included
 *
 * Owns: which runs are due, and the order: payloads kept elsewhere go before the entries that name them. Runs of an id
 * close in the order of their numbers, so only the oldest one is ever looked at. A run that is deleted on demand is
 * marked in the commit that ends it, and its number is given to no other run; the mark outlives a crash.
 *
 * What it costs: the alarm is only ever moved earlier, so a run that closes sets one only where none is set. The one
 * that is set finds nothing due and sets the next: one row in a workflow's life. Runs before the current one wait for
 * each other up to an hour, so that a quick chain does not wake its object, and pay for an alarm, once for every run.
 */
import type { DeleteReply, DeleteRequest } from "../core/control-requests.ts";
import { earliest } from "../core/deadlines.ts";
import type { RunSelector } from "../core/protocol.ts";
import { type Reply, accepted } from "../core/rejection.ts";
import * as check from "../core/request-check.ts";
import type { AlarmClock } from "./alarm-clock.ts";
import type { ExecutionTurn } from "./execution-turn.ts";
import type { Clearing, GarbagePlace, PayloadGarbage } from "./payload-garbage.ts";
import type { LoadedRun, RunStore } from "./run-store.ts";

/**
 * Clears away what is kept elsewhere for runs, before their entries go: see `payload-garbage.ts`. While it says "later",
 * or rejects, the entries stay, and it is asked again; so every part of it may be done more than once.
 */
export type PayloadClearing = Pick<PayloadGarbage, "clearRun" | "clearExecution">;

/** Runs that are removed in one go; then the alarm goes on with the rest. */
const RUNS_PER_SWEEP = 500;
/** Where payloads go with them, each takes reading, and one alarm has only so much time to compute. */
const RUNS_WITH_PAYLOADS_PER_SWEEP = 50;
/** Wait before what has failed is tried again; twice as long after each further failure. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 300_000;
/** An object that dies while payloads are cleared away is woken to go on. */
const FALLBACK_MS = 30_000;
/** Earlier runs are removed together when their times differ by no more than this. */
const MAX_GRAIN_MS = 3_600_000;
const GRAINS_PER_RETENTION = 50;

export interface RetentionOptions {
  readonly storage: Pick<DurableObjectStorage, "deleteAll" | "deleteAlarm" | "transactionSync">;
  readonly turn: ExecutionTurn;
  readonly store: RunStore;
  readonly alarm: AlarmClock;
  /** The run that is meant: the current one, or an earlier one by its id. */
  readonly selected: (selector: RunSelector) => Reply<LoadedRun>;
  /** Milliseconds; undefined: nothing is deleted unless somebody asks for it. */
  readonly retentionMs: () => number | undefined;
  /** Undefined where nothing is kept elsewhere. */
  readonly payloads: () => PayloadClearing | undefined;
}

interface ClosedRun {
  readonly number: number;
  readonly closeTimeMs: number;
}

type Step = { readonly kind: "run"; readonly number: number } | { readonly kind: "everything" };

export class Retention {
  readonly #options: RetentionOptions;
  #isAtWork = false;
  #notBeforeMs = 0;
  #failures = 0;
  /** Runs whose payloads must stay a while longer, until when. */
  readonly #postponed = new Map<number, number>();
  /** The oldest run before the current one that only waits for its time, as long as `before` is the current one. */
  #oldest: { readonly before: number; readonly run: ClosedRun | undefined } | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** When there is something to delete, or undefined. */
  get dueMs(): number | undefined {
    if (this.#isAtWork) return undefined;
    const { turn } = this.#options;
    if (!turn.run && this.#options.store.deletedRuns.length === 0) return undefined;
    const dueMs = earliest([this.#deleted()?.atMs, this.#oldestDueMs(), this.#everythingDueMs()]);
    return dueMs === undefined ? undefined : Math.max(dueMs, this.#notBeforeMs);
  }

  /** Deletes a run for all who ask for it. Its storage goes with the next sweep that finds nothing left to deliver. */
  delete(request: DeleteRequest): Reply<DeleteReply> {
    const { turn, selected } = this.#options;
    const refused = check.deleteRequest(request);
    if (refused) return refused;
    turn.flush();
    const run = selected(request);
    if (!run.ok) return run;
    // The sweep that follows at once needs no alarm. One that is under way goes on alone.
    const wasAtWork = this.#isAtWork;
    this.#isAtWork = true;
    try {
      if (run.value.number === turn.run?.number) return turn.deleteCurrent(request);
      this.#mark(run.value.number);
      return accepted({ runId: run.value.state.identity.runId });
    } finally {
      this.#isAtWork = wasAtWork;
      this.#oldest = undefined;
    }
  }

  /** A run has delivered what it had to deliver: it may be what others have waited for. */
  async settled(): Promise<void> {
    this.#oldest = undefined;
    if (this.#options.store.deletedRuns.length > 0) await this.sweep();
    else this.#arm();
  }

  /**
   * Deletes what is due. Never throws: what fails is tried again by the alarm. Where no payloads are kept elsewhere it
   * is done when the call returns.
   */
  async sweep(): Promise<void> {
    if (this.#isAtWork) {
      // The alarm that has come may be the one that was to go on after this work had died, which it still may.
      if (this.#options.payloads()) this.#options.alarm.arm(Date.now() + FALLBACK_MS, Date.now());
      return;
    }
    this.#isAtWork = true;
    try {
      const { turn, payloads } = this.#options;
      turn.flush();
      const atMost = payloads() ? RUNS_WITH_PAYLOADS_PER_SWEEP : RUNS_PER_SWEEP;
      for (let runs = 0; runs < atMost; runs += 1) {
        const step = this.#nextStep(Date.now());
        if (!step) break;
        const done = this.#carryOut(step);
        if (done) await done;
        this.#oldest = undefined;
        this.#failures = 0;
      }
    } catch (error) {
      console.error(`holdfast: what is due to be deleted could not be: ${String(error)}`);
      this.#notBeforeMs = Date.now() + Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
      this.#failures += 1;
    } finally {
      this.#isAtWork = false;
    }
    this.#arm();
  }

  #arm(): void {
    this.#options.alarm.arm(this.#options.turn.deadlineMs, Date.now());
  }

  #nextStep(nowMs: number): Step | undefined {
    const { store, turn, payloads } = this.#options;
    const isEverythingDue = store.newestRun > 0 && isDue(this.#everythingDueMs(), nowMs);
    if (isEverythingDue && !payloads()) return { kind: "everything" };
    const deleted = this.#deleted();
    if (deleted && isDue(deleted.atMs, nowMs)) return { kind: "run", number: deleted.number };
    const oldest = isEverythingDue || isDue(this.#oldestDueMs(), nowMs) ? this.#oldestRun() : undefined;
    const number = oldest?.number ?? (isEverythingDue ? turn.run?.number : undefined);
    return number === undefined ? undefined : { kind: "run", number };
  }

  /** Undefined when it is done. */
  #carryOut(step: Step): Promise<void> | undefined {
    if (step.kind === "everything") return this.#empty();
    const payloads = this.#options.payloads();
    if (payloads) return this.#removeWithPayloads(step.number, payloads);
    this.#remove(step.number);
    return undefined;
  }

  async #removeWithPayloads(number: number, payloads: PayloadClearing): Promise<void> {
    const { store, turn, alarm } = this.#options;
    const identity = store.identityOf(number);
    // Nobody may go on from a run whose payloads are going.
    if (!store.isDeleted(number)) this.#mark(number);
    if (turn.run?.number === number) turn.hideCurrent();
    alarm.arm(Date.now() + FALLBACK_MS, Date.now());
    const clearing = identity && (await this.#clear(number, identity, payloads));
    if (clearing?.kind === "later") {
      this.#postponed.set(number, clearing.atMs);
      return;
    }
    this.#postponed.delete(number);
    // Another run may have begun meanwhile.
    if (this.#isLast(number)) await this.#empty();
    else this.#remove(number);
  }

  async #clear(number: number, place: GarbagePlace, payloads: PayloadClearing): Promise<Clearing> {
    const { store, turn } = this.#options;
    turn.flush();
    const clearing = await payloads.clearRun(place, number, store.runsBeside(number));
    return clearing.kind === "cleared" && this.#isLast(number) ? await payloads.clearExecution(place) : clearing;
  }

  #isLast(number: number): boolean {
    const { store, turn } = this.#options;
    return !turn.run && store.runAfter(0) === number && store.runAfter(number) === undefined;
  }

  #mark(number: number): void {
    this.#commit(() => this.#options.store.markDeleted(number));
  }

  #remove(number: number): void {
    this.#commit(() => this.#options.store.removeRun(number));
  }

  #commit(write: () => void): void {
    const { storage, store, turn } = this.#options;
    try {
      storage.transactionSync(write);
    } catch (error) {
      store.forgetUncommitted(turn.run);
      throw error;
    }
  }

  /** Memory follows at once: no request comes between it and the storage. */
  async #empty(): Promise<void> {
    const { storage, store, turn, alarm } = this.#options;
    // Where the Worker's compatibility date is old, emptying the storage leaves the alarm.
    const silenced = alarm.isArmed ? storage.deleteAlarm() : undefined;
    const emptied = storage.deleteAll();
    alarm.fired();
    this.#postponed.clear();
    store.forget();
    turn.forget();
    await Promise.all([silenced, emptied]);
  }

  /** The run that is marked, has nothing to deliver any more, and is to be removed first. */
  #deleted(): { readonly number: number; readonly atMs: number } | undefined {
    const { store, turn } = this.#options;
    const { unsettled } = turn;
    // Without a current run it is the newest that says which runs are not through with their deliveries.
    const named = !turn.run && unsettled.length > 0 ? store.newestRun : undefined;
    let first: { readonly number: number; readonly atMs: number } | undefined;
    for (const number of store.deletedRuns) {
      const atMs = this.#postponed.get(number) ?? 0;
      if (number === named || (first && first.atMs <= atMs)) continue;
      if (store.identityOf(number) && !unsettled.some((run) => run.number === number)) first = { number, atMs };
    }
    return first;
  }

  /** When all there is may go. */
  #everythingDueMs(): number | undefined {
    const { turn, retentionMs, payloads } = this.#options;
    if (turn.unsettled.length > 0) return undefined;
    // The current run was deleted: those before it have their own time, and payloads too.
    if (!turn.run) return this.#oldestRun() || payloads() ? undefined : 0;
    const { status, closeTimeMs } = turn.run.state;
    if (status === "RUNNING" || closeTimeMs === undefined) return undefined;
    const keptMs = retentionMs();
    return keptMs === undefined ? undefined : closeTimeMs + keptMs;
  }

  #oldestDueMs(): number | undefined {
    const oldest = this.#oldestRun();
    const keptMs = oldest && this.#options.retentionMs();
    if (!oldest || keptMs === undefined) return undefined;
    const grainMs = Math.min(MAX_GRAIN_MS, Math.ceil(keptMs / GRAINS_PER_RETENTION));
    return Math.ceil((oldest.closeTimeMs + keptMs) / grainMs) * grainMs;
  }

  #oldestRun(): ClosedRun | undefined {
    const before = this.#options.turn.run?.number ?? Number.POSITIVE_INFINITY;
    if (this.#oldest?.before !== before) this.#oldest = { before, run: this.#findOldest(before) };
    return this.#oldest.run;
  }

  #findOldest(before: number): ClosedRun | undefined {
    const { store, turn } = this.#options;
    if (before === 1) return undefined;
    const unsettled = new Set(turn.unsettled.map((run) => run.number));
    for (let number = store.runAfter(0); number !== undefined && number < before; number = store.runAfter(number))
      if (!store.isDeleted(number) && !unsettled.has(number))
        return { number, closeTimeMs: store.closeTimeMs(number) ?? 0 };
    return undefined;
  }
}

function isDue(atMs: number | undefined, nowMs: number): boolean {
  return atMs !== undefined && atMs <= nowMs;
}
