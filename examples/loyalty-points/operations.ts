/**
 * What the shop does with its customers' accounts, and how it mends them all.
 *
 * Owns: the workflow ids and the calls of the client. None of it knows which version of the workflow is deployed.
 */
import type { BatchOperationHandle, Client } from "../../src/sdk/client/index.ts";
import { balance, leave, purchase, redeem } from "./account-workflow.ts";
import { type loyaltyAccount } from "./workflows.ts";

/** Where the example's workflow tasks go. */
export const TASK_QUEUE = "loyalty";

/** The workflow id of a customer. */
export function accountOf(customerId: string): string {
  return `loyalty-${customerId}`;
}

/** Notes a purchase; the customer's account begins with the first one. */
export async function recordPurchase(client: Client, customerId: string, purchaseCents: number): Promise<void> {
  await client.workflow.signalWithStart<typeof loyaltyAccount, [number]>("loyaltyAccount", {
    workflowId: accountOf(customerId),
    taskQueue: TASK_QUEUE,
    signal: purchase,
    signalArgs: [purchaseCents],
  });
}

/** Spends points of a customer; answers with those that are left. */
export async function redeemPoints(client: Client, customerId: string, points: number): Promise<number> {
  return await client.workflow.getHandle(accountOf(customerId)).executeUpdate(redeem, { args: [points] });
}

/** The points that a customer has. */
export async function balanceOf(client: Client, customerId: string): Promise<number> {
  return await client.workflow.getHandle(accountOf(customerId)).query(balance);
}

/** The customer leaves. Answers with the points that were left. */
export async function closeAccount(client: Client, customerId: string): Promise<number> {
  const handle = client.workflow.getHandle<typeof loyaltyAccount>(accountOf(customerId));
  await handle.signal(leave);
  return await handle.result();
}

/**
 * Runs the accounts anew with the code that is deployed now: each is taken back to its first workflow task, and every
 * purchase and redemption is sent to it again in the order in which it came. Called again under the same job id, it
 * goes on where it was cut off.
 */
export async function recountPoints(
  client: Client,
  jobId: string,
  customerIds: Iterable<string> | AsyncIterable<string>,
): Promise<BatchOperationHandle> {
  return await client.batch.start({
    operation: { type: "reset", options: { type: "FirstWorkflowTask" } },
    executions: accounts(customerIds),
    reason: "gold customers had their balance doubled",
    jobId,
  });
}

async function* accounts(customerIds: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
  for await (const customerId of customerIds) yield accountOf(customerId);
}
