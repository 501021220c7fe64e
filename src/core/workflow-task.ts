/**
 * The workflow task between the service and the workflow worker.
 *
 * Owns: wire shapes of a session, and the two forms of an update. The service opens a session, appends pages of history, and runs tasks in it; the
 * worker keeps the replayed workflow in memory for as long as the session lives. A session that is lost costs a
 * replay, nothing else.
 */
import type { ActivityTask } from "./activity-task.ts";
import type { Command } from "./command.ts";
import type { Failure } from "./failure.ts";
import type { HistoryEvent, SdkMetadata, UpdateRequestRecord, WorkflowTaskFailedCause } from "./history-event.ts";
import type { PayloadMap, Payloads } from "./payload.ts";

export interface OpenSession {
  readonly version: 1;
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly workflowType: string;
  readonly taskQueue: string;
}

export interface WorkflowTask {
  /** Every event the session has not seen, up to and with this task's WorkflowTaskStarted. */
  readonly events: readonly HistoryEvent[];
  readonly startedEventId: number;
  readonly attempt: number;
  /** Updates that wait to be accepted or rejected, in order of arrival. Told after the signals of this task. */
  readonly updates?: readonly UpdateMessage[];
}

/** An update on its way to the workflow. */
export interface UpdateMessage {
  readonly updateId: string;
  readonly updateName: string;
  readonly args?: Payloads;
  readonly header?: PayloadMap;
  readonly identity?: string;
}

/** An update that history shows, as a message. */
export function messageOf({ meta, input }: UpdateRequestRecord): UpdateMessage {
  const { updateId, identity } = meta;
  return {
    updateId,
    updateName: input.name,
    ...(input.args ? { args: input.args } : {}),
    ...(input.header ? { header: input.header } : {}),
    ...(identity === undefined ? {} : { identity }),
  };
}

/** An update on its way to the workflow, as history shows it. */
export function recordOf({ updateId, updateName, args, header, identity }: UpdateMessage): UpdateRequestRecord {
  return {
    meta: { updateId, ...(identity === undefined ? {} : { identity }) },
    input: { name: updateName, ...(args ? { args } : {}), ...(header ? { header } : {}) },
  };
}

export type WorkflowTaskResult =
  | {
      readonly kind: "completed";
      readonly commands: readonly Command[];
      readonly sdkMetadata?: SdkMetadata;
      /** The task ends to gain time (a local activity is still running): the next one is to follow at once. */
      readonly forceNewWorkflowTask?: true;
    }
  | { readonly kind: "failed"; readonly cause: WorkflowTaskFailedCause; readonly failure: Failure };

export interface WorkflowQuery {
  /** Every event the session has not seen. Ends after a completed workflow task; holds no unanswered one. */
  readonly events: readonly HistoryEvent[];
  readonly queryId: string;
  readonly queryType: string;
  readonly args?: Payloads;
  readonly header?: PayloadMap;
}

export type WorkflowQueryResult =
  | { readonly kind: "answered"; readonly result: Payloads }
  | { readonly kind: "notRegistered"; readonly message: string }
  | { readonly kind: "failed"; readonly failure: Failure };

/** One replayed workflow in a worker's memory. Calls come one at a time. */
export interface WorkflowSessionRpc {
  /** Hands over a page of history that `runTask` or `query` will continue from. */
  append(events: readonly HistoryEvent[]): Promise<void>;
  runTask(task: WorkflowTask): Promise<WorkflowTaskResult>;
  query(query: WorkflowQuery): Promise<WorkflowQueryResult>;
}

/** An activity task on its short way, past the queue. */
export interface ActivityTaskOffer {
  readonly version: 1;
  readonly task: ActivityTask;
}

export type ActivityTaskAnswer = { readonly accepted: true } | { readonly accepted: false; readonly reason: string };

/** The entrypoint that an application exports for the service. */
export interface WorkflowWorkerRpc {
  openSession(open: OpenSession): Promise<WorkflowSessionRpc>;
  /**
   * Takes an activity task that the service has claimed in this worker's name, and answers at once; the activity runs
   * afterwards. `accepted: false` says for certain that it will not run.
   */
  runActivityTask(offer: ActivityTaskOffer): Promise<ActivityTaskAnswer>;
}
