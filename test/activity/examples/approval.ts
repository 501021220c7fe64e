import { activityInfo, CompleteAsyncError } from "../../../src/sdk/activity/index.ts";
import { ActivityNotFoundError, type Client } from "../../../src/sdk/client/index.ts";

export interface Approvers {
  /** Asks people for an approval; the link that they get says which one is meant. */
  ask(question: string, link: { readonly workflowId: string; readonly activityId: string }): Promise<void>;
}

export function createApproval(approvers: Approvers) {
  return {
    /** Answers with the name of whoever approves, which may take days. Nothing runs meanwhile. */
    askForApproval: async (question: string): Promise<string> => {
      const { activityId, workflowExecution } = activityInfo();
      await approvers.ask(question, { activityId, workflowId: workflowExecution?.workflowId ?? "" });
      throw new CompleteAsyncError();
    },
  };
}

/** What the link does. Answers whether somebody was still waiting for it. */
export async function approve(client: Client, workflowId: string, activityId: string, by: string): Promise<boolean> {
  try {
    await client.activity.complete({ workflowId, activityId }, by);
    return true;
  } catch (error) {
    if (error instanceof ActivityNotFoundError) return false;
    throw error;
  }
}
