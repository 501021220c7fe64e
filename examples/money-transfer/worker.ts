/**
 * The Worker that the root wrangler.toml runs: the service and the application in one.
 *
 * Owns: the composition, nothing else. `WorkflowExecution` and `BatchOperation` are the service; `WorkflowWorker`, the
 * routes and the queue consumer are the application; `Account` is the example's own.
 */
import { Hono } from "hono";

import { createWorker, type HoldfastVariables } from "../../src/worker/index.ts";
import * as activities from "./activities.ts";
import { answerError, routes } from "./routes.ts";
import * as workflows from "./workflows.ts";

export { BatchOperation, WorkflowExecution } from "../../src/durable-objects/index.ts";
export { Account } from "./account.ts";

const holdfast = createWorker({ workflows, activities });

export const WorkflowWorker = holdfast.WorkflowWorker;

const app = new Hono<{ Bindings: Cloudflare.Env; Variables: HoldfastVariables }>();
app.onError(answerError);
app.use("/transfers/*", holdfast.client());
app.route("/", routes);

export default { fetch: app.fetch, queue: holdfast.queue };
