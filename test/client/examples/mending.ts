import type { Client } from "../../../src/sdk/client/index.ts";

/** Runs a workflow again from its first workflow task, with the code that is deployed now. */
export async function startOver(client: Client, workflowId: string): Promise<unknown> {
  const handle = client.workflow.getHandle(workflowId);
  const mended = await handle.reset({ type: "FirstWorkflowTask", reason: "points were not counted" });
  console.log(`goes on as run ${mended.runId}`);
  return await mended.result();
}
