/** A workflow that leaves a rejection, beside one that does not; a route that starts both and says how they fare. */
import { env } from "cloudflare:workers";

import { WorkflowExecution } from "../../../src/durable-objects/index.ts";
import { sleep } from "../../../src/sdk/workflow/index.ts";
import { createWorker } from "../../../src/worker/index.ts";

async function leavesARejection(): Promise<void> {
  void Promise.reject(new Error("nobody handles this"));
  await sleep("1 hour");
}

async function minds(): Promise<string> {
  await sleep(10);
  return "its own business";
}

const holdfast = createWorker({ workflows: { leavesARejection, minds } });
export const WorkflowWorker = holdfast.WorkflowWorker;
export { WorkflowExecution };

export default {
  queue: holdfast.queue,
  async fetch(_request, _env, ctx) {
    const { workflow } = holdfast.createClient(env, ctx);
    const careless = await workflow.start(leavesARejection, { workflowId: "careless" });
    const result = await workflow.execute(minds, { workflowId: "careful" });
    for (let tries = 0; tries < 100; tries += 1) {
      const { raw } = await careless.describe();
      const task = raw.pendingWorkflowTask;
      if ((task?.attempt ?? 0) >= 2)
        return Response.json({ result, status: raw.status, type: task?.lastFailure?.applicationFailureInfo?.type });
      await scheduler.wait(20);
    }
    return new Response("the task has not failed", { status: 500 });
  },
} satisfies ExportedHandler<Cloudflare.Env>;
