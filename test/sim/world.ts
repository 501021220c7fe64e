/**
 * The world of a simulation: one clock, one agenda, one object that dies now and then, and a log.
 *
 * Owns: time, the life of the object's process, the platform's alarm, and what was ever seen to happen (`sometimes`).
 * Everything random comes from the seed, so the same seed gives the same log.
 */
import { expect, vi } from "vitest";

import type { RequestKind, Requests, Values } from "../../src/core/decide.ts";
import { stateProblems } from "../../src/core/invariants.ts";
import type { Reply } from "../../src/core/rejection.ts";
import type { TurnEffects } from "../../src/durable-objects/execution-turn.ts";
import { START_MS } from "../core/requests.ts";
import { ExecutionHost, durable } from "./execution-host.ts";
import { CommitRefused } from "./memory-storage.ts";
import { Random } from "./random.ts";

/** The process of the object ended in the middle of something. */
class ProcessDied extends Error {
  override readonly name = "ProcessDied";
}

interface Appointment {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => Promise<void>;
}

const MAX_EVENTS = 20_000;

export class World {
  readonly random: Random;
  readonly host: ExecutionHost;
  readonly log: string[] = [];
  readonly marks: Set<string>;
  /** Called when the process has died: what was in its memory is gone. */
  onDeath: () => void = () => undefined;
  nowMs = START_MS;
  #agenda: Appointment[] = [];
  #order = 0;
  #isUp = false;
  #isAwake = false;
  #alarmLatenessMs = 0;

  constructor(seed: number, marks: Set<string>, effects: TurnEffects) {
    this.random = new Random(seed);
    this.marks = marks;
    this.host = new ExecutionHost({
      foresee: () => undefined,
      changed: (run, changes) => effects.changed(run, changes),
      dispatch: (run, due) => {
        this.#mayDie();
        effects.dispatch(run, due);
      },
      closed: (run) => {
        this.#mayDie();
        effects.closed(run);
      },
      drive: (run) => {
        this.#mayDie();
        effects.drive(run);
      },
    });
    this.host.storage.refusesCommit = () => {
      if (!this.random.chance(0.02)) return false;
      this.sometimes("died before the commit");
      return true;
    };
  }

  /** Notes that a rare thing has happened. */
  sometimes(what: string): void {
    this.marks.add(what);
  }

  note(what: string): void {
    this.log.push(`${this.nowMs - START_MS} ${what}`);
  }

  /** Does something later. */
  in(delayMs: number, act: () => Promise<void>): void {
    this.#order += 1;
    this.#agenda.push({ atMs: this.nowMs + delayMs, order: this.#order, act });
  }

  /** A call to the object; undefined if its process died before the reply was out. */
  async call<K extends RequestKind>(
    kind: K,
    request: Requests[K] | (() => Requests[K]),
  ): Promise<Reply<Values[K]> | undefined> {
    let reply: Reply<Values[K]> | undefined;
    await this.#alive(() => {
      reply = this.host.turn.take(kind, typeof request === "function" ? request() : request);
    });
    if (reply && this.random.chance(0.02)) {
      this.sometimes("a reply was lost");
      reply = undefined;
    }
    this.note(`${kind} ${reply ? (reply.ok ? JSON.stringify(reply.value) : reply.rejection.code) : "no reply"}`);
    return reply;
  }

  /** Lives until nothing is left to do. */
  async live(): Promise<void> {
    for (let count = 0; ; count += 1) {
      if (count > MAX_EVENTS) throw new Error(`nothing comes to an end after ${MAX_EVENTS} events`);
      this.#agenda.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const [next] = this.#agenda;
      const alarmMs = this.host.storage.alarmMs;
      const alarmAtMs = alarmMs === null ? Number.POSITIVE_INFINITY : alarmMs + this.#alarmLatenessMs;
      if (!next && alarmMs === null) break;
      this.#moveTo(Math.min(next?.atMs ?? Number.POSITIVE_INFINITY, alarmAtMs));
      if (this.#isUp && this.random.chance(0.01)) this.#die("between two turns");
      if (!next || alarmAtMs < next.atMs) {
        await this.#ring();
      } else {
        this.#agenda.shift();
        await next.act();
      }
      if (count % 25 === 0) this.check();
    }
    this.check();
  }

  check(): void {
    const run = this.#isUp ? this.host.run : undefined;
    if (run) expect(stateProblems(run.state, this.host.history(run.number))).toEqual([]);
  }

  async #ring(): Promise<void> {
    if (this.#alarmLatenessMs > 1_000) this.sometimes("an alarm came late");
    this.#alarmLatenessMs = this.random.chance(0.1) ? this.random.whole(1, 20_000) : 0;
    this.host.storage.alarmMs = null;
    const rang = await this.#alive(() => this.host.ring());
    // The platform calls again when the handler did not come to its end.
    if (!rang) this.host.storage.alarmMs ??= this.nowMs + 2_000;
  }

  /** Runs something in the object; false if its process died of it. */
  async #alive(act: () => void): Promise<boolean> {
    if (!this.#isUp) await this.#boot();
    try {
      if (!this.#isAwake) {
        this.#isAwake = true;
        this.host.wake();
      }
      act();
      return true;
    } catch (error) {
      if (!(error instanceof ProcessDied) && !(error instanceof CommitRefused)) throw error;
      this.#die(error.message);
      return false;
    }
  }

  async #boot(): Promise<void> {
    const { storage } = this.host;
    const before = storage.alarmMs;
    await this.host.boot();
    expect(storage.alarmMs).toBe(before);
    this.#isUp = true;
    this.#isAwake = false;
  }

  #mayDie(): void {
    if (!this.random.chance(0.02)) return;
    this.sometimes("died after the commit, its effects lost");
    throw new ProcessDied("after the commit");
  }

  #die(when: string): void {
    this.note(`the process dies ${when}`);
    // Nothing that was committed is missing from what is stored, and nothing else is in it.
    expect(durable(this.host.reloaded())).toEqual(durable(this.host.run?.state));
    this.#isUp = false;
    this.onDeath();
  }

  #moveTo(ms: number): void {
    this.nowMs = Math.max(this.nowMs, ms);
    vi.setSystemTime(this.nowMs);
  }
}
