import { type Client, WithStartWorkflowOperation, WorkflowUpdateFailedError } from "../../../src/sdk/client/index.ts";
import { addApproval, release } from "./workflows.ts";

/** Adds an approval to a release that runs; answers how many it has now, or why it was refused. */
export async function approveRelease(client: Client, version: string, by: string): Promise<number | string> {
  const handle = client.workflow.getHandle<typeof release>(`release-${version}`);
  try {
    return await handle.executeUpdate(addApproval, { args: [by], updateId: `approval-of-${by}` });
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) return error.cause.message;
    throw error;
  }
}

/** The same, but starts the release if it does not run yet, in one request. */
export async function approveNewRelease(client: Client, version: string, by: string): Promise<number> {
  const startWorkflowOperation = new WithStartWorkflowOperation(release, {
    workflowId: `release-${version}`,
    workflowIdConflictPolicy: "USE_EXISTING",
    args: [version],
  });
  return await client.workflow.executeUpdateWithStart(addApproval, { startWorkflowOperation, args: [by] });
}
