/**
 * What must not compile in workflow code. `tsc` checks this file; nothing runs it.
 *
 * Owns: one line for each mistake that the types of the authoring API are there to catch.
 */
import { expectTypeOf } from "vitest";

import {
  condition,
  defineQuery,
  defineSignal,
  proxyActivities,
  setHandler,
  sleep,
  Trigger,
} from "../../src/sdk/workflow/index.ts";

interface Activities {
  charge(account: string, amount: number): Promise<{ readonly receipt: string }>;
  now(): number;
  readonly version: string;
}

const activities = proxyActivities<Activities>({ startToCloseTimeout: "10 seconds" });

export async function activitiesAreTyped(): Promise<void> {
  expectTypeOf(activities.charge).parameters.toEqualTypeOf<[account: string, amount: number]>();
  expectTypeOf(await activities.charge("A", 1)).toEqualTypeOf<{ readonly receipt: string }>();
  expectTypeOf(await activities.now()).toEqualTypeOf<number>();
  expectTypeOf(await activities.now.executeWithOptions({ taskQueue: "fast" }, [])).toEqualTypeOf<number>();
  // @ts-expect-error -- an argument of the wrong type.
  await activities.charge("A", "1");
  // @ts-expect-error -- an argument is missing.
  await activities.charge("A");
  // @ts-expect-error -- no such activity.
  await activities.refund("A");
  // @ts-expect-error -- not a function, and so no activity.
  expectTypeOf(activities.version);
  // @ts-expect-error -- a result of the wrong type.
  expectTypeOf<string>(await activities.now());
  // @ts-expect-error -- no duration.
  proxyActivities<Activities>({ startToCloseTimeout: "10 parsecs" });
  // @ts-expect-error -- no cancellation type.
  proxyActivities<Activities>({ startToCloseTimeout: 1, cancellationType: "IGNORE" });
}

const approve = defineSignal<[who: string, weight: number]>("approve");
const total = defineQuery<number, [factor: number]>("total");

export function messagesAreTyped(): void {
  setHandler(approve, (who, weight) => {
    expectTypeOf(who).toEqualTypeOf<string>();
    expectTypeOf(weight).toEqualTypeOf<number>();
  });
  setHandler(approve, () => undefined);
  setHandler(total, (factor) => factor * 2);
  setHandler(total, undefined);
  // @ts-expect-error -- the handler takes something else.
  setHandler(approve, (who: number) => void who);
  // @ts-expect-error -- the answer is of another type.
  setHandler(total, (factor) => String(factor));
  // @ts-expect-error -- a query is answered at once.
  setHandler(total, async (factor) => factor);
}

export async function operationsAreTyped(): Promise<void> {
  expectTypeOf(await condition(() => true)).toEqualTypeOf<void>();
  expectTypeOf(await condition(() => true, "1 minute")).toEqualTypeOf<boolean>();
  expectTypeOf(await new Trigger<string>()).toEqualTypeOf<string>();
  // @ts-expect-error -- a predicate answers at once.
  await condition(async () => true);
  // @ts-expect-error -- no duration.
  await sleep("tomorrow");
}
