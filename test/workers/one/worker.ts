/** One Worker with both sides: the default deployment. It has two queues. */
import type { ActivityTaskMessage } from "../../../src/core/activity-task.ts";
import { holdfast, queuesSeen } from "../fixtures/application.ts";
import { largePayloads } from "../fixtures/large-payloads.ts";

export const LargePayloadsWorker = largePayloads.WorkflowWorker;
export { WorkflowWorker } from "../fixtures/application.ts";
export { LoyaltyWorker } from "../fixtures/loyalty.ts";
export { BatchOperation } from "../fixtures/faulty-batch.ts";
export { WorkflowExecution } from "../fixtures/faulty-service.ts";

export default {
  fetch: () => new Response("holdfast test application"),
  queue: async (batch, env, ctx) => {
    for (const { body } of batch.messages) queuesSeen.set((body as ActivityTaskMessage).workflowId, batch.queue);
    await holdfast.queue(batch, env, ctx);
  },
} satisfies ExportedHandler<Cloudflare.Env>;
