/**
 * The bindings a service needs, by their default names.
 *
 * Owns: names and types only. The application's worker is found among the Worker's own exports or, when service and
 * application are deployed apart, behind a service binding.
 */
import type { ActivityTaskMessage } from "../core/activity-task.ts";
import type { KeepsHistoryRequest, WorkflowExecutionRpc } from "../core/protocol.ts";
import type { Reply } from "../core/rejection.ts";
import type { NamespacesVariable } from "./namespace-config.ts";
import type { ActivityTaskAnswer, ActivityTaskOffer, OpenSession, WorkflowSessionRpc } from "../core/workflow-task.ts";

/** Where the tasks of one task queue go. What is absent is as without an entry. */
export interface TaskQueueRoute {
  /** Name of the queue binding that activity tasks are sent to. */
  readonly queue?: string;
  /** Name of the service binding (or of this Worker's own export) that runs workflow tasks and short activities. */
  readonly workflowWorker?: string;
}

/** What clearing away asks of a bucket. Every R2 bucket binding is one. */
export interface GarbageBucket {
  delete(keys: string[]): Promise<void>;
  list(options: { prefix: string; limit: number; cursor?: string }): Promise<{
    readonly objects: readonly { readonly key: string; readonly uploaded: Date }[];
    readonly truncated: boolean;
    readonly cursor?: string;
  }>;
}

export interface ServiceEnv {
  /** Producer of the queue whose consumer runs activities. */
  readonly ACTIVITY_TASKS: Queue<ActivityTaskMessage>;
  /** Entrypoint `WorkflowWorker` of the application's Worker, when that is another Worker. */
  readonly WORKFLOW_WORKER?: WorkflowWorkerStub;
  /** Which bindings serve which task queue, where it is not the two above: see `TaskQueueRoute`. Or its JSON. */
  readonly HOLDFAST_TASK_QUEUES?: Readonly<Record<string, TaskQueueRoute>> | string;
  /** The bucket that the application's `R2PayloadCodec` uses, so that retention clears it. */
  readonly HOLDFAST_PAYLOADS?: GarbageBucket;
  /** The namespaces there are, and how long each keeps closed runs. Without it: every namespace, three days. */
  readonly HOLDFAST_NAMESPACES?: NamespacesVariable;
  /** The service's own namespace of objects, when the class is not exported as `WorkflowExecution`. */
  readonly WORKFLOW_EXECUTION?: ExecutionNamespace;
}

/** What one execution does to another. */
export interface ExecutionStub extends Pick<
  WorkflowExecutionRpc,
  "start" | "signal" | "requestCancel" | "terminate" | "childClosed"
> {
  keepsHistory(request: KeepsHistoryRequest): Promise<Reply<{ readonly kept: boolean }>>;
}

/** Objects by name, as a Durable Object namespace gives them. */
export interface ExecutionNamespace {
  getByName(name: string): ExecutionStub;
}

/** A session as the service holds it: calls go to the worker, disposing frees its memory there. */
export interface WorkflowSessionStub extends WorkflowSessionRpc, Disposable {}

/** What `openSession` gives before it is awaited: calls made on it travel in the same round trip. */
export type PendingSession = Promise<WorkflowSessionStub> & Pick<WorkflowSessionRpc, "runTask" | "query" | "append">;

export interface WorkflowWorkerStub {
  openSession(open: OpenSession): PendingSession;
  runActivityTask(offer: ActivityTaskOffer): Promise<ActivityTaskAnswer>;
}
