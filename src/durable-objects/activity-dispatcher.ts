/**
 * The dispatcher: sends activity tasks where their task queue says, or hands them over to a Worker.
 *
 * Owns: which tasks travel together, and what happens to those that cannot travel: nothing but a line in the log,
 * because a task is sent again until somebody claims it, and a claim made for a Worker that is not there is given back.
 */
import type { ActivityTaskMessage } from "../core/activity-task.ts";
import type { Changes } from "../core/draft.ts";
import type { EventOf } from "../core/history-event.ts";
import { runOptions } from "../core/state.ts";
import { activityMessage, activityTask, refusesTask, sendActivityTasks } from "./activity-dispatch.ts";
import type { LoadedRun } from "./run-store.ts";
import type { WorkflowWorkerStub } from "./service-env.ts";

/** A claim that was made in the name of a Worker. */
interface EagerClaim {
  readonly runId: string;
  readonly scheduledEventId: number;
}

export interface ActivityDispatcherOptions {
  /** The queue of a task queue. Throws when there is none. */
  readonly queue: (taskQueue: string) => Queue<ActivityTaskMessage>;
  /** Whom a task is handed to directly, or undefined if it goes through the queue. Throws when it is not to be found. */
  readonly eagerWorker: (taskQueue: string) => Pick<WorkflowWorkerStub, "runActivityTask"> | undefined;
  /** Gives a claim back: the task then goes through the queue. */
  readonly release: (claim: EagerClaim) => Promise<unknown>;
  /** Keeps the object alive until the promise is settled. */
  readonly keepAlive: (work: Promise<unknown>) => void;
}

export class ActivityDispatcher {
  readonly #options: ActivityDispatcherOptions;

  constructor(options: ActivityDispatcherOptions) {
    this.#options = options;
  }

  /** Sends what changes of a run ask for. Returns at once, and never throws. */
  dispatch(run: LoadedRun, changes: Changes): void {
    for (const [queue, messages] of this.#byQueue(run, changes.dispatch))
      this.#options.keepAlive(sendActivityTasks(queue, messages));
    const eager = new Set(changes.eagerDispatch);
    for (const event of changes.events)
      if (event.eventType === "ActivityTaskScheduled" && eager.has(event.eventId)) this.#handOver(run, event);
  }

  /** Messages of the activities that are still open. Task queues may share a queue. */
  #byQueue(
    run: LoadedRun,
    scheduledEventIds: readonly number[],
  ): ReadonlyMap<Queue<ActivityTaskMessage>, readonly ActivityTaskMessage[]> {
    const lists = new Map<string, ActivityTaskMessage[] | undefined>();
    const byQueue = new Map<Queue<ActivityTaskMessage>, ActivityTaskMessage[]>();
    for (const scheduledEventId of scheduledEventIds) {
      const activity = run.state.activities[scheduledEventId];
      if (!activity) continue;
      const { taskQueue } = runOptions(activity);
      if (!lists.has(taskQueue)) lists.set(taskQueue, this.#listOf(taskQueue, byQueue));
      lists.get(taskQueue)?.push(activityMessage(run, activity));
    }
    return byQueue;
  }

  /** The list that a task queue's messages join. Undefined if there is nowhere to send them. */
  #listOf(
    taskQueue: string,
    byQueue: Map<Queue<ActivityTaskMessage>, ActivityTaskMessage[]>,
  ): ActivityTaskMessage[] | undefined {
    try {
      const queue = this.#options.queue(taskQueue);
      const list = byQueue.get(queue) ?? [];
      byQueue.set(queue, list);
      return list;
    } catch (error) {
      console.error(`holdfast: activity tasks wait, they cannot be sent: ${String(error)}`);
      return undefined;
    }
  }

  /** Hands a claimed activity to the worker, each in a call of its own: they share no limits and no fate. */
  #handOver(run: LoadedRun, scheduled: EventOf<"ActivityTaskScheduled">): void {
    const activity = run.state.activities[scheduled.eventId];
    if (!activity) return;
    const claim = { runId: run.state.identity.runId, scheduledEventId: scheduled.eventId };
    const task = activityTask(run, activity, scheduled);
    const handOver = async (): Promise<void> => {
      const worker = this.#eagerWorker(task.taskQueue);
      const isRefused = worker === undefined || (await refusesTask(worker, task));
      if (isRefused) await this.#options.release(claim);
    };
    this.#options.keepAlive(handOver());
  }

  #eagerWorker(taskQueue: string): Pick<WorkflowWorkerStub, "runActivityTask"> | undefined {
    try {
      return this.#options.eagerWorker(taskQueue);
    } catch (error) {
      console.error(`holdfast: no worker is handed the activities of task queue '${taskQueue}': ${String(error)}`);
      return undefined;
    }
  }
}
