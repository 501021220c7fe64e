/** Workflows about local activities. */
import {
  CancellationScope,
  condition,
  defineSignal,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
} from "holdfast/workflow";

import type * as activities from "../worker/activities.ts";
import { outcomeOf } from "./described-errors.ts";

const local = proxyLocalActivities<typeof activities>({
  startToCloseTimeout: "20 seconds",
  retry: { initialInterval: 5, backoffCoefficient: 1 },
});
const remote = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds" });

export const poke = defineSignal<[string]>("poke");

export async function runsLocally(): Promise<readonly unknown[]> {
  return [
    await local.echo("local"),
    await local.add(2, 3),
    (await local.nothing()) === undefined,
    await local.joinAll("a", "b"),
    await local
      .introduces()
      .then(({ activityId, activityType, isLocal, attempt }) => [activityId, activityType, isLocal, attempt]),
  ];
}

/** Local and other activities draw their numbers from one row. */
export async function mixesActivities(): Promise<readonly unknown[]> {
  const first = await local.echo("one");
  const [second, third] = await Promise.all([remote.echo("two"), local.echo("three")]);
  const fourth = await remote.echo("four");
  await sleep(5);
  return [first, second, third, fourth, await local.echo("five")];
}

/** Several at once, ended by their driver in another order than they began. */
export async function runsLocallyInParallel(prefix: string): Promise<readonly unknown[]> {
  const trace: unknown[] = [];
  const names = ["a", "b", "c"];
  await Promise.all(names.map(async (name) => trace.push(await local.meet(`${prefix}/${name}`))));
  return trace;
}

/** Each result leads to the next call, while a long one runs beside. */
export async function chainsBesideLongOne(flag: string): Promise<readonly unknown[]> {
  const trace: unknown[] = [];
  const long = local.meet(flag).then((value) => trace.push(value));
  for (let index = 0; index < 3; index += 1) trace.push(await local.add(index, 1));
  await local.raise(`${flag}/chained`);
  await long;
  return trace;
}

export async function failsLocally(): Promise<readonly unknown[]> {
  const once = proxyLocalActivities<typeof activities>({ startToCloseTimeout: "5s", retry: { maximumAttempts: 1 } });
  const impatient = proxyLocalActivities<typeof activities>({ startToCloseTimeout: 40, retry: { maximumAttempts: 1 } });
  return [
    await outcomeOf(once.fails({ message: "typed", type: "Local", details: [1] })),
    await outcomeOf(local.fails({ message: "for good", type: "Final", nonRetryable: true })),
    await outcomeOf(once.throwsTypeError("wrong")),
    await outcomeOf(impatient.takes(300)),
  ];
}

/** Retries that are short enough to be waited for on the spot. */
export async function retriesLocally(): Promise<number> {
  return await local.succeedsAtAttempt(3);
}

/** A retry that is too far away: a durable timer waits for it. */
export async function backsOffDurably(): Promise<number> {
  const patient = proxyLocalActivities<typeof activities>({
    startToCloseTimeout: "5s",
    localRetryThreshold: 10,
    retry: { initialInterval: 60, backoffCoefficient: 1.5 },
  });
  return await patient.succeedsAtAttempt(3);
}

export async function cancelsLocally(
  cancellationType: "TRY_CANCEL" | "WAIT_CANCELLATION_COMPLETED" | "ABANDON",
  flag: string,
): Promise<readonly unknown[]> {
  const attending = proxyLocalActivities<typeof activities>({
    startToCloseTimeout: "20s",
    cancellationType,
    retry: { maximumAttempts: 1 },
  });
  const scope = new CancellationScope();
  const answer = cancellationType === "ABANDON" ? "ignore" : "rethrow";
  const outcome = outcomeOf(scope.run(async () => await attending.attend(flag, answer)));
  await sleep(15);
  scope.cancel();
  const result = await outcome;
  await local.raise(`${flag}/end`);
  return [result, await local.echo("afterwards")];
}

/** Cancelled in the task that asked for it. */
export async function cancelsLocallyAtOnce(): Promise<readonly unknown[]> {
  const scope = new CancellationScope();
  const outcome = outcomeOf(scope.run(async () => await local.echo("never")));
  scope.cancel();
  return [await outcome, await outcomeOf(scope.run(async () => await local.echo("too late"))), await local.echo("on")];
}

/** Cancelled while it waits for a retry, behind a durable timer. */
export async function cancelsBackoff(): Promise<readonly unknown[]> {
  const patient = proxyLocalActivities<typeof activities>({
    startToCloseTimeout: "5s",
    localRetryThreshold: 10,
    retry: { initialInterval: "1 hour" },
  });
  const scope = new CancellationScope();
  const outcome = outcomeOf(scope.run(async () => await patient.fails({ message: "always" })));
  await sleep(30);
  scope.cancel();
  return [await outcome, await local.echo("on")];
}

/**
 * Runs longer than a workflow task may: the task is kept alive. It does not look at the clock: the official SDK, when it
 * replays, begins with that of the last of the tasks that only kept it alive.
 */
export async function runsLong(durationMs: number): Promise<readonly unknown[]> {
  return [await local.takes(durationMs), await local.echo("afterwards")];
}

/** The same with a command before, and signals that come meanwhile. */
export async function runsLongWhenPoked(durationMs: number): Promise<readonly unknown[]> {
  const trace: unknown[] = [];
  setHandler(poke, (text) => void trace.push(text));
  const slept = sleep(30);
  trace.push(await local.takes(durationMs));
  await slept;
  trace.push(await remote.echo("afterwards"));
  return trace;
}

/** Signals that arrive while a local activity runs. */
export async function isPokedMeanwhile(flag: string): Promise<readonly unknown[]> {
  const trace: unknown[] = [];
  setHandler(poke, async (text) => {
    trace.push(`poke ${text}`);
    trace.push(await local.echo(`handled ${text}`));
  });
  trace.push(await local.meet(flag));
  await condition(() => trace.length >= 5);
  return trace;
}

/** A local activity against a timer, both ways. */
export async function racesLocally(flag: string): Promise<readonly unknown[]> {
  const first = await Promise.race([local.echo("activity"), sleep("1 hour").then(() => "timer")]);
  const scope = new CancellationScope();
  const second = await scope.run(async () => {
    const slow = outcomeOf(local.attend(flag, "rethrow"));
    const winner = await Promise.race([slow, sleep(20).then(() => "timer")]);
    scope.cancel();
    return [winner, await slow];
  });
  await local.raise(`${flag}/end`);
  return [first, second];
}

/** The clock moves with a local activity. */
export async function readsClockLocally(): Promise<readonly unknown[]> {
  const readings = [Date.now()];
  await local.takes(20);
  readings.push(Date.now());
  await Promise.all([local.takes(10), local.takes(30)]);
  readings.push(Date.now());
  await sleep(5);
  readings.push(Date.now());
  return readings;
}

/** Ends while a local activity still runs, of which nothing is recorded. */
export async function leavesLocalBehind(flag: string): Promise<string> {
  void local.meet(flag).catch(() => undefined);
  await local.echo("short");
  return "left";
}

export async function setsLocalOptions(): Promise<unknown> {
  const configured = proxyLocalActivities<typeof activities>({
    scheduleToCloseTimeout: "1 minute",
    scheduleToStartTimeout: "30 s",
    startToCloseTimeout: "10 s",
    localRetryThreshold: "5 s",
    cancellationType: "WAIT_CANCELLATION_COMPLETED",
    retry: { maximumAttempts: 2 },
    summary: "local, with every option",
  });
  return await configured.echo.executeWithOptions({ summary: "overridden" }, ["configured"]);
}
