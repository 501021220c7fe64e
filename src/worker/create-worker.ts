/**
 * An application's Worker, put together: the entrypoint for the service, the queue handler, the client for routes.
 *
 * Owns: the settings and which part gets which. Nothing is read from the environment before the first piece of work.
 */
import { createMiddleware } from "hono/factory";
import type { MiddlewareHandler } from "hono";

import { type Duration, type LoadedDataConverter, msOptionalToNumber, ValueError } from "../codec/index.ts";
import { namespaceProblem } from "../core/identifiers.ts";
import type { WorkflowFailureErrorTypes } from "../replay/failure-types.ts";
import type { LocalActivityRunner, WorkflowSource } from "../replay/index.ts";
import type { WorkflowInterceptorsFactory } from "../replay/interceptors.ts";
import type { InjectedSinks, Sinks } from "../replay/sinks.ts";
import { systemTimers } from "../sdk/activity/activity-timers.ts";
import type { ActivityInterceptorsFactory } from "../sdk/activity/interceptors.ts";
import { Client } from "../sdk/client/client.ts";
import type { ClientInterceptors } from "../sdk/client/interceptors.ts";
import { systemTiming } from "../sdk/client/transient-retry.ts";
import { type Logger, type MetricMeter, noopMetricMeter } from "../sdk/common/index.ts";
import { ActivityConsumer } from "./activity-consumer.ts";
import { ActivityRegistry } from "./activity-registry.ts";
import { consoleLogger } from "./console-logger.ts";
import { batchOperations } from "./batch-adapter.ts";
import { type DataConverterOption, DataConverterSource } from "./data-converter-source.ts";
import { activityRunTimes } from "./invocation.ts";
import { type QueueBatch, queueHandler } from "./queue-handler.ts";
import { localActivityRunner } from "./local-activities.ts";
import { metricSinks } from "./metric-sinks.ts";
import { type ExecutionNamespace, workflowService } from "./service-adapter.ts";
import { findBatchOperations, findService, type ServiceContext } from "./service-lookup.ts";
import { type WorkflowWorkerClass, workflowWorkerClass } from "./workflow-worker.ts";

const DEFAULT_NAMESPACE = "default";
const DEFAULT_IDENTITY = "holdfast-worker";

/** A module of interceptors of workflow code. */
export interface WorkflowInterceptorsModule {
  readonly interceptors?: WorkflowInterceptorsFactory | undefined;
}

/** What is put around the calls of an application; of each list the first is the outermost. */
export interface WorkerInterceptors {
  /** Around the calls of its clients. */
  readonly client?: ClientInterceptors | undefined;
  /** Around workflow code, as module namespaces: `import * as tracing from "./tracing-interceptors.ts"`. */
  readonly workflowModules?: readonly WorkflowInterceptorsModule[] | undefined;
  /** Around activities, local ones too. */
  readonly activity?: readonly ActivityInterceptorsFactory[] | undefined;
}

export interface WorkerOptions<Env extends object> {
  /**
   * The workflow functions by name, as a module namespace: `import * as workflows from "./workflows.ts"`. Or a bundle of
   * `holdfast/bundler`, which gives every run its own modules: `import workflows from "./workflows.bundle.js"`.
   */
  readonly workflows: object;
  /** The activity functions by name. One named `default` takes the tasks of activities that are not there. */
  readonly activities?: object | undefined;
  /** The namespace that this application's clients use. Default: "default". */
  readonly namespace?: string | undefined;
  /**
   * How values become payloads. Where it gives no `payloadCodecs`, payloads are encrypted with the keys of
   * HOLDFAST_ENCRYPTION_KEYS; to send them in clear, give an empty list.
   */
  readonly dataConverter?: DataConverterOption<Env> | undefined;
  /** The service's Durable Object namespace. Default: this Worker's export, else the binding WORKFLOW_EXECUTION. */
  readonly service?: ((env: Env, ctx: ServiceContext) => ExecutionNamespace) | undefined;
  /** The namespace of its batch operations. Default: the binding BATCH_OPERATION, else this Worker's export. */
  readonly batchOperations?: ((env: Env, ctx: ServiceContext) => ExecutionNamespace) | undefined;
  /** Queues that hold dead letters, besides those whose names end in "-dlq". */
  readonly deadLetterQueues?: readonly string[] | undefined;
  /** Who ran an activity; stored in history and readable by the service. */
  readonly identity?: string | undefined;
  /**
   * How long activities that still run near the end of an invocation have after they were told so (WORKER_SHUTDOWN). The
   * attempt then fails, with its last heartbeat, and the next one follows at once. Default: 10 seconds; at most one
   * second for an activity that was not brought by the queue.
   */
  readonly shutdownGraceTime?: Duration | undefined;
  /** Longest pause between two heartbeats of an activity that go out. Default: 60 seconds. */
  readonly maxHeartbeatThrottleInterval?: Duration | undefined;
  /** Pause between two heartbeats of an activity without a heartbeat timeout. Default: 30 seconds. */
  readonly defaultHeartbeatThrottleInterval?: Duration | undefined;
  /** How long one invocation of the queue handler lasts at most. Default: 15 minutes, which is the platform's limit. */
  readonly consumerTimeLimit?: Duration | undefined;
  readonly interceptors?: WorkerInterceptors | undefined;
  /** What is done with the calls that workflow code makes through `proxySinks`. */
  readonly sinks?: InjectedSinks<Sinks> | undefined;
  /**
   * Names of error classes that fail a workflow instead of its workflow task, by workflow type; under "*" for all types.
   * Names of superclasses count. "NondeterminismError" stands for code that differs from its history.
   */
  readonly workflowFailureErrorTypes?: WorkflowFailureErrorTypes | undefined;
  /** Default: `consoleLogger()`, which leaves out TRACE and DEBUG. */
  readonly logger?: Logger | undefined;
  /** Where the metrics of workflow code and activities go, in clear. Default: nowhere. */
  readonly metricMeter?: MetricMeter | undefined;
}

/** What the middleware puts on hono's context, as `c.var.client`. */
export interface HoldfastVariables {
  client: Client;
}

export interface HoldfastWorker<Env extends object> {
  /** To be exported under this name; the service finds it by it. */
  readonly WorkflowWorker: WorkflowWorkerClass<Env>;
  /** The queue handler: activity tasks, and dead letters. */
  readonly queue: (batch: QueueBatch, env: Env, ctx: ServiceContext) => Promise<void>;
  /** hono middleware that puts a client on the context. */
  readonly client: () => MiddlewareHandler<{ Bindings: Env; Variables: HoldfastVariables }>;
  /** A client for code outside hono. Throws `EncryptionKeyMissingError` when there is no key. */
  readonly createClient: (env: Env, ctx: ServiceContext) => Client;
}

/**
 * Makes the parts of an application's Worker. Throws `ValueError` for a malformed namespace or times that make no sense.
 *
 * @example
 * const holdfast = createWorker<Env>({ workflows, activities });
 * export const WorkflowWorker = holdfast.WorkflowWorker;
 * app.use(holdfast.client());
 * export default { fetch: app.fetch, queue: holdfast.queue };
 */
export function createWorker<Env extends object = Cloudflare.Env>(options: WorkerOptions<Env>): HoldfastWorker<Env> {
  const { namespace = DEFAULT_NAMESPACE, logger = consoleLogger(), service: find = findService } = options;
  const { batchOperations: findBatches = findBatchOperations } = options;
  const problem = namespaceProblem(namespace);
  if (problem !== undefined) throw new ValueError(problem);
  const converters = new DataConverterSource<Env>(options.dataConverter);
  const activityConsumer = consumerFactory(options, converters, logger);
  const createClient = (env: Env, ctx: ServiceContext): Client =>
    new Client({
      service: {
        ...workflowService(find(env, ctx)),
        batchOperation: batchOperations(() => findBatches(env, ctx)),
      },
      namespace,
      dataConverter: converters.of(env),
      interceptors: options.interceptors?.client,
    });
  return {
    WorkflowWorker: workflowWorkerClass<Env>({
      workflows: options.workflows as WorkflowSource,
      dataConverter: (env) => converters.of(env),
      activityConsumer,
      localActivities: localActivitiesFactory(options, logger),
      session: {
        interceptors: workflowInterceptors(options.interceptors?.workflowModules ?? []),
        sinks: { ...options.sinks, ...metricSinks(options.metricMeter ?? noopMetricMeter) },
        workflowFailureErrorTypes: options.workflowFailureErrorTypes,
      },
      logger,
    }),
    queue: queueHandler<Env>({
      service: (env, ctx) => workflowService(find(env, ctx)),
      consumer: activityConsumer,
      deadLetterQueues: options.deadLetterQueues ?? [],
      logger,
    }),
    client: () =>
      createMiddleware<{ Bindings: Env; Variables: HoldfastVariables }>(async (c, next) => {
        c.set("client", createClient(c.env, c.executionCtx));
        await next();
      }),
    createClient,
  };
}

/** The factories of modules. A module without one is passed over. Throws `TypeError` for what is no function. */
function workflowInterceptors(modules: readonly WorkflowInterceptorsModule[]): readonly WorkflowInterceptorsFactory[] {
  const factories = modules.map(({ interceptors }) => interceptors).filter((factory) => factory !== undefined);
  for (const factory of factories as readonly unknown[])
    if (typeof factory !== "function")
      throw new TypeError(
        `A workflow interceptors module must export a function \`interceptors\`, not ${typeof factory}`,
      );
  return factories;
}

function localActivitiesFactory(
  options: Pick<WorkerOptions<never>, "activities" | "interceptors" | "metricMeter">,
  logger: Logger,
): (dataConverter: LoadedDataConverter) => LocalActivityRunner {
  const activities = new ActivityRegistry(options.activities ?? {});
  return (dataConverter) =>
    localActivityRunner({
      activities,
      interceptors: options.interceptors?.activity,
      metricMeter: options.metricMeter,
      dataConverter,
      logger,
      timers: systemTimers,
      now: () => Date.now(),
    });
}

function consumerFactory<Env extends object>(
  options: WorkerOptions<Env>,
  converters: DataConverterSource<Env>,
  logger: Logger,
): (env: Env, ctx: ServiceContext) => ActivityConsumer {
  const { service: find = findService, identity = DEFAULT_IDENTITY } = options;
  const activities = new ActivityRegistry(options.activities ?? {});
  const runTimes = activityRunTimes(options);
  const heartbeatThrottle = {
    maximumMs: msOptionalToNumber(options.maxHeartbeatThrottleInterval),
    defaultMs: msOptionalToNumber(options.defaultHeartbeatThrottleInterval),
  };
  return (env, ctx) =>
    new ActivityConsumer({
      service: workflowService(find(env, ctx)),
      dataConverter: converters.of(env),
      activities,
      interceptors: options.interceptors?.activity,
      metricMeter: options.metricMeter,
      identity,
      logger,
      timing: systemTiming,
      timers: systemTimers,
      runTimes,
      heartbeatThrottle,
      newId: () => crypto.randomUUID(),
    });
}
