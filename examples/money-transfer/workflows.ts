/**
 * The transfer as a workflow: withdraw, wait until it clears, deposit; give the money back if that cannot be done.
 *
 * Owns: the order of the steps and what undoes them. Everything in this file is replayed from history, so it does no
 * input or output of its own: money moves in `activities.ts`, of which only the types are imported.
 */
import {
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  log,
  proxyActivities,
  setHandler,
  sleep,
} from "../../src/sdk/workflow/index.ts";
import type * as activities from "./activities.ts";

export interface TransferOrder {
  readonly from: string;
  readonly to: string;
  readonly amountCents: number;
  readonly reference: string;
  /** How long to wait before anything moves, in milliseconds. Until then a cancelled transfer leaves no trace. */
  readonly startDelayMs: number;
  /** How long the money rests between withdrawal and deposit unless it is approved, in milliseconds; above zero. */
  readonly clearingMs: number;
}

export type TransferStep =
  | "waiting"
  | "withdrawing"
  | "clearing"
  | "depositing"
  | "completed"
  | "refunding"
  | "refunded";

export interface TransferProgress {
  readonly step: TransferStep;
  readonly approvedBy?: string;
}

/** What a completed transfer answers: both balances right after their posting. */
export interface TransferReceipt {
  readonly fromBalanceCents: number;
  readonly toBalanceCents: number;
}

/** Ends the clearing delay early. The argument says who approved. */
export const approve = defineSignal<[approvedBy: string]>("approve");
/** Where the transfer stands. */
export const progress = defineQuery<TransferProgress>("progress");

// There is no limit of attempts: an attempt that timed out may have moved the money, so the only safe end is an
// answer. What cannot succeed is refused by the activity itself as not retryable.
// Through the queue always: there an attempt counts only once the worker that will run it has claimed it. Handed over
// directly, a step is milliseconds quicker, which a transfer does not need.
const { withdraw, deposit, refund } = proxyActivities<typeof activities>({
  startToCloseTimeout: "10 seconds",
  allowEagerDispatch: false,
  retry: { initialInterval: "500 milliseconds", maximumInterval: "30 seconds" },
});

/**
 * Moves an amount from one account to another, once.
 *
 * Cancelled before the withdrawal, it moves nothing. Cancelled while it clears, or refused by the receiving account,
 * it gives the money back first and then ends as cancelled or failed.
 *
 * @throws ActivityFailure when a withdrawal or deposit was refused, CancelledFailure when it was cancelled
 */
export async function transfer(order: TransferOrder): Promise<TransferReceipt> {
  const { from, to, amountCents, reference } = order;
  let step: TransferStep = "waiting";
  let approvedBy: string | undefined;
  setHandler(approve, (by) => void (approvedBy ??= by));
  setHandler(progress, () => ({ step, ...(approvedBy === undefined ? {} : { approvedBy }) }));

  if (order.startDelayMs > 0) await sleep(order.startDelayMs);

  // From here to its answer the withdrawal must not be cut short: nobody would know whether the money has left.
  step = "withdrawing";
  const debit = await CancellationScope.nonCancellable(() => withdraw({ accountId: from, amountCents, reference }));

  try {
    step = "clearing";
    await condition(() => approvedBy !== undefined, order.clearingMs);
    step = "depositing";
    const credit = await CancellationScope.nonCancellable(() => deposit({ accountId: to, amountCents, reference }));
    step = "completed";
    return { fromBalanceCents: debit.balanceCents, toBalanceCents: credit.balanceCents };
  } catch (error) {
    log.warn("the transfer cannot be completed, refunding");
    step = "refunding";
    await CancellationScope.nonCancellable(() => refund({ accountId: from, amountCents, reference }));
    step = "refunded";
    throw error;
  }
}
