/** The Worker of the example as it was first deployed. */
import { shopWith } from "./application.ts";
import * as workflows from "./workflows-with-bug.ts";

export { BatchOperation, WorkflowExecution } from "../../src/durable-objects/index.ts";

const { app, holdfast } = shopWith(workflows);

export const WorkflowWorker = holdfast.WorkflowWorker;

export default { fetch: app.fetch, queue: holdfast.queue };
