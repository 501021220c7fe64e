/**
 * What `holdfast/worker` exports: the application's side of a Cloudflare Worker.
 *
 * Owns: the list.
 */
export { consoleLogger } from "./console-logger.ts";
export {
  createWorker,
  type HoldfastVariables,
  type HoldfastWorker,
  type WorkerInterceptors,
  type WorkerOptions,
  type WorkflowInterceptorsModule,
} from "./create-worker.ts";
export { HistoryFormatError } from "../core/history-json-reading.ts";
export { NondeterminismError, ReplayError } from "../replay/determinism-errors.ts";
export {
  type HistoryToReplay,
  type ReplayableHistory,
  replayHistories,
  replayHistory,
  type ReplayHistoryOptions,
  type ReplayOptions,
  type ReplayResult,
} from "../replay/replay-history.ts";
export type { DataConverterOption } from "./data-converter-source.ts";
export type { QueueBatch } from "./queue-handler.ts";
export type { QueueMessage } from "./queue-message.ts";
export { type ExecutionNamespace, workflowService } from "./service-adapter.ts";
export type { ServiceContext } from "./service-lookup.ts";
export type { WorkflowWorkerClass } from "./workflow-worker.ts";
export type { WorkflowBundle, WorkflowInstance } from "../replay/workflow-bundle.ts";
export type { WorkflowFailureErrorTypes } from "../replay/failure-types.ts";
export type { InjectedSink, InjectedSinkFunction, InjectedSinks } from "../replay/sinks.ts";
export type {
  ActivityExecuteInput,
  ActivityInboundCallsInterceptor,
  ActivityInterceptors,
  ActivityInterceptorsFactory,
  ActivityOutboundCallsInterceptor,
} from "../sdk/activity/interceptors.ts";
export { type DataConverter, defaultPayloadConverter, IllegalStateError } from "../codec/index.ts";
export type { GetLogAttributesInput, GetMetricTagsInput, Headers, Next } from "../replay/interceptors.ts";
export type { Logger, LogLevel, LogMetadata } from "../sdk/common/index.ts";
