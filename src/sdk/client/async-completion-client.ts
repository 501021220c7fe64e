/**
 * Reports about activities from outside their worker: results, failures, cancellations, heartbeats.
 *
 * Owns: finding out what an activity's payloads are bound to, and encoding them so. A task token says it itself; an id
 * costs a question to the service.
 */
import {
  decodeText,
  encodeValues,
  type DataConverter,
  loadDataConverter,
  type LoadedDataConverter,
  ValueError,
} from "../../codec/index.ts";
import {
  type ActivityOutcome,
  decodeTaskToken,
  type HeartbeatActivityReply,
  type TaskToken,
} from "../../core/activity-task.ts";
import { namespaceProblem } from "../../core/identifiers.ts";
import type { Payloads } from "../../core/payload.ts";
import { PROTOCOL_VERSION, type WorkflowExecutionRpc, type WorkflowService } from "../../core/protocol.ts";
import type { Reply } from "../../core/rejection.ts";
import { activityChannel, activityEncoding, type ActivityPlace, failedOutcome } from "../common/activity-payloads.ts";
import {
  ActivityCancelledError,
  ActivityCompletionError,
  ActivityPausedError,
  ActivityResetError,
  reportError,
} from "./async-completion-errors.ts";
import { ServiceError } from "./errors.ts";
import { ServiceCaller } from "./service-caller.ts";
import { type RetryTiming, systemTiming } from "./transient-retry.ts";
import { checkId } from "./workflow-options.ts";

const DEFAULT_NAMESPACE = "default";
const DEFAULT_IDENTITY = "holdfast-client";

export interface AsyncCompletionClientOptions {
  /** How the service is reached. */
  readonly service: WorkflowService;
  /** How values become payloads, the same as on the workers. */
  readonly dataConverter: DataConverter;
  /** Default: "default". */
  readonly namespace?: string | undefined;
  /** Who reports; stored in history and readable by the service. */
  readonly identity?: string | undefined;
}

/** An activity by the ids that name it to people. Whichever attempt of it runs is meant. */
export interface FullActivityId {
  readonly workflowId: string;
  /** Default: the workflow's current run. */
  readonly runId?: string | undefined;
  readonly activityId: string;
}

/** An activity that can be reported about. */
interface Target {
  readonly place: ActivityPlace;
  readonly respond: (execution: WorkflowExecutionRpc, outcome: ActivityOutcome) => Promise<Reply<unknown>>;
  readonly heartbeat: (
    execution: WorkflowExecutionRpc,
    details: Payloads | undefined,
  ) => Promise<Reply<HeartbeatActivityReply>>;
}

/**
 * Completes activities that ended with a `CompleteAsyncError`, and heartbeats for them.
 *
 * All methods reject with `ActivityNotFoundError` when no such activity is running, `ActivityCompletionError` when the
 * report was refused or got no answer, and `ValueError` for a malformed id.
 *
 * @example
 * await client.activity.complete({ workflowId: "transfer-1", activityId: "1" }, "approved");
 */
export class AsyncCompletionClient {
  readonly namespace: string;
  readonly #identity: string;
  readonly #dataConverter: LoadedDataConverter;
  readonly #caller: ServiceCaller;

  /** Throws `ValueError` for a malformed namespace or data converter. */
  constructor(
    options: AsyncCompletionClientOptions,
    ports: { readonly timing: RetryTiming } = { timing: systemTiming },
  ) {
    const { namespace = DEFAULT_NAMESPACE } = options;
    const problem = namespaceProblem(namespace);
    if (problem !== undefined) throw new ValueError(problem);
    this.namespace = namespace;
    this.#identity = options.identity ?? DEFAULT_IDENTITY;
    this.#dataConverter = loadDataConverter(options.dataConverter);
    this.#caller = new ServiceCaller(options.service, namespace, ports.timing);
  }

  /**
   * Ends an activity with a result. By its id that is possible also while no attempt runs.
   *
   * @example
   * await client.activity.complete(taskToken, { approvedBy: "alice" });
   */
  async complete(activity: Uint8Array | FullActivityId, result: unknown): Promise<void> {
    const target = await this.#target(activity);
    const payloads = await this.#encoded("activity-result", target.place, [result]);
    await this.#respond(target, { kind: "completed", ...(payloads ? { result: payloads } : {}) });
  }

  /**
   * Fails the attempt that runs. Its retry policy says whether another follows.
   *
   * @example
   * await client.activity.fail(taskToken, ApplicationFailure.nonRetryable("refused", "Refused"));
   */
  async fail(activity: Uint8Array | FullActivityId, error: unknown): Promise<void> {
    const target = await this.#target(activity);
    await this.#respond(target, await failedOutcome(target.place, this.#dataConverter, error));
  }

  /**
   * Ends an activity as cancelled. Its workflow must have asked for that: see `heartbeat`.
   *
   * @example
   * await client.activity.reportCancellation(taskToken, { rowsImported: 700 });
   */
  async reportCancellation(activity: Uint8Array | FullActivityId, details?: unknown): Promise<void> {
    const target = await this.#target(activity);
    const payloads = await this.#encoded("activity-cancellation", target.place, listed(details));
    await this.#respond(target, { kind: "canceled", ...(payloads ? { details: payloads } : {}) });
  }

  /**
   * Says that an activity is being worked on, and how far it has come. Rejects with `ActivityCancelledError`,
   * `ActivityResetError` or `ActivityPausedError` when the activity is to stop; the heartbeat has been taken then.
   *
   * @example
   * await client.activity.heartbeat(taskToken, { nextRow: 1_000 });
   */
  async heartbeat(activity: Uint8Array | FullActivityId, details?: unknown): Promise<void> {
    const target = await this.#target(activity);
    const payloads = await this.#encoded("heartbeat", target.place, listed(details));
    const news = await this.#call(target.place, (execution) => target.heartbeat(execution, payloads));
    if (news.cancelRequested) throw new ActivityCancelledError("cancelled");
    if (news.activityReset) throw new ActivityResetError("reset");
    if (news.activityPaused) throw new ActivityPausedError("paused");
  }

  async #target(activity: Uint8Array | FullActivityId): Promise<Target> {
    return activity instanceof Uint8Array ? this.#byToken(activity) : await this.#byId(activity);
  }

  #byToken(bytes: Uint8Array): Target {
    const taskToken = decodeText(bytes);
    const token = decodeTaskToken(taskToken);
    if (!token) throw new ActivityCompletionError("This is no task token, or that of a local activity");
    if (token.namespace !== this.namespace)
      throw new ActivityCompletionError(
        `The task token belongs to namespace '${token.namespace}', the client to '${this.namespace}'`,
      );
    const identity = this.#identity;
    return {
      place: placeOf(token),
      respond: (execution, outcome) =>
        execution.respondActivity({ version: PROTOCOL_VERSION, taskToken, outcome, identity }),
      heartbeat: (execution, details) =>
        execution.heartbeatActivity({ version: PROTOCOL_VERSION, taskToken, ...(details ? { details } : {}) }),
    };
  }

  async #byId({ workflowId, activityId, ...given }: FullActivityId): Promise<Target> {
    checkId("workflowId", workflowId);
    checkId("activityId", activityId);
    const { namespace } = this;
    const selector = given.runId === undefined ? {} : { runId: given.runId };
    const { runId, originalExecutionRunId } = await this.#call({ workflowId }, (execution) =>
      execution.describe({ version: PROTOCOL_VERSION, ...selector }),
    );
    const identity = this.#identity;
    // The run that was asked about, so that no other can take a report that is encoded for this one.
    const meant = { version: PROTOCOL_VERSION, runId, activityId } as const;
    return {
      place: { namespace, workflowId, originalExecutionRunId, activityId },
      respond: (execution, outcome) => execution.respondActivityById({ ...meant, outcome, identity }),
      heartbeat: (execution, details) => execution.heartbeatActivityById({ ...meant, ...(details ? { details } : {}) }),
    };
  }

  async #encoded(
    kind: Parameters<typeof activityChannel>[0],
    place: ActivityPlace,
    values: readonly unknown[],
  ): Promise<Payloads | undefined> {
    return await encodeValues(activityEncoding(place, this.#dataConverter), activityChannel(kind, place), values);
  }

  async #respond({ place, respond }: Target, outcome: ActivityOutcome): Promise<void> {
    await this.#call(place, (execution) => respond(execution, outcome));
  }

  async #call<T>(
    { workflowId }: Pick<ActivityPlace, "workflowId">,
    operation: (execution: WorkflowExecutionRpc) => Promise<Reply<T>>,
  ): Promise<T> {
    let reply: Reply<T>;
    try {
      reply = await this.#caller.call(workflowId, operation);
    } catch (error) {
      if (error instanceof ServiceError) throw new ActivityCompletionError(error.message, { cause: error });
      throw error;
    }
    if (reply.ok) return reply.value;
    throw reportError(reply.rejection);
  }
}

function placeOf({
  namespace,
  workflowId,
  runId,
  activityId,
  originalExecutionRunId = runId,
}: TaskToken): ActivityPlace {
  return { namespace, workflowId, activityId, originalExecutionRunId };
}

function listed(details: unknown): readonly unknown[] {
  return details === undefined ? [] : [details];
}
