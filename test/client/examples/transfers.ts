import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
} from "../../../src/sdk/client/index.ts";
import { approve, type TransferOrder, transfer } from "./workflows.ts";

/** Starts a transfer, or finds the one that an earlier request with the same number has started. */
export async function startTransfer(client: Client, number: string, order: TransferOrder): Promise<"new" | "known"> {
  try {
    await client.workflow.start(transfer, { workflowId: `transfer-${number}`, args: [order] });
    return "new";
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return "known";
    throw error;
  }
}

export async function approveTransfer(client: Client, number: string, by: string): Promise<void> {
  await client.workflow.getHandle<typeof transfer>(`transfer-${number}`).signal(approve, by);
}

/** Waits for the end, and tells it in a sentence. */
export async function outcomeOfTransfer(client: Client, number: string): Promise<string> {
  try {
    const receipt = await client.workflow.getHandle<typeof transfer>(`transfer-${number}`).result();
    return `done, ${receipt.balanceCents} cents left`;
  } catch (error) {
    if (error instanceof WorkflowFailedError) return `failed: ${error.cause.message}`;
    throw error;
  }
}
