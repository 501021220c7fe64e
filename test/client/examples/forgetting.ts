import type { Client } from "../../../src/sdk/client/index.ts";

export async function forget(client: Client, workflowId: string, runId?: string): Promise<void> {
  await client.workflow.getHandle(workflowId, runId).delete();
}
