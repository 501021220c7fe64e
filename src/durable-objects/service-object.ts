/**
 * What a service's object finds around it: workers, queues, other objects, the configuration of namespaces.
 *
 * Owns: where each is looked for, as protected methods that a subclass overrides to bind it otherwise. Nothing is looked
 * up before it is needed.
 */
import { DurableObject } from "cloudflare:workers";
import type { ActivityTaskMessage } from "../core/activity-task.ts";
import { MINIMUM_RUN_INTERVAL_MS } from "../core/limits.ts";
import { type NamespaceConfig, type Namespaces, readNamespaces } from "./namespace-config.ts";
import type { ExecutionNamespace, GarbageBucket, ServiceEnv, WorkflowWorkerStub } from "./service-env.ts";
import { TaskQueueRouting } from "./task-queue-routing.ts";

export abstract class ServiceObject<Env extends ServiceEnv> extends DurableObject<Env> {
  readonly #routing: TaskQueueRouting;
  #namespaces: Namespaces | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#routing = new TaskQueueRouting(env, ctx.exports);
  }

  /** The application's workflow worker for a task queue. Override to bind it otherwise. */
  protected workflowWorker(taskQueue?: string): WorkflowWorkerStub {
    return this.#routing.workflowWorker(taskQueue);
  }

  /** The worker that short activities are handed to directly. Override to return undefined: all go through the queue. */
  protected eagerActivityWorker(taskQueue?: string): Pick<WorkflowWorkerStub, "runActivityTask"> | undefined {
    return this.#routing.isQueueOnly(taskQueue) ? undefined : this.workflowWorker(taskQueue);
  }

  /** The queue that activity tasks of a task queue are sent to. Override to bind it otherwise. */
  protected activityQueue(taskQueue?: string): Queue<ActivityTaskMessage> {
    return this.#routing.activityQueue(taskQueue);
  }

  /** The bucket of the application's `R2PayloadCodec`, if there is one. Override to bind it otherwise. */
  protected payloadBucket(): GarbageBucket | undefined {
    return this.env.HOLDFAST_PAYLOADS;
  }

  /** Least time between the beginnings of two runs of one chain, in milliseconds. Override to let them follow faster. */
  protected minimumRunIntervalMs(): number {
    return MINIMUM_RUN_INTERVAL_MS;
  }

  /** What holds for a namespace; undefined if there is none of this name. Override to say it otherwise. */
  protected namespaceConfig(namespace: string): NamespaceConfig | undefined {
    this.#namespaces ??= readNamespaces(this.env.HOLDFAST_NAMESPACES);
    return this.#namespaces(namespace);
  }

  /** The service's own objects, by which workflows reach each other. Override to bind them otherwise. */
  protected executions(): ExecutionNamespace {
    const exports = this.ctx.exports as { readonly WorkflowExecution?: ExecutionNamespace };
    const executions = this.env.WORKFLOW_EXECUTION ?? exports.WorkflowExecution;
    if (executions) return executions;
    throw new Error(
      "the service cannot reach its own objects: export the class as `WorkflowExecution`, or bind it as " +
        "WORKFLOW_EXECUTION to the Worker that holds it",
    );
  }
}
