/**
 * The Worker that is killed: service and application in one, the default deployment.
 *
 * Owns: the composition. The gates are closed for no workflow but those the test names.
 */
import { Hono } from "hono";

import type { ActivityTaskMessage } from "../../../src/core/activity-task.ts";
import type { HoldfastVariables } from "../../../src/worker/index.ts";
import type { CrashEnv } from "./bindings.ts";
import { gate } from "./gate.ts";
import { answerError, routes } from "./routes.ts";
import { holdfast } from "./workflow-worker.ts";

export { WorkflowExecution } from "./service.ts";
export { WorkflowWorker } from "./workflow-worker.ts";

const app = new Hono<{ Bindings: CrashEnv; Variables: HoldfastVariables }>();
app.onError(answerError);
app.use("/workflows/*", holdfast.client());
app.route("/", routes);

export default {
  fetch: app.fetch,
  async queue(batch, env, ctx) {
    const workflowIds = new Set(batch.messages.map(({ body }) => body.workflowId));
    for (const workflowId of workflowIds) await gate(workflowId, "delivery");
    await holdfast.queue(batch, env, ctx);
  },
} satisfies ExportedHandler<CrashEnv, ActivityTaskMessage>;
