/**
 * Activity tasks from the queue: each message is claimed, run and reported on its own.
 *
 * Owns: what becomes of a message. Until a task is claimed the queue is its keeper, and a message that could not be
 * claimed goes back to it; from the claim on the service is, so the message is acknowledged whatever happens next.
 *
 *   message ──malformed──▶ ack, logged
 *      │
 *    claim ──no answer──▶ retry, later each time        ──refused, stale──▶ ack
 *      │
 *     ack ──▶ run ──▶ respond ──no answer──▶ tried again, then left to the service's timeouts
 *              └─left open─▶ nothing: somebody else reports
 */
import type { LoadedDataConverter } from "../codec/index.ts";
import { ApplicationFailure } from "../codec/index.ts";
import type { ActivityOutcome, ActivityTask, ActivityTaskMessage } from "../core/activity-task.ts";
import { PROTOCOL_VERSION, type WorkflowExecutionRpc, type WorkflowService } from "../core/protocol.ts";
import type { Rejection, RejectionCode, Reply } from "../core/rejection.ts";
import { ActivityExecution } from "../sdk/activity/activity-execution.ts";
import type { HeartbeatThrottle } from "../sdk/activity/heartbeat-sender.ts";
import type { ActivityInterceptorsFactory } from "../sdk/activity/interceptors.ts";
import type { ActivityTimers } from "../sdk/activity/activity-timers.ts";
import { isOverloaded, isTransient, type RetryTiming, retryTransient } from "../sdk/client/transient-retry.ts";
import { failedOutcome } from "../sdk/common/activity-payloads.ts";
import type { Logger, MetricMeter } from "../sdk/common/index.ts";
import { parseActivityMessage } from "./activity-message.ts";
import type { ActivityRegistry } from "./activity-registry.ts";
import { AttemptWatch, type AttemptWatchOptions } from "./attempt-watch.ts";
import { type ActivityRunTimes, activityRunTimes, Invocation } from "./invocation.ts";
import { type QueueMessage, retryLater } from "./queue-message.ts";

/** Tries of a response. A result lost means that the activity runs again, so they span over half a minute. */
const MAX_RESPONSE_ATTEMPTS = 40;

export interface ActivityConsumerOptions {
  readonly service: WorkflowService;
  readonly dataConverter: LoadedDataConverter;
  readonly activities: ActivityRegistry;
  readonly interceptors?: readonly ActivityInterceptorsFactory[] | undefined;
  readonly metricMeter?: MetricMeter | undefined;
  readonly identity: string;
  readonly logger: Logger;
  readonly timing: RetryTiming;
  readonly timers: ActivityTimers;
  readonly heartbeatThrottle?: HeartbeatThrottle | undefined;
  /** When activities are told that the invocation is about to end. Default: as the platform's limits ask for. */
  readonly runTimes?: ActivityRunTimes | undefined;
  /** Makes an id that was never made before. */
  readonly newId: () => string;
}

/** The answers to a claim that no further try will change. */
const STALE: readonly RejectionCode[] = ["WorkflowNotFound", "WorkflowAlreadyCompleted", "ActivityNotFound"];
/** The answers to a response that say its contents were refused. */
const REFUSED: readonly RejectionCode[] = ["PayloadTooLarge", "InvalidArgument"];

export class ActivityConsumer {
  readonly #options: ActivityConsumerOptions;
  readonly #runTimes: ActivityRunTimes;

  constructor(options: ActivityConsumerOptions) {
    this.#options = options;
    this.#runTimes = options.runTimes ?? activityRunTimes();
  }

  /** Handles all messages at once; resolves when the last activity is over. Never rejects. */
  async consume(messages: readonly QueueMessage[]): Promise<void> {
    const invocation = new Invocation(this.#options.timers, this.#runTimes.queuedMs);
    await Promise.all(messages.map(async (message) => await this.#handle(message, invocation)));
    invocation.done();
  }

  /** Runs a task that was claimed already, after the call that brought it was answered. Never rejects. */
  async run(task: ActivityTask): Promise<void> {
    const invocation = new Invocation(this.#options.timers, this.#runTimes.eagerMs);
    await this.#run(task, invocation);
    invocation.done();
  }

  /** Runs a claimed task and reports it. Never rejects. */
  async #run(task: ActivityTask, invocation: Invocation): Promise<void> {
    try {
      await this.#attempt(task, invocation);
    } catch (error) {
      // Nothing more can be done for this attempt here: the service's timeouts find out and try again.
      this.#options.logger.error("An activity attempt ended without a report.", { ...taskAttributes(task), error });
    }
  }

  async #handle(message: QueueMessage, invocation: Invocation): Promise<void> {
    const task = await this.#claim(message);
    if (!task) return;
    message.ack();
    await this.#run(task, invocation);
  }

  /** The task a message points to, if it is to be run here. Otherwise the message has been dealt with. */
  async #claim(message: QueueMessage): Promise<ActivityTask | undefined> {
    const { logger } = this.#options;
    const parsed = parseActivityMessage(message.body);
    switch (parsed.kind) {
      case "malformed":
        logger.error(`A message is no activity task and is dropped: ${parsed.problem}.`, { messageId: message.id });
        message.ack();
        return undefined;
      case "foreignVersion":
        logger.warn(`A message has version ${parsed.version}, which this Worker does not know.`, {
          messageId: message.id,
        });
        retryLater(message);
        return undefined;
      case "task":
        return await this.#claimTask(message, parsed.message);
    }
  }

  async #claimTask(message: QueueMessage, pointer: ActivityTaskMessage): Promise<ActivityTask | undefined> {
    const { logger } = this.#options;
    const meta = { ...pointer, messageId: message.id };
    try {
      const reply = await this.#sendClaim(pointer);
      if (reply.ok) {
        if (reply.value.claimed) return reply.value.task;
        logger.debug(`A message is stale and is dropped: ${reply.value.reason}.`, meta);
        message.ack();
      } else if (STALE.includes(reply.rejection.code)) {
        logger.debug(`A message is stale and is dropped: ${reply.rejection.message}.`, meta);
        message.ack();
      } else {
        logger.warn(`A claim was refused and is tried again later: ${reply.rejection.message}.`, meta);
        retryLater(message);
      }
    } catch (error) {
      logger.warn("A claim could not reach the service and is tried again later.", { ...meta, error });
      retryLater(message);
    }
    return undefined;
  }

  #sendClaim(pointer: ActivityTaskMessage): ReturnType<WorkflowExecutionRpc["claimActivity"]> {
    const { service, timing, identity, newId } = this.#options;
    const { runId, scheduledEventId, attempt } = pointer;
    // One id for all tries of this delivery: a claim whose reply was lost is answered again. Another delivery of the
    // same message gets another id, and is refused.
    const request = {
      version: PROTOCOL_VERSION,
      runId,
      scheduledEventId,
      attempt,
      claimId: newId(),
      identity,
    } as const;
    return retryTransient(
      () => service.execution(pointer.namespace, pointer.workflowId).claimActivity(request),
      timing,
    );
  }

  async #attempt(task: ActivityTask, invocation: Invocation): Promise<void> {
    const { logger, timers } = this.#options;
    const execution = this.#execution(task);
    const watch = new AttemptWatch({ open: this.#watching(task), hear: (news) => execution.hear(news), timers });
    const ending = await invocation.attend(execution, execution.run()).finally(() => watch.stop());
    switch (ending.kind) {
      case "respond":
        await this.#respond(task, ending.outcome);
        return;
      case "leftOpen":
        logger.debug("An activity attempt is left open, to be completed from outside.", taskAttributes(task));
        return;
      case "abandoned":
        logger.info(`An activity attempt is not reported: ${ending.reason}.`, taskAttributes(task));
    }
  }

  #execution(task: ActivityTask): ActivityExecution {
    const { dataConverter, activities, timers, logger, service, timing } = this.#options;
    const { taskToken } = task;
    return new ActivityExecution({
      task,
      activity: activities.find(task.activityType),
      dataConverter,
      interceptors: this.#options.interceptors,
      metricMeter: this.#options.metricMeter,
      heartbeatThrottle: this.#options.heartbeatThrottle,
      ports: {
        timers,
        logger,
        heartbeat: (details) => {
          const request = { version: PROTOCOL_VERSION, taskToken, ...(details ? { details } : {}) } as const;
          return retryTransient(
            () => service.execution(task.namespace, task.workflowId).heartbeatActivity(request),
            timing,
          );
        },
      },
    });
  }

  #watching({ namespace, workflowId, taskToken }: ActivityTask): AttemptWatchOptions["open"] {
    const request = { version: PROTOCOL_VERSION, taskToken } as const;
    return (tell) => this.#options.service.watchActivity(namespace, workflowId, request, tell);
  }

  async #respond(task: ActivityTask, outcome: ActivityOutcome): Promise<void> {
    const reply = await this.#sendResponse(task, outcome);
    if (reply.ok) return;
    if (!REFUSED.includes(reply.rejection.code)) {
      this.#logUnwanted(task, reply.rejection);
      return;
    }
    // The activity is over but its outcome cannot be stored. The workflow has to learn that; trying again would only
    // repeat the side effects for the same outcome.
    const { code, message } = reply.rejection;
    const failure = ApplicationFailure.nonRetryable(`The activity's outcome was refused: ${message}`, code);
    const second = await this.#sendResponse(task, await failedOutcome(task, this.#options.dataConverter, failure));
    if (!second.ok) this.#logUnwanted(task, second.rejection);
  }

  #sendResponse(task: ActivityTask, outcome: ActivityOutcome): Promise<Reply<{ readonly accepted: true }>> {
    const { service, timing, identity } = this.#options;
    const request = { version: PROTOCOL_VERSION, taskToken: task.taskToken, outcome, identity } as const;
    return retryTransient(
      () => service.execution(task.namespace, task.workflowId).respondActivity(request),
      timing,
      MAX_RESPONSE_ATTEMPTS,
      // To give up would not spare an overloaded object anything: the activity would run again, and report again.
      (error) => isTransient(error) || isOverloaded(error),
    );
  }

  #logUnwanted(task: ActivityTask, rejection: Rejection): void {
    const message = `The outcome of an activity attempt was not taken: ${rejection.message}.`;
    if (STALE.includes(rejection.code)) this.#options.logger.info(message, taskAttributes(task));
    else this.#options.logger.error(message, taskAttributes(task));
  }
}

function taskAttributes(task: ActivityTask): Record<string, unknown> {
  const { namespace, workflowId, runId, activityId, activityType, attempt } = task;
  return { namespace, workflowId, runId, activityId, activityType, attempt };
}
