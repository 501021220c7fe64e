/**
 * `holdfast/durable-objects`: the service. Deploy it beside the application or as a Worker of its own; it holds neither
 * the application's code nor its keys.
 */
export type { ActivityTaskMessage } from "../core/activity-task.ts";
export type { GarbageBucket, ServiceEnv, TaskQueueRoute, WorkflowWorkerStub } from "./service-env.ts";
export type { NamespaceConfig, NamespaceSettings, NamespacesVariable } from "./namespace-config.ts";
export type { BatchOperationEnv } from "./batch-bindings.ts";
export { BatchOperation } from "./batch-operation.ts";
export { WorkflowExecution } from "./workflow-execution.ts";
