import { defineSearchAttributeKey, SearchAttributeType } from "../../../src/sdk/common/index.ts";
import {
  setCurrentDetails,
  sleep,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from "../../../src/sdk/workflow/index.ts";

export const stage = defineSearchAttributeKey("Stage", SearchAttributeType.KEYWORD);

export async function delivery(address: string): Promise<string> {
  const { workflowId, memo } = workflowInfo();
  upsertSearchAttributes([{ key: stage, value: "packed" }]);
  upsertMemo({ address });
  setCurrentDetails(`Waiting for the van since **${new Date().toISOString()}**`);
  await sleep("1 hour", { summary: "Until the van leaves" });
  upsertSearchAttributes([{ key: stage, value: "on the road" }]);
  return `${workflowId}: ${String(memo["customer"])} has ${workflowInfo().typedSearchAttributes.get(stage)}`;
}
