import { CancellationScope, isCancellation, proxyActivities } from "../../../src/sdk/workflow/index.ts";

interface Activities {
  reserve(item: string): Promise<void>;
  ship(item: string): Promise<string>;
  release(item: string): Promise<void>;
}

const { reserve, ship, release } = proxyActivities<Activities>({ startToCloseTimeout: "1 minute" });

export async function order(item: string): Promise<string> {
  await reserve(item);
  try {
    return await CancellationScope.withTimeout("2 days", () => ship(item));
  } catch (error) {
    // Whoever asked to stop still wants the reservation gone.
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => release(item));
    throw error;
  }
}
