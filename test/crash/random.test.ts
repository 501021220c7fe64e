/** Killed again and again at random, while orders come in and notes are sent: every promise is kept all the same. */
import { setTimeout as delay } from "node:timers/promises";

import { expect, it } from "vitest";

import { Application } from "./application.ts";
import { Approver } from "./approver.ts";
import { eventsOf, type Story } from "./evidence.ts";
import { Runtime } from "./runtime.ts";
import { type Random, seededRandom, within } from "./seeded-random.ts";
import { Sink } from "./sink.ts";
import { problemsOf } from "./story.ts";
import { until } from "./waiting.ts";

const LANES = 8;
/** One life of the runtime each. Even seeds are killed after it answers, odd ones while it may still be starting. */
const SEEDS = [2, 5, 8, 12, 13, 16, 21, 24, 28, 34];
/** Long enough for the kills to find activities that run. */
const LATENCY_MS = 150;
const RECOVERY_LIMIT_MS = 60_000;

/** What is going on while the runtime lives and dies. */
class Traffic {
  readonly #application: Application;
  readonly #sink: Sink;
  readonly #snapshots = new Map<string, Story["before"]>();
  #started = 0;

  constructor(application: Application, sink: Sink) {
    this.#application = application;
    this.#sink = sink;
  }

  snapshotsOf(workflowId: string): Story["before"] {
    return this.#snapshots.get(workflowId) ?? [];
  }

  /** Starts some workflows, writes notes to open orders and looks at histories, until a kill ends it. */
  async flow(random: Random, isOver: () => boolean): Promise<void> {
    const starts = [this.#order(random), this.#order(random), this.#batch(random), this.#alarmClock(random)];
    await Promise.all([...starts, this.#write(random, isOver), this.#look(random, isOver)]);
  }

  async #order(random: Random): Promise<void> {
    await delay(within(random, 0, 300));
    await this.#application.start(this.#newId("order"), "order", within(random, 1, 900));
  }

  async #batch(random: Random): Promise<void> {
    await delay(within(random, 0, 600));
    await this.#application.start(this.#newId("batch"), "batch", within(random, 2, 12));
  }

  async #alarmClock(random: Random): Promise<void> {
    await this.#application.start(this.#newId("alarm"), "alarmClock", within(random, 1, 3_000));
  }

  #newId(what: string): string {
    this.#started += 1;
    const way = this.#started % 2 === 0 ? "by-queue" : "directly";
    return `${what}-${way}-${this.#started}-${this.#started % LANES}`;
  }

  async #write(random: Random, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await delay(within(random, 1, 40));
      const workflowId = this.#anOpenOrder(random);
      if (workflowId !== undefined && !isOver()) await this.#application.signal(workflowId, "note");
    }
  }

  async #look(random: Random, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await delay(within(random, 1, 60));
      const workflowId = this.#anOpenOrder(random);
      if (workflowId === undefined || isOver()) continue;
      const history = await this.#application.history(workflowId).catch((error: unknown) => {
        if (!isOver()) throw error;
      });
      if (history) this.#snapshots.set(workflowId, [...this.snapshotsOf(workflowId), history]);
    }
  }

  /** One whose start was accepted and which has not announced its end. */
  #anOpenOrder(random: Random): string | undefined {
    const open = this.#application.promised.filter(
      ({ workflow, workflowId, runId }) =>
        workflow === "order" && runId !== undefined && !this.#sink.hasAnnounced(workflowId),
    );
    return open[within(random, 0, open.length)]?.workflowId;
  }
}

/** One life: traffic begins when the Worker answers; the kill may come before. */
async function live(runtime: Runtime, traffic: Traffic, approver: Approver, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const killsBefore = runtime.kills;
  const isOver = (): boolean => runtime.kills > killsBefore;
  if (seed % 2 === 1) {
    await runtime.launch();
    await delay(within(random, 700, 2_500));
    await runtime.kill();
    return;
  }
  await runtime.start();
  const repeated = approver.repeat();
  const flowing = traffic.flow(random, isOver);
  await delay(within(random, 20, 2_000));
  await runtime.kill();
  await Promise.all([flowing, repeated]);
}

async function storyOf(workflowId: string, scene: Scene): Promise<Story> {
  const { application, runtime, sink, traffic } = scene;
  const ending = await application.ending(workflowId);
  return {
    promised: application.promisedTo(workflowId),
    kills: runtime.kills,
    before: traffic.snapshotsOf(workflowId),
    history: await application.history(workflowId),
    ending,
    executions: sink.executions(workflowId),
  };
}

/** Activities that needed another attempt though nobody refused them. */
function interruptedActivities({ history, executions }: Story): number {
  const charged = executions.find(({ activityType }) => activityType === "charge")?.activityId;
  const scheduled = eventsOf(history.events, "ActivityTaskScheduled");
  const started = eventsOf(history.events, "ActivityTaskStarted").filter(({ attributes }) => attributes.attempt > 1);
  return started.filter(({ attributes }) => {
    const { activityId } = scheduled.find(({ eventId }) => eventId === attributes.scheduledEventId)?.attributes ?? {};
    return activityId !== charged;
  }).length;
}

interface Scene {
  readonly application: Application;
  readonly runtime: Runtime;
  readonly sink: Sink;
  readonly traffic: Traffic;
}

it(`keeps every promise over ${SEEDS.length} kills at random`, async () => {
  const random = seededRandom(1);
  await using sink = await Sink.open(() => within(random, 0, LATENCY_MS));
  await using runtime = await Runtime.create(sink.address, LANES);
  const application = new Application(runtime);
  using approver = new Approver(sink, application, () => false);
  const traffic = new Traffic(application, sink);
  for (const seed of SEEDS) await live(runtime, traffic, approver, seed);

  await runtime.start();
  await approver.repeat();
  const accepted = application.promised.filter(({ runId }) => runId !== undefined);
  const open = (): string[] =>
    accepted.map(({ workflowId }) => workflowId).filter((workflowId) => !sink.hasAnnounced(workflowId));
  await until(() => open().length === 0, "all accepted workflows have announced their end", RECOVERY_LIMIT_MS);
  await approver.settled();

  const scene = { application, runtime, sink, traffic };
  const problems: Record<string, readonly string[]> = {};
  let interrupted = 0;
  for (const { workflowId, runId } of application.promised) {
    // A start that was cut off may have arrived or not; if it has, it is as good as any other.
    if (runId === undefined && !(await application.exists(workflowId))) continue;
    const story = await storyOf(workflowId, scene);
    interrupted += interruptedActivities(story);
    const found = problemsOf(story);
    if (found.length > 0) problems[workflowId] = found;
  }
  expect(problems).toEqual({});
  // Kills that hit nothing would prove nothing.
  expect(interrupted).toBeGreaterThan(0);
  expect(accepted.length).toBeGreaterThan(SEEDS.length);
  const signals = accepted.flatMap((promised) => promised.signals);
  expect(signals.filter(({ delivery }) => delivery === "accepted").length).toBeGreaterThan(SEEDS.length);
});
