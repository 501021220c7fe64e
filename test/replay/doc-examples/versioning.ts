import { patched, proxyActivities } from "../../../src/sdk/workflow/index.ts";

interface Activities {
  reserve(item: string): Promise<void>;
  charge(item: string): Promise<void>;
}

const { reserve, charge } = proxyActivities<Activities>({ startToCloseTimeout: "1 minute" });

export async function order(item: string): Promise<void> {
  if (patched("reserve-first")) await reserve(item);
  await charge(item);
}
