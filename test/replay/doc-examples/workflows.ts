import { ApplicationFailure, proxyActivities } from "../../../src/sdk/workflow/index.ts";

interface Activities {
  withdraw(account: string, amount: number): Promise<void>;
  deposit(account: string, amount: number): Promise<void>;
}

const { withdraw, deposit } = proxyActivities<Activities>({
  startToCloseTimeout: "10 seconds",
  retry: { maximumAttempts: 5 },
});

export async function transfer(from: string, to: string, amount: number): Promise<string> {
  if (amount <= 0) throw ApplicationFailure.nonRetryable("The amount must be positive", "InvalidAmount");
  await withdraw(from, amount);
  await deposit(to, amount);
  return `${amount} moved from ${from} to ${to}`;
}
