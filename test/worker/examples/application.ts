import { Hono } from "hono";

import { createWorker, type HoldfastVariables } from "../../../src/worker/index.ts";
import * as activities from "./activities.ts";
import * as workflows from "./workflows.ts";

interface Env {
  readonly HOLDFAST_ENCRYPTION_KEYS: string;
}

const holdfast = createWorker<Env>({ workflows, activities });
export const WorkflowWorker = holdfast.WorkflowWorker;

const app = new Hono<{ Bindings: Env; Variables: HoldfastVariables }>();
app.use(holdfast.client());
app.get("/greetings/:name", async (c) => {
  const name = c.req.param("name");
  const greeting = await c.var.client.workflow.execute(workflows.greet, {
    workflowId: `greet-${name}`,
    workflowIdConflictPolicy: "USE_EXISTING",
    args: [name],
  });
  return c.text(greeting);
});

export default { fetch: app.fetch, queue: holdfast.queue };
