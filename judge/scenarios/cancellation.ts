/** Workflows about cancellation: scopes of every kind, and every way to take it. */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  proxyActivities,
  sleep,
  Trigger,
} from "holdfast/workflow";

import type * as activities from "../worker/activities.ts";
import { describeError, outcomeOf } from "./described-errors.ts";

const { echo, meet, raise } = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds" });

type CancellationType = "TRY_CANCEL" | "WAIT_CANCELLATION_COMPLETED" | "ABANDON";

export async function sleepsUntilCancelled(): Promise<void> {
  await sleep("1 hour");
}

export async function cleansUp(): Promise<readonly unknown[]> {
  try {
    await sleep("1 hour");
    return ["not cancelled"];
  } catch (error) {
    if (!isCancellation(error)) throw error;
    const cleaned = await CancellationScope.nonCancellable(async () => await echo("cleaned"));
    const afterwards = await outcomeOf(sleep(5));
    return [describeError(error), cleaned, afterwards, CancellationScope.current().consideredCancelled];
  }
}

export async function cleansUpAndRethrows(): Promise<void> {
  try {
    await Promise.all([sleep("1 hour"), sleep("2 hours")]);
  } catch (error) {
    await CancellationScope.nonCancellable(async () => await sleep(10));
    throw error;
  }
}

export async function failsWhenCancelled(): Promise<void> {
  try {
    await sleep("1 hour");
  } catch {
    throw ApplicationFailure.nonRetryable("did not like it", "Sulking", { since: "now" });
  }
}

/** Throws what cancellation throws, though nobody cancelled it. */
export async function throwsCancelledFailure(): Promise<void> {
  await echo("x");
  throw new CancelledFailure("of its own accord");
}

/** Cancels an activity that has begun, with each type and each answer. */
export async function cancelsActivity(
  cancellationType: CancellationType,
  answer: activities.Answer,
  flag: string,
): Promise<readonly unknown[]> {
  const attending = proxyActivities<typeof activities>({
    startToCloseTimeout: "20 seconds",
    heartbeatTimeout: "500 ms",
    cancellationType,
    retry: { maximumAttempts: 1 },
  });
  const scope = new CancellationScope();
  const outcome = outcomeOf(scope.run(async () => await attending.attend(flag, answer)));
  await echo("something else first");
  await flagged(flag);
  scope.cancel();
  const result = await outcome;
  await raise(`${flag}/end`);
  return [result, await echo("afterwards")];
}

/** Waits, in an activity, for the other activity to have begun. */
async function flagged(flag: string): Promise<void> {
  await meet(`${flag}/driver`);
}

/** Cancels before any command was sent: there is nothing of it in history. */
export async function cancelsBeforeSending(): Promise<readonly unknown[]> {
  const scope = new CancellationScope();
  const outcomes = Promise.all([
    outcomeOf(scope.run(async () => await echo("never"))),
    outcomeOf(scope.run(async () => await sleep("1 hour"))),
    outcomeOf(scope.run(async () => await condition(() => false, "1 day"))),
  ]);
  scope.cancel();
  const results = await outcomes;
  return [results, await echo("the next id"), await outcomeOf(scope.run(async () => await echo("too late")))];
}

/** Everything that is asked for in a cancelled scope is refused at once. */
export async function asksTooLate(): Promise<readonly unknown[]> {
  const scope = new CancellationScope();
  scope.cancel();
  const refused = await scope
    .run(async () => {
      const asked = [outcomeOf(sleep(5)), outcomeOf(echo("x")), outcomeOf(condition(() => true, 10))];
      return await Promise.all(asked);
    })
    .catch((error: unknown) => describeError(error));
  return [refused, await echo("outside it works")];
}

export async function limitsTime(): Promise<readonly unknown[]> {
  const inTime = await outcomeOf(CancellationScope.withTimeout("1 hour", async () => await echo("in time")));
  const tooLate = await outcomeOf(CancellationScope.withTimeout(20, async () => await sleep("1 hour")));
  const caught = await outcomeOf(
    CancellationScope.withTimeout(20, async () => {
      try {
        await sleep("1 hour");
        return "slept";
      } catch {
        return await CancellationScope.nonCancellable(async () => await echo("caught"));
      }
    }),
  );
  return [inTime, tooLate, caught];
}

/** Scopes in scopes: what cancellation reaches and what it does not. */
export async function nestsScopes(): Promise<readonly unknown[]> {
  const trace: string[] = [];
  const watch = (name: string, promise: Promise<unknown>): Promise<void> =>
    promise.then(
      () => void trace.push(`${name} done`),
      (error: unknown) => void trace.push(`${name} ${isCancellation(error) ? "cancelled" : "failed"}`),
    );
  const outer = new CancellationScope();
  const all: Promise<void>[] = [];
  await outer.run(async () => {
    all.push(watch("outer", sleep("1 hour")));
    const shielded = new CancellationScope({ cancellable: false });
    void shielded.run(async () => {
      all.push(watch("shielded", sleep(40)));
      void shielded.cancelRequested.catch(() => trace.push("shielded was asked"));
      await CancellationScope.cancellable(async () => {
        all.push(watch("inner", sleep(45)));
      });
    });
    const sibling = new CancellationScope();
    void sibling.run(async () => {
      all.push(watch("sibling", sleep("2 hours")));
    });
    trace.push(`current is outer: ${CancellationScope.current() === outer}`);
  });
  await echo("flush");
  outer.cancel();
  outer.cancel();
  await Promise.all(all);
  return [trace, outer.consideredCancelled, CancellationScope.current().consideredCancelled];
}

/** Cancelling a scope that is itself shielded. */
export async function cancelsShieldedScope(): Promise<readonly unknown[]> {
  const shielded = new CancellationScope({ cancellable: false });
  const inShield = outcomeOf(shielded.run(async () => await sleep(15)));
  const inChild = outcomeOf(shielded.run(async () => await CancellationScope.cancellable(async () => await sleep(20))));
  shielded.cancel();
  return [await inShield, await inChild, shielded.consideredCancelled];
}

/** Triggers and conditions belong to the scope they were made in. */
export async function cancelsTriggers(): Promise<readonly unknown[]> {
  const scope = new CancellationScope();
  const results = scope.run(async () => {
    const trigger = new Trigger<string>();
    return await Promise.all([outcomeOf(trigger), outcomeOf(condition(() => false))]);
  });
  await sleep(5);
  scope.cancel();
  return await results;
}

/** A promise belongs to the scope it was made in, not to where it is awaited. */
export async function awaitsElsewhere(): Promise<readonly unknown[]> {
  const scope = new CancellationScope();
  let made: Promise<void> = Promise.resolve();
  await scope.run(async () => {
    made = sleep("1 hour");
    void made.catch(() => undefined);
  });
  const elsewhere = CancellationScope.nonCancellable(async () => await outcomeOf(made));
  await sleep(5);
  scope.cancel();
  return [await elsewhere];
}

/** A scope that is cancelled by its parent's cancellation, which the workflow survives. */
export async function survivesCancellation(): Promise<readonly unknown[]> {
  const root = CancellationScope.current();
  const trace: unknown[] = [root.consideredCancelled];
  void root.cancelRequested.catch((error: unknown) => trace.push(describeError(error)));
  await outcomeOf(condition(() => false));
  trace.push(root.consideredCancelled);
  await CancellationScope.nonCancellable(async () => await sleep(10));
  return trace;
}
