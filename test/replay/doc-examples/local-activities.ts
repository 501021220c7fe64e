import { proxyActivities, proxyLocalActivities } from "../../../src/sdk/workflow/index.ts";

interface Activities {
  exchangeRate(currency: string): Promise<number>;
  charge(cents: number): Promise<void>;
}

const { exchangeRate } = proxyLocalActivities<Activities>({
  startToCloseTimeout: "2 seconds",
  retry: { maximumAttempts: 3 },
});
const { charge } = proxyActivities<Activities>({ startToCloseTimeout: "1 minute" });

export async function payAbroad(amount: number, currency: string): Promise<number> {
  const cents = Math.round(amount * (await exchangeRate(currency)) * 100);
  await charge(cents);
  return cents;
}
