/** Workflows about time: sleep, setTimeout, condition with a timeout, timers cancelled at every moment. */
import {
  CancellationScope,
  condition,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
  sleep,
} from "holdfast/workflow";

import type * as activities from "../worker/activities.ts";

const { echo, raise, meet } = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds" });

export const wake = defineSignal<[string]>("wake");

/** Every way to give a duration, and what becomes of too small ones. */
export async function sleepsInAllSpellings(): Promise<readonly string[]> {
  const trace: string[] = [];
  const durations = [0, -5, 0.4, 16, "15 ms", "0.02s", "10"] as const;
  for (const duration of durations) {
    await sleep(duration);
    trace.push(String(duration));
  }
  await sleep("5ms", { summary: "a short one" });
  try {
    await sleep(Number.NaN);
  } catch (error) {
    trace.push(error instanceof Error ? error.name : "not an error");
  }
  return trace;
}

export async function setsGlobalTimeouts(): Promise<readonly string[]> {
  const trace: string[] = [];
  await new Promise<void>((done) => {
    setTimeout(() => trace.push("first"), 10);
    const never = setTimeout(() => trace.push("never"), 5_000);
    setTimeout(() => {
      clearTimeout(never);
      trace.push("second");
    }, 1);
    setTimeout(() => {
      trace.push("last");
      done();
    }, 30);
  });
  await new Promise<void>((done) => void setTimeout(done, 1));
  return trace;
}

/** Clearing what is no longer there uses up a timer's number, in the official SDK and here. */
export async function clearsTimeoutsLate(): Promise<readonly string[]> {
  const trace: string[] = [];
  let fired = 0 as unknown as ReturnType<typeof setTimeout>;
  await new Promise<void>((done) => {
    fired = setTimeout(done, 5);
  });
  clearTimeout(fired);
  await sleep(5);
  const cleared = setTimeout(() => trace.push("never"), 5_000);
  await echo("flush");
  clearTimeout(cleared);
  await sleep(5);
  clearTimeout(cleared);
  await sleep(5);
  return trace;
}

/** Cancelled before its command is sent: no event, but its number is used up. */
export async function cancelsTimerBeforeFlush(): Promise<readonly string[]> {
  const trace: string[] = [];
  const scope = new CancellationScope();
  const sleeping = scope.run(async () => await sleep("1 hour"));
  scope.cancel();
  await sleeping.catch((error: unknown) => trace.push(isCancellation(error) ? "cancelled" : "failed"));
  await sleep(5);
  const handle = setTimeout(() => trace.push("never"), 10);
  clearTimeout(handle);
  await sleep(5);
  return trace;
}

export async function cancelsTimerAfterFlush(): Promise<readonly string[]> {
  const trace: string[] = [];
  const scope = new CancellationScope();
  const sleeping = scope.run(async () => await sleep("365 days"));
  await echo("flushed");
  scope.cancel();
  await sleeping.catch((error: unknown) => trace.push(isCancellation(error) ? "cancelled" : "failed"));
  await sleep(5);
  return trace;
}

export async function cancelsFiredTimer(): Promise<string> {
  const scope = new CancellationScope();
  await scope.run(async () => await sleep(5));
  scope.cancel();
  return await echo("done");
}

/** Condition with every kind of timeout. */
export async function conditionsWithTimeouts(): Promise<readonly unknown[]> {
  let isSet = false;
  const trace: unknown[] = [await condition(() => isSet, 10), await condition(() => true, "1 hour")];
  const later = condition(() => isSet, "1 hour");
  await sleep(5);
  isSet = true;
  trace.push(await later, await condition(() => isSet));
  return trace;
}

/** A timeout of zero is a timer of one millisecond. */
export async function conditionWithZero(): Promise<readonly unknown[]> {
  return [await condition(() => false, 0), await condition(() => true, 0), await condition(() => false, "0")];
}

/** Timers end in the order of their ends, not of their starts. */
export async function sleepsInParallel(): Promise<readonly number[]> {
  const trace: number[] = [];
  const each = async (durationMs: number): Promise<void> => {
    await sleep(durationMs);
    trace.push(durationMs);
  };
  await Promise.all([each(90), each(5), each(45)]);
  return trace;
}

/** An activity against a timer, both ways; the loser is cancelled with its scope. */
export async function racesTimer(flag: string): Promise<readonly unknown[]> {
  const first = await CancellationScope.cancellable(
    async () => await Promise.race([sleep("1 hour").then(() => "timer"), echo("activity")]),
  );
  const scope = new CancellationScope();
  const winner = await scope.run(async () => {
    const slow = meet(flag).catch((error: unknown) => (isCancellation(error) ? "cancelled" : "failed"));
    const first = await Promise.race([sleep(20).then(() => "timer"), slow]);
    scope.cancel();
    return [first, await slow];
  });
  await CancellationScope.nonCancellable(async () => await raise(`${flag}/end`));
  return [first, winner];
}

function readClock(): readonly unknown[] {
  return [Date.now(), new Date().toISOString(), new Date().getTime(), Date.now()];
}

/** The clock stands still within a task and moves with the next. */
export async function readsClock(): Promise<readonly unknown[]> {
  const trace = [...readClock()];
  await sleep(30);
  trace.push(...readClock());
  await echo("x");
  trace.push(...readClock(), new Date(0).toISOString(), Date.parse("2020-01-01T00:00:00Z"));
  return trace;
}

/** Woken by a signal long before the year is over. */
export async function waitsAYear(): Promise<string> {
  let word: string | undefined;
  setHandler(wake, (said) => {
    word = said;
  });
  const isWoken = await condition(() => word !== undefined, "365 days");
  return isWoken ? `woken: ${word}` : "slept through";
}
