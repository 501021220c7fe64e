/** The workflow that the deployment's example runs. */
import { proxyActivities } from "../../../src/sdk/workflow/index.ts";
import type * as activities from "./activities.ts";

const { composeGreeting } = proxyActivities<typeof activities>({ startToCloseTimeout: "10 seconds" });

export async function greet(name: string): Promise<string> {
  return await composeGreeting(name);
}
