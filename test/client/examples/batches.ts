import { BatchOperationNotFoundError, type Client } from "../../../src/sdk/client/index.ts";
import { approve } from "./workflows.ts";

/** Approves many transfers. The same day again is the same job: it goes on where it was cut off. */
export async function approveAll(client: Client, day: string, transferIds: AsyncIterable<string>): Promise<string> {
  const batch = await client.batch.start({
    operation: { type: "signal", signalName: approve, args: ["the board"] },
    executions: transferIds,
    reason: `approved at the meeting of ${day}`,
    jobId: `approve-${day}`,
    concurrency: 10,
  });
  return batch.jobId;
}

/** Waits for the end and says what could not be approved. */
export async function notApproved(client: Client, jobId: string): Promise<string[]> {
  const batch = client.batch.getHandle(jobId);
  const { failureOperationCount } = await batch.result();
  const lines = [`${failureOperationCount} could not be approved`];
  for await (const { workflowId, code } of batch.report()) lines.push(`${workflowId}: ${code}`);
  return lines;
}

/** Takes workflows back to their beginning, to be run anew with the code that is deployed now. */
export async function runAnew(client: Client, jobId: string, transferIds: readonly string[]): Promise<void> {
  await client.batch.start({
    operation: { type: "reset", options: { type: "FirstWorkflowTask" } },
    executions: transferIds,
    reason: "fees were rounded up",
    jobId,
    requestsPerSecond: 50,
  });
}

/** Stops a job. Answers with how far it came, undefined if there is none. */
export async function stopBatch(client: Client, jobId: string): Promise<number | undefined> {
  try {
    return (await client.batch.getHandle(jobId).stop("the wrong list")).completeOperationCount;
  } catch (error) {
    if (error instanceof BatchOperationNotFoundError) return undefined;
    throw error;
  }
}
