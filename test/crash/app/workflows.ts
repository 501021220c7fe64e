/**
 * The workflows that are killed. Ordinary workflow code: nothing here knows of it.
 *
 * Owns: the order of the steps. `order` has one of everything in a row, so that each of its commits is a moment of its
 * own; the others are about one thing each. All of them announce their end outside.
 */
import {
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
  sleep,
} from "../../../src/sdk/workflow/index.ts";
import type * as activities from "./activities.ts";

export const approve = defineSignal<[approvedBy: string]>("approve");
export const note = defineSignal<[text: string]>("note");
export const notes = defineQuery<readonly string[]>("notes");

// No limit of attempts: a kill costs one, and how many kills there are is the test's affair.
const { reserve, askForApproval, ship, pack, refund, announce } = proxyActivities<typeof activities>({
  startToCloseTimeout: "10 seconds",
  retry: { initialInterval: 200, maximumInterval: 1_000 },
});
const { charge } = proxyActivities<typeof activities>({
  startToCloseTimeout: "10 seconds",
  retry: { initialInterval: 1_500, backoffCoefficient: 1 },
});
const { crawl } = proxyActivities<typeof activities>({
  startToCloseTimeout: "1 minute",
  heartbeatTimeout: "2 seconds",
  retry: { initialInterval: 200 },
});

/** Keeps the notes that come by signal, in their order. */
function keepNotes(): string[] {
  const kept: string[] = [];
  setHandler(note, (text) => void kept.push(text));
  setHandler(notes, () => kept);
  return kept;
}

export interface OrderResult {
  readonly reserved: number;
  readonly approvedBy: string;
  readonly charged: number;
  readonly shipped: number;
  readonly notes: readonly string[];
}

/** An activity, a timer, an activity, a signal that ends a timer, an activity that is retried, two more activities. */
export async function order(clearingMs: number): Promise<OrderResult> {
  const kept = keepNotes();
  let approvedBy = "nobody";
  setHandler(approve, (by) => {
    if (approvedBy === "nobody") approvedBy = by;
  });
  const reserved = await reserve();
  await sleep(clearingMs);
  await askForApproval();
  await condition(() => approvedBy !== "nobody", "1 hour");
  const charged = await charge(approvedBy);
  const shipped = await ship();
  await announce("ordered");
  return { reserved, approvedBy, charged, shipped, notes: kept };
}

/** Activities side by side. */
export async function batch(parts: number): Promise<readonly number[]> {
  const receipts = await Promise.all(Array.from({ length: parts }, (_, part) => pack(part)));
  await announce("packed");
  return receipts;
}

/** A timer and nothing else. */
export async function alarmClock(delayMs: number): Promise<number> {
  await sleep(delayMs);
  return await announce("rang");
}

/** An activity that tells how far it has come. */
export async function pilgrimage(steps: number): Promise<{ readonly resumedAt: number; readonly receipt: number }> {
  const walked = await crawl(steps);
  await announce("arrived");
  return walked;
}

/** Waits for what never comes; cancelled, it gives back what it took, announces that, and ends as cancelled. */
export async function booking(): Promise<never> {
  keepNotes();
  await CancellationScope.nonCancellable(() => reserve());
  try {
    await sleep("30 days");
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await CancellationScope.nonCancellable(async () => {
      await refund();
      await announce("refunded");
    });
    throw error;
  }
  throw new Error("a booking ends by being cancelled");
}
