/**
 * `holdfast/durable-objects`: the service. Deploy it beside the application or as a Worker of its own; it holds neither
 * the application's code nor its keys.
 */
export type { ActivityTaskMessage } from "../core/activity-task.ts";
export type { ServiceEnv, WorkflowWorkerStub } from "./service-env.ts";
export { WorkflowExecution } from "./workflow-execution.ts";
