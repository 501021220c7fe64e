import { ActivityNotFoundError, type Client } from "../../../src/sdk/client/index.ts";

/** The bank is down: no withdrawal is tried again until it is back. Gives how many transfers wait for that. */
export async function holdWithdrawals(client: Client, numbers: readonly string[]): Promise<number> {
  let held = 0;
  for (const number of numbers) {
    const withdrawals = client.workflow.getHandle(`transfer-${number}`).activities({ type: "withdraw" });
    try {
      held += (await withdrawals.pause({ reason: "the bank is down" })).length;
    } catch (error) {
      // It is past its withdrawal, and may go on.
      if (!(error instanceof ActivityNotFoundError)) throw error;
    }
  }
  return held;
}

/** The bank is back, and slow: the withdrawal of a transfer is tried at once, with more time for each attempt. */
export async function resumeWithdrawal(client: Client, number: string, activityId: string): Promise<void> {
  const withdrawal = client.workflow.getHandle(`transfer-${number}`).activity(activityId);
  await withdrawal.updateOptions({ startToCloseTimeout: "5 minutes", retry: { initialInterval: "1 minute" } });
  await withdrawal.unpause({ resetAttempts: true });
}

/** A transfer that looks wrong: nothing of it begins until somebody has looked at it. */
export async function holdTransfer(client: Client, number: string): Promise<void> {
  await client.workflow.getHandle(`transfer-${number}`).pause("looks wrong, see the audit");
}
