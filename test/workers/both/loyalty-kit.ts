/**
 * The story of the loyalty points: so many customers, a bug in the workflow's code, its mending, and a batch of resets.
 *
 * Owns: what each deployment's suite tells with a number of its own.
 */
import { expect } from "vitest";

import {
  accountOf,
  balanceOf,
  closeAccount,
  recordPurchase,
  recountPoints,
  redeemPoints,
} from "../../../examples/loyalty-points/operations.ts";
import { purchase } from "../../../examples/loyalty-points/account-workflow.ts";
import { deployed } from "../fixtures/loyalty.ts";
import { client, eventTypes, freshId } from "./kit.ts";

const AT_ONCE = 50;
/** Every so manieth customer redeems points. */
const REDEEMS_EACH = 25;
const REDEEMED_POINTS = 10;

interface Customer {
  readonly id: string;
  readonly firstPurchaseCents: number;
  readonly redeems: boolean;
}

/** Each becomes a gold customer with the first purchase, which is another for everybody. */
function customersOf(name: string, count: number): readonly Customer[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${name}-${index}`,
    firstPurchaseCents: 100_00 + index * 100,
    redeems: index % REDEEMS_EACH === 0,
  }));
}

const SECOND_PURCHASE_CENTS = 50_00;

/** Worked out without the example's code. */
function rightBalance({ firstPurchaseCents, redeems }: Customer): number {
  return firstPurchaseCents / 100 + 2 * (SECOND_PURCHASE_CENTS / 100) - (redeems ? REDEEMED_POINTS : 0);
}

function balanceWithBug({ firstPurchaseCents, redeems }: Customer): number {
  return 2 * (firstPurchaseCents / 100 + SECOND_PURCHASE_CENTS / 100) - (redeems ? REDEEMED_POINTS : 0);
}

/** In groups, as a caller with so many requests in flight. */
async function each<T>(customers: readonly Customer[], act: (customer: Customer) => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  for (let from = 0; from < customers.length; from += AT_ONCE)
    results.push(...(await Promise.all(customers.slice(from, from + AT_ONCE).map(act))));
  return results;
}

async function balancesOf(customers: readonly Customer[]): Promise<readonly number[]> {
  return await each(customers, async ({ id }) => await balanceOf(client, id));
}

/** Tells it, and holds every balance against what it should be. */
export async function tellLoyaltyStory(count: number): Promise<void> {
  const customers = customersOf(freshId("loyal"), count);
  const ids = customers.map(({ id }) => id);

  deployed.version = "with bug";
  await each(customers, async ({ id, firstPurchaseCents }) => await recordPurchase(client, id, firstPurchaseCents));
  const sale = await client.batch.start({
    operation: { type: "signal", signalName: purchase, args: [SECOND_PURCHASE_CENTS] },
    executions: ids.map(accountOf),
    reason: "everybody bought the same",
  });
  expect(await sale.result()).toMatchObject({ completeOperationCount: count, failureOperationCount: 0 });
  const redeeming = customers.filter(({ redeems }) => redeems);
  await each(redeeming, async ({ id }) => await redeemPoints(client, id, REDEEMED_POINTS));
  // A few: that the bug is there shows in any.
  const some = customers.slice(0, REDEEMS_EACH * 2);
  expect(await balancesOf(some)).toEqual(some.map(balanceWithBug));

  deployed.version = "mended";
  const recount = await recountPoints(client, freshId("recount"), ids);
  expect(await recount.result()).toMatchObject({
    operationType: "RESET",
    state: "COMPLETED",
    totalOperationCount: count,
    completeOperationCount: count,
    failureOperationCount: 0,
  });
  expect(await balancesOf(customers)).toEqual(customers.map(rightBalance));

  // They go on from there.
  const [first] = customers;
  if (!first) throw new Error("a story needs a customer");
  await recordPurchase(client, first.id, 1_00);
  expect(await closeAccount(client, first.id)).toBe(rightBalance(first) + 2);
  expect(await eventTypes(accountOf(first.id))).toContain("WorkflowExecutionUpdateCompleted");
}
