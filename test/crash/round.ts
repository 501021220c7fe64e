/**
 * One round: every workflow is brought to its moment, the runtime is killed, started again, and left alone.
 *
 * Owns: the order of things, and the evidence. After the restart nobody asks about a workflow until the outside world
 * has heard its last word: what wakes it is its own alarm.
 */
import { Application } from "./application.ts";
import { Approver } from "./approver.ts";
import type { Story } from "./evidence.ts";
import { DUE_WHILE_DOWN_MS, type Moment, moments, WAVES } from "./moments.ts";
import { Runtime } from "./runtime.ts";
import { Sink } from "./sink.ts";
import { until, untilTime } from "./waiting.ts";

/** A workflow task or attempt that stands longer is given up by the service, and the moment is over. */
const MOMENT_LASTS_MS = 9_000;
const RECOVERY_LIMIT_MS = 50_000;
/** The longest timeout behind a lost step, with the retry that follows. */
const LAST_TIMEOUT_MS = 12_500;

export interface Outcome extends Story {
  /** When the moment ended. */
  readonly killedAtMs: number;
  /** When somebody came to the workflow after the restart that lasted: to approve, or to look. */
  readonly askedAtMs: number;
}

/** What happens between the first kill and the restart that lasts. */
export type Aftermath = (runtime: Runtime, sink: Sink) => Promise<void>;

/** Tries to bring all workflows to their moments: on a machine that is busy otherwise, the first may pass meanwhile. */
const TRIES = 2;

class MomentPassedError extends Error {}

/** Plays a round. The outcomes are by the names of the moments. */
export async function playRound(aftermath: Aftermath): Promise<ReadonlyMap<string, Outcome>> {
  for (let tryNumber = 1; ; tryNumber += 1) {
    try {
      return await playOnce(aftermath);
    } catch (error) {
      if (!(error instanceof MomentPassedError) || tryNumber === TRIES) throw error;
    }
  }
}

async function playOnce(aftermath: Aftermath): Promise<ReadonlyMap<string, Outcome>> {
  await using sink = await Sink.open();
  await using runtime = await Runtime.create(sink.address, moments.length);
  try {
    return await new Round(sink, runtime).play(aftermath);
  } catch (error) {
    if (error instanceof MomentPassedError) throw error;
    throw new Error(`the round was not played to its end; the runtime said:\n${runtime.output}`, { cause: error });
  }
}

class Round {
  readonly #sink: Sink;
  readonly #runtime: Runtime;
  readonly #application: Application;

  constructor(sink: Sink, runtime: Runtime) {
    this.#sink = sink;
    this.#runtime = runtime;
    this.#application = new Application(runtime);
  }

  async play(aftermath: Aftermath): Promise<ReadonlyMap<string, Outcome>> {
    const unanswered = new Set(moments.filter(({ isApproved }) => !isApproved).map(({ workflowId }) => workflowId));
    using approver = new Approver(this.#sink, this.#application, (workflowId) => unanswered.has(workflowId));
    await this.#runtime.start();
    await this.#bringToMoments();
    const before = await this.#histories();
    this.#assertStanding();
    const killedAtMs = await this.#runtime.kill();
    this.#sink.openAllGates();
    await untilTime(killedAtMs + DUE_WHILE_DOWN_MS);
    await aftermath(this.#runtime, this.#sink);
    const restartedAtMs = Date.now();
    await this.#runtime.start();
    await approver.repeat();
    await this.#approveTheRest(unanswered);
    await this.#recovery(restartedAtMs);
    await approver.settled();
    return await this.#outcomes(before, killedAtMs, restartedAtMs);
  }

  async #bringToMoments(): Promise<void> {
    for (const { workflowId, hold } of moments) if (hold) this.#sink.holdAt(workflowId, hold.kind, hold.ordinal);
    for (const wave of WAVES) {
      const members = moments.filter((moment) => moment.wave === wave);
      await Promise.all(members.map((moment) => this.#bringTo(moment)));
    }
    await Promise.all(moments.map(async ({ meanwhile }) => await meanwhile?.(this.#application)));
  }

  async #bringTo(moment: Moment): Promise<void> {
    const { workflowId, workflow, args, approach, name } = moment;
    await this.#application.start(workflowId, workflow, ...args);
    await approach?.(this.#application);
    const scene = { application: this.#application, sink: this.#sink };
    await until(() => moment.reached(scene), name, MOMENT_LASTS_MS);
  }

  #assertStanding(): void {
    for (const { workflowId, hold, name } of moments) {
      if (!hold) continue;
      const sinceMs = this.#sink.heldSinceMs(workflowId) ?? 0;
      if (Date.now() - sinceMs > MOMENT_LASTS_MS)
        throw new MomentPassedError(`this moment passed before the kill: ${name}`);
    }
  }

  async #approveTheRest(unanswered: ReadonlySet<string>): Promise<void> {
    for (const workflowId of unanswered) {
      const isAnswered = this.#application.promisedTo(workflowId).signals.length > 0;
      if (!isAnswered) await this.#application.signal(workflowId, "approve");
    }
  }

  /** Listens to the outside world only. */
  async #recovery(restartedAtMs: number): Promise<void> {
    const open = (): string[] =>
      moments.map(({ workflowId }) => workflowId).filter((workflowId) => !this.#sink.hasAnnounced(workflowId));
    const giveUpAtMs = restartedAtMs + RECOVERY_LIMIT_MS;
    await until(() => open().length === 0 || Date.now() > giveUpAtMs, "the waiting ends", 2 * RECOVERY_LIMIT_MS);
    if (open().length > 0) throw new Error(`these have not recovered by themselves: ${open().join(", ")}`);
    await untilTime(restartedAtMs + LAST_TIMEOUT_MS);
  }

  async #histories(): Promise<ReadonlyMap<string, Story["history"]>> {
    const found = moments.map(
      async ({ workflowId }) => [workflowId, await this.#application.history(workflowId)] as const,
    );
    return new Map(await Promise.all(found));
  }

  async #outcomes(
    before: ReadonlyMap<string, Story["history"]>,
    killedAtMs: number,
    restartedAtMs: number,
  ): Promise<ReadonlyMap<string, Outcome>> {
    const outcomes = moments.map(async ({ name, workflowId }): Promise<readonly [string, Outcome]> => {
      const askedAtMs = this.#application.firstRequestMs(workflowId, restartedAtMs) ?? Date.now();
      const ending = await this.#application.ending(workflowId);
      const history = await this.#application.history(workflowId);
      const past = before.get(workflowId);
      const outcome = {
        promised: this.#application.promisedTo(workflowId),
        kills: this.#runtime.kills,
        before: past ? [past] : [],
        history,
        ending,
        executions: this.#sink.executions(workflowId),
        killedAtMs,
        askedAtMs,
      };
      return [name, outcome];
    });
    return new Map(await Promise.all(outcomes));
  }
}
