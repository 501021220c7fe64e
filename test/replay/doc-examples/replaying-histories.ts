import { type HistoryToReplay, replayHistories } from "../../../src/sdk/testing/index.ts";

/** What is wrong with each workflow that today's code would not continue as it began. */
export async function unreplayable(workflows: object, histories: readonly HistoryToReplay[]): Promise<string[]> {
  const problems: string[] = [];
  for await (const { workflowId, error } of replayHistories({ workflows }, histories))
    if (error) problems.push(`${workflowId}: ${error.message}`);
  return problems;
}
