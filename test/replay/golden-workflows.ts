/**
 * The workflows behind `test/histories/replay/*.json`.
 *
 * Owns: code that must not change any more. Each history was recorded from the function of the same name, and has to
 * replay on every later version; a change of behaviour gets a flag and a new workflow here, not an edit.
 */
import {
  ActivityFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
  sleep,
  uuid4,
} from "../../src/sdk/workflow/index.ts";

interface Activities {
  withdraw(account: string, amount: number, key: string): string;
  deposit(account: string, amount: number, key: string): string;
  remind(): void;
}

const { withdraw, deposit, remind } = proxyActivities<Activities>({
  startToCloseTimeout: "10 seconds",
  cancellationType: "WAIT_CANCELLATION_COMPLETED",
});

/** Withdraws, deposits elsewhere, and gives back what could not be deposited. */
export async function transferWithRefund(from: string, to: string, amount: number): Promise<string> {
  await withdraw(from, amount, uuid4());
  await sleep("1 second");
  try {
    return await deposit(to, amount, uuid4());
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return `refunded: ${await deposit(from, amount, uuid4())} (${String(Math.random())})`;
  }
}

export const approve = defineSignal<[who: string]>("approve");
export const approvals = defineQuery<string[]>("approvals");

/** Waits for two approvals, reminding meanwhile; cleans up when it is cancelled. */
export async function collectApprovals(): Promise<string[]> {
  const names: string[] = [];
  setHandler(approvals, () => names);
  setHandler(approve, (who) => void names.push(`${who} at ${new Date().toISOString()}`));
  try {
    while (!(await condition(() => names.length >= 2, "1 hour")))
      await CancellationScope.withTimeout("1 minute", async () => remind());
    await sleep("1 day");
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await CancellationScope.nonCancellable(async () => remind());
    throw error;
  }
  return names;
}
