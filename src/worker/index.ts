/**
 * What `holdfast/worker` exports: the application's side of a Cloudflare Worker.
 *
 * Owns: the list.
 */
export { consoleLogger } from "./console-logger.ts";
export { createWorker, type HoldfastVariables, type HoldfastWorker, type WorkerOptions } from "./create-worker.ts";
export type { DataConverterOption } from "./data-converter-source.ts";
export type { QueueBatch } from "./queue-handler.ts";
export type { QueueMessage } from "./queue-message.ts";
export { type ExecutionNamespace, workflowService } from "./service-adapter.ts";
export type { ServiceContext } from "./service-lookup.ts";
export type { WorkflowWorkerClass } from "./workflow-worker.ts";
