/** Workflows about activities: results, failures, retries, timeouts, options. */
import { proxyActivities } from "holdfast/workflow";

import type * as activities from "../worker/activities.ts";
import { outcomeOf } from "./described-errors.ts";

export const quickRetry = { initialInterval: "10 ms", backoffCoefficient: 1.5, maximumInterval: "40 ms" } as const;

const acts = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds", retry: quickRetry });
const once = proxyActivities<typeof activities>({
  startToCloseTimeout: "20 seconds",
  retry: { maximumAttempts: 1 },
});

export async function greets(name: string): Promise<string> {
  return await acts.echo(`Hello, ${name}!`);
}

export async function sumsInSequence(count: number): Promise<number> {
  let total = 0;
  for (let index = 1; index <= count; index += 1) total = await acts.add(total, index);
  return total;
}

export async function sumsInParallel(count: number): Promise<readonly number[]> {
  return await Promise.all(Array.from({ length: count }, (_, index) => acts.add(index, index)));
}

/** Values of every kind, there and back. */
export async function carriesValues(given: unknown): Promise<readonly unknown[]> {
  const returned = [
    given,
    await acts.echo(given),
    await acts.echo(null),
    (await acts.nothing()) === undefined,
    await acts.joinAll(),
    await acts.joinAll("é", "漢字", "👍", ""),
    Array.from((await acts.bytes(5)) as unknown as ArrayLike<number>),
  ];
  return [...returned, await acts.echo({ nested: { list: [1, 2.5, -0.25], none: null, text: '\n"' } })];
}

/** Every way for an activity to fail, as the workflow sees it. */
export async function sees(): Promise<readonly unknown[]> {
  return [
    await outcomeOf(once.fails({ message: "plain" })),
    await outcomeOf(once.fails({ message: "typed", type: "OutOfStock", details: ["sku-1", { left: 0 }] })),
    await outcomeOf(acts.fails({ message: "for good", type: "Broken", nonRetryable: true })),
    await outcomeOf(once.throwsTypeError("not a function")),
    await outcomeOf(once.throwsText()),
    await outcomeOf(acts.throwsChain()),
    await outcomeOf(acts.succeedsAtAttempt(3)),
  ];
}

/** Retries that end for each of the reasons there are. */
export async function endsRetries(): Promise<readonly unknown[]> {
  const limited = proxyActivities<typeof activities>({
    startToCloseTimeout: "5 seconds",
    retry: { ...quickRetry, maximumAttempts: 2, nonRetryableErrorTypes: ["Hopeless"] },
  });
  const outOfTime = proxyActivities<typeof activities>({
    scheduleToCloseTimeout: "300 ms",
    retry: { initialInterval: "10 seconds" },
  });
  return [
    await outcomeOf(limited.fails({ message: "twice" })),
    await outcomeOf(limited.fails({ message: "listed", type: "Hopeless" })),
    await outcomeOf(outOfTime.fails({ message: "too late to try again" })),
  ];
}

/** One activity with every option. */
export async function setsOptions(): Promise<readonly unknown[]> {
  const proxied = proxyActivities<typeof activities>({
    activityId: "chosen",
    scheduleToCloseTimeout: "2 minutes",
    scheduleToStartTimeout: "1 minute",
    startToCloseTimeout: 30_000,
    heartbeatTimeout: "10s",
    retry: {
      initialInterval: 50,
      backoffCoefficient: 3,
      maximumInterval: "2s",
      maximumAttempts: 7,
      nonRetryableErrorTypes: ["A", "B"],
    },
    cancellationType: "WAIT_CANCELLATION_COMPLETED",
    allowEagerDispatch: false,
    summary: "with every option",
  });
  const first = await proxied.introduces();
  const second = await acts.introduces.executeWithOptions({ activityId: "other", summary: "overridden" }, []);
  return [withoutQueue(first), withoutQueue(second), await acts.echo("plain")];
}

function withoutQueue(info: Record<string, unknown>): unknown {
  const { taskQueue, ...rest } = info;
  return { ...rest, hasQueue: typeof taskQueue === "string" };
}

/** Timeouts of one attempt: too slow, and silent. */
export async function timesOut(): Promise<readonly unknown[]> {
  const slow = proxyActivities<typeof activities>({ startToCloseTimeout: "60 ms", retry: { maximumAttempts: 1 } });
  const silent = proxyActivities<typeof activities>({
    startToCloseTimeout: "10 seconds",
    heartbeatTimeout: "80 ms",
    retry: quickRetry,
  });
  const hurried = proxyActivities<typeof activities>({ scheduleToCloseTimeout: "70 ms" });
  return [
    await outcomeOf(slow.takes(400)),
    await outcomeOf(silent.remembers("a third of the way")),
    await outcomeOf(hurried.takes(400)),
  ];
}

/** The first of two wins; the second one's end is of no consequence, but it is waited for. */
export async function racesActivities(flags: readonly [string, string]): Promise<readonly unknown[]> {
  const both = [acts.meet(flags[0]), acts.meet(flags[1])];
  const winner = await Promise.race(both);
  await acts.raise(`${flags[0]}/end`);
  return [winner, await Promise.all(both)];
}

/** A proxy's options are checked when it is made, and nothing is used up by that. */
export async function checksOptions(): Promise<readonly unknown[]> {
  let message = "none";
  try {
    proxyActivities<typeof activities>({ retry: quickRetry });
  } catch (error) {
    message = error instanceof Error ? `${error.name}: ${error.message}` : "not an error";
  }
  return [message, await acts.echo("the first id")];
}
