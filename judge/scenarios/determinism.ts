/** Workflows about chance, time and what cannot be had. */
import {
  AsyncLocalStorage,
  condition,
  defineSignal,
  DeterminismViolationError,
  getRandomStream,
  proxyActivities,
  setHandler,
  sleep,
  uuid4,
  workflowRandom,
} from "holdfast/workflow";

import type * as activities from "../worker/activities.ts";

const { echo } = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds" });

export const draw = defineSignal("draw");

/** Draws of every kind, in and out of handlers, over several tasks. */
export async function drawsLots(): Promise<readonly unknown[]> {
  const lots: unknown[] = [Math.random(), uuid4(), Math.random()];
  setHandler(draw, () => void lots.push(`in a handler ${Math.random()} ${uuid4()}`));
  await echo(lots[1]);
  lots.push(Math.random(), uuid4());
  await condition(() => lots.length >= 7);
  const shuffled = [1, 2, 3, 4, 5, 6, 7, 8].map((value) => ({ value, key: Math.random() }));
  shuffled.sort((left, right) => left.key - right.key);
  return [...lots, shuffled.map(({ value }) => value)];
}

/** Draws from streams by name and from the run's own, in and out of handlers, over several tasks. */
export async function drawsFromStreams(): Promise<readonly unknown[]> {
  const stream = getRandomStream("lots");
  const lots: unknown[] = [stream.random(), Math.random(), stream.uuid4(), workflowRandom.uuid4(), uuid4()];
  setHandler(draw, () => void lots.push(`in a handler ${stream.uuid4()} ${workflowRandom.random()}`));
  const fill = (source: typeof stream, bytes: Uint8Array): string => source.fill(bytes).join();
  lots.push(await echo(fill(stream, new Uint8Array(5))));
  await condition(() => lots.length >= 8);
  for (const name of ["", "lots", "ä€😀", "lots/more"]) {
    await sleep(Math.ceil(getRandomStream(name).random() * 20));
    lots.push(await echo(`${getRandomStream(name).uuid4()} ${Math.random()}`));
  }
  return [...lots, fill(workflowRandom, new Uint8Array(7))];
}

/** Has what draws of the main stream draw of others for a while, across awaits; interceptors do so too. */
export async function scopedDrawsFromStreams(): Promise<readonly unknown[]> {
  const trace: unknown[] = [];
  const course = async (name: string): Promise<void> => {
    trace.push(`${name} ${Math.random()}`);
    setTimeout(() => trace.push(`${name} in a callback ${uuid4()}`), 4);
    trace.push(await echo(`${name} ${uuid4()}`));
    await sleep(Math.ceil(Math.random() * 20));
    trace.push(`${name} ${workflowRandom.random()} ${workflowRandom.with(() => Math.random())}`);
  };
  setHandler(draw, () => void trace.push(`in a handler ${Math.random()}`));
  await Promise.all(["first", "second"].map((name) => getRandomStream(name).with(() => course(name))));
  trace.push(await getRandomStream("first").with(() => echo(Math.random())));
  await condition(() => trace.length >= 10);
  return [...trace, Math.random(), uuid4()];
}

/** Sends what it drew, so that commands differ when the draws do. */
export async function actsOnChance(): Promise<readonly unknown[]> {
  const trace: unknown[] = [];
  for (let index = 0; index < 4; index += 1) {
    if (Math.random() < 0.5) trace.push(await echo(`heads ${uuid4()}`));
    else {
      const durationMs = Math.ceil(Math.random() * 20);
      await sleep(durationMs);
      trace.push(durationMs);
    }
  }
  return trace;
}

export async function readsDates(): Promise<readonly unknown[]> {
  const now = new Date();
  const trace: unknown[] = [now, now.getTime() === Date.now(), new Date(2020, 0, 1).getFullYear(), Date.UTC(2021, 5)];
  await sleep(12);
  const later = new Date();
  return [...trace, later, later.getTime() - now.getTime() >= 12, now instanceof Date, typeof later.toJSON()];
}

/** What would make a replay differ is refused. */
export async function isRefused(): Promise<readonly unknown[]> {
  const trace: unknown[] = [];
  const attempts: readonly (() => unknown)[] = [() => new WeakRef({}), () => new FinalizationRegistry(() => undefined)];
  for (const attempt of attempts) {
    try {
      attempt();
      trace.push("allowed");
    } catch (error) {
      trace.push(error instanceof DeterminismViolationError ? error.name : String(error));
    }
  }
  return [...trace, await echo("on")];
}

/** What belongs to one course of the code goes with it through its awaits. */
export async function keepsContext(): Promise<readonly unknown[]> {
  const storage = new AsyncLocalStorage<string>();
  const trace: unknown[] = [];
  setHandler(draw, async () => {
    await storage.run("in the handler", async () => {
      await sleep(3);
      trace.push(storage.getStore());
    });
  });
  await Promise.all(
    ["first", "second"].map(
      async (name) =>
        await storage.run(name, async () => {
          await echo(name);
          trace.push(storage.getStore());
          await condition(() => trace.length >= 3);
          trace.push(storage.getStore());
        }),
    ),
  );
  return [...trace, storage.getStore() ?? null];
}

export async function returnsNothing(): Promise<void> {
  await sleep(2);
}

export async function returnsBytes(): Promise<Uint8Array> {
  await sleep(2);
  return Uint8Array.from([0, 1, 127, 128, 255]);
}

/** The order in which promises settle. */
export async function ordersPromises(): Promise<readonly string[]> {
  const trace: string[] = [];
  const step = (name: string) => (): void => void trace.push(name);
  void Promise.resolve().then(step("a")).then(step("b")).then(step("c"));
  void Promise.all([Promise.resolve(), echo("x")]).then(step("all"));
  void Promise.race([sleep(5), sleep(500)]).then(step("race"));
  void Promise.allSettled([Promise.reject(new Error("no")), sleep(3)]).then(step("settled"));
  void Promise.any([Promise.reject(new Error("no")), sleep(7)]).then(step("any"));
  await Promise.resolve();
  trace.push("main");
  await sleep(30);
  return trace;
}
