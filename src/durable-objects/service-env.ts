/**
 * The bindings a service needs, by their default names.
 *
 * Owns: names and types only. The application's worker is found among the Worker's own exports or, when service and
 * application are deployed apart, behind a service binding.
 */
import type { ActivityTaskMessage } from "../core/activity-task.ts";
import type { WorkflowExecutionRpc } from "../core/protocol.ts";
import type { ActivityTaskAnswer, ActivityTaskOffer, OpenSession, WorkflowSessionRpc } from "../core/workflow-task.ts";

export interface ServiceEnv {
  /** Producer of the queue whose consumer runs activities. */
  readonly ACTIVITY_TASKS: Queue<ActivityTaskMessage>;
  /** Entrypoint `WorkflowWorker` of the application's Worker, when that is another Worker. */
  readonly WORKFLOW_WORKER?: WorkflowWorkerStub;
  /** The service's own namespace of objects, when the class is not exported as `WorkflowExecution`. */
  readonly WORKFLOW_EXECUTION?: ExecutionNamespace;
}

/** What one execution does to another. */
export type ExecutionStub = Pick<
  WorkflowExecutionRpc,
  "start" | "signal" | "requestCancel" | "terminate" | "childClosed"
>;

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
