/**
 * The side effects of a transfer: the only code of it that touches accounts.
 *
 * Owns: the idempotency key of each posting, and which refusals end the transfer. An activity may run more than once
 * (its worker died before it could report, a deadline passed); the key makes the second run find the first one's
 * posting instead of moving money again.
 */
import { activityInfo, ApplicationFailure } from "../../src/sdk/activity/index.ts";
import { accountWithId } from "./account.ts";
import type { PostingRequest } from "./posting.ts";

export interface MoneyMovement {
  readonly accountId: string;
  readonly amountCents: number;
  readonly reference: string;
}

/** The balance of the account right after the movement. */
export interface MovementReceipt {
  readonly balanceCents: number;
}

/**
 * Workflow id and activity id name one step of one transfer, and stay the same over all its attempts. The run id is
 * left out on purpose: a run that was reset must find what the earlier run did. A workflow id is used for one
 * transfer only; `routes.ts` sees to that.
 */
function idempotencyKey(): string {
  const { workflowExecution, activityId } = activityInfo();
  if (!workflowExecution) throw ApplicationFailure.nonRetryable("money moves only in a workflow", "NotInWorkflow");
  return `${workflowExecution.workflowId}#${activityId}`;
}

async function post(kind: PostingRequest["kind"], movement: MoneyMovement): Promise<MovementReceipt> {
  const { accountId, amountCents, reference } = movement;
  const reply = await accountWithId(accountId).post({
    kind,
    amountCents,
    reference,
    idempotencyKey: idempotencyKey(),
  });
  // Asking again would be refused again. Anything that is thrown instead, as a lost connection, is retried.
  if (reply.kind === "refused") throw ApplicationFailure.nonRetryable(`${accountId}: ${reply.message}`, reply.reason);
  return { balanceCents: reply.balanceCents };
}

/**
 * Takes the amount from an account.
 *
 * @throws ApplicationFailure, not to be retried, when the balance does not cover it or there is no such account
 */
export function withdraw(movement: MoneyMovement): Promise<MovementReceipt> {
  return post("withdrawal", movement);
}

/**
 * Adds the amount to an account.
 *
 * @throws ApplicationFailure, not to be retried, when there is no such account
 */
export function deposit(movement: MoneyMovement): Promise<MovementReceipt> {
  return post("deposit", movement);
}

/** Gives a withdrawn amount back. */
export function refund(movement: MoneyMovement): Promise<MovementReceipt> {
  return post("refund", movement);
}
