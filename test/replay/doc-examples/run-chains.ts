import { proxyActivities, workflowInfo } from "../../../src/sdk/workflow/index.ts";

interface Sales {
  readonly cents: number;
  readonly upTo: string;
}

interface Activities {
  salesSince(mark: string | undefined): Promise<Sales>;
}

const { salesSince } = proxyActivities<Activities>({ startToCloseTimeout: "30 seconds" });

/** Each run goes on where the last one that succeeded has stopped. */
export async function salesReport(): Promise<Sales> {
  const last = workflowInfo().lastResult as Sales | undefined;
  return await salesSince(last?.upTo);
}
