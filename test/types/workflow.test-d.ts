/**
 * What must not compile in workflow code. `tsc` checks this file; nothing runs it.
 *
 * Owns: one line for each mistake that the types of the authoring API are there to catch.
 */
import { expectTypeOf } from "vitest";

import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  executeChild,
  getExternalWorkflowHandle,
  proxyActivities,
  setHandler,
  sleep,
  startChild,
  Trigger,
  upsertSearchAttributes,
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

async function ship(_orderId: number, _express?: boolean): Promise<string> {
  return "shipped";
}

async function tidy(): Promise<number> {
  return 1;
}

const hurry = defineSignal<[reason: string]>("hurry");

export async function childrenAreTyped(): Promise<void> {
  expectTypeOf(await executeChild(ship, { args: [17] })).toEqualTypeOf<string>();
  expectTypeOf(await executeChild(ship, { args: [17, true], workflowId: "s" })).toEqualTypeOf<string>();
  expectTypeOf(await executeChild<typeof ship>("ship", { args: [17] })).toEqualTypeOf<string>();
  expectTypeOf(await executeChild(tidy)).toEqualTypeOf<number>();
  expectTypeOf(await executeChild("anything", { args: [1, "two"] })).toEqualTypeOf<unknown>();
  const child = await startChild(ship, { args: [17] });
  expectTypeOf(await child.result()).toEqualTypeOf<string>();
  await child.signal(hurry, "rain");
  // @ts-expect-error -- the arguments are missing.
  await executeChild(ship);
  // @ts-expect-error -- the arguments are missing.
  await startChild(ship, { workflowId: "s" });
  // @ts-expect-error -- an argument of another type.
  await executeChild(ship, { args: ["17"] });
  // @ts-expect-error -- an argument too many.
  await executeChild(tidy, { args: [1] });
  // @ts-expect-error -- a result of another type.
  expectTypeOf<number>(await executeChild(ship, { args: [17] }));
  // @ts-expect-error -- a payload of another type.
  await child.signal(hurry, 5);
  // @ts-expect-error -- no such policy.
  await startChild(tidy, { parentClosePolicy: "KEEP" });
}

export async function otherWorkflowsAreTyped(): Promise<void> {
  const other = getExternalWorkflowHandle("other");
  expectTypeOf(await other.signal(hurry, "rain")).toEqualTypeOf<void>();
  // @ts-expect-error -- a payload of another type.
  await other.signal(hurry, 5);
  // @ts-expect-error -- a handle of another workflow has no result.
  await other.result();
}

export async function continuationsAreTyped(): Promise<void> {
  expectTypeOf(await continueAsNew<typeof ship>(17)).toEqualTypeOf<never>();
}

export async function wrongContinuations(): Promise<void> {
  // @ts-expect-error -- an argument of another type.
  await continueAsNew<typeof ship>("17");
}

export function attributesAreTyped(): void {
  upsertSearchAttributes({ CustomerId: ["c-17"] });
  // @ts-expect-error -- a value of another type than the key's.
  upsertSearchAttributes([{ key: { name: "Size", type: "INT" }, value: "large" }]);
}
