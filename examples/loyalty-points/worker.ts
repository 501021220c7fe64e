/** The Worker of the example, mended. `worker-with-bug.ts` is what was deployed before. */
import { shopWith } from "./application.ts";
import * as workflows from "./workflows.ts";

export { BatchOperation, WorkflowExecution } from "../../src/durable-objects/index.ts";

const { app, holdfast } = shopWith(workflows);

export const WorkflowWorker = holdfast.WorkflowWorker;

export default { fetch: app.fetch, queue: holdfast.queue };
