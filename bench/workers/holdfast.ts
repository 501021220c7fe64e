/**
 * Holdfast, timed: the application with the Durable Object class exactly as it is published.
 *
 * Owns: the exports that the service and the queue look for.
 */
import { app, holdfast } from "./holdfast-application.ts";

export { WorkflowExecution } from "../../src/durable-objects/index.ts";

export const WorkflowWorker = holdfast.WorkflowWorker;

export default { fetch: app.fetch, queue: holdfast.queue };
