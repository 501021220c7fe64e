/**
 * What an operator asks of a workflow, and of its activities, from values to the wire and back.
 *
 * Owns: these requests, each made once, so that all tries of a call are the same one. They go through no interceptor.
 */
import type {
  ActivityControlReply,
  ActivitySelector,
  UpdateActivityOptionsReply,
} from "../../core/control-requests.ts";
import { PROTOCOL_VERSION, type RunSelector, type WorkflowExecutionRpc } from "../../core/protocol.ts";
import type { Reply } from "../../core/rejection.ts";
import {
  type ActivityOptionsUpdate,
  type ActivityOptionsUpdateResult,
  compileActivityOptionsUpdate,
  decodeActivityOptions,
} from "./activity-options-update.ts";
import { ActivityNotFoundError } from "./async-completion-errors.ts";
import { valueOf } from "./rejection-errors.ts";
import type { ServiceCaller } from "./service-caller.ts";
import type { WorkflowExecutionDescription } from "./workflow-description.ts";

/** Options for pausing an activity. The reason is readable by the service. */
export interface ActivityPauseOptions {
  readonly reason?: string | undefined;
}

/** Options for unpausing an activity. */
export interface ActivityUnpauseOptions {
  /** The next attempt is the first again. Default: false. */
  readonly resetAttempts?: boolean | undefined;
  /** The next attempt is not given the details of the last heartbeat. Default: false. */
  readonly resetHeartbeat?: boolean | undefined;
}

/** Options for resetting an activity. */
export interface ActivityResetOptions {
  /** The next attempt is not given the details of the last heartbeat. Default: false. */
  readonly resetHeartbeat?: boolean | undefined;
  /** An activity that is paused stays so. Default: false, which unpauses it. */
  readonly keepPaused?: boolean | undefined;
  /** It is run with what it was scheduled with again. Default: false. */
  readonly restoreOriginalOptions?: boolean | undefined;
}

/** The run that is meant, of a workflow. */
export interface OperatedWorkflow {
  readonly workflowId: string;
  readonly run: RunSelector;
}

/** The activities that are meant, of a run. */
export interface OperatedActivities extends OperatedWorkflow {
  readonly activity: ActivitySelector;
}

export interface OperatorRequestsOptions {
  readonly caller: ServiceCaller;
  readonly identity: string;
  /** Makes an id that was never made before. */
  readonly newId: () => string;
}

export class OperatorRequests {
  readonly #options: OperatorRequestsOptions;

  constructor(options: OperatorRequestsOptions) {
    this.#options = options;
  }

  async pause(workflow: OperatedWorkflow, reason: string | undefined): Promise<void> {
    const request = this.#pauseRequest(workflow, reason);
    await this.#call(workflow, (execution) => execution.pause(request));
  }

  async unpause(workflow: OperatedWorkflow, reason: string | undefined): Promise<void> {
    const request = this.#pauseRequest(workflow, reason);
    await this.#call(workflow, (execution) => execution.unpause(request));
  }

  async pauseActivity(meant: OperatedActivities, { reason }: ActivityPauseOptions = {}): Promise<readonly string[]> {
    const request = { ...this.#activityRequest(meant), ...(reason === undefined ? {} : { reason }) };
    return idsOf(await this.#call(meant, (execution) => execution.pauseActivity(request)));
  }

  async unpauseActivity(meant: OperatedActivities, options: ActivityUnpauseOptions = {}): Promise<readonly string[]> {
    const { resetAttempts, resetHeartbeat } = options;
    const request = {
      ...this.#activityRequest(meant),
      ...(resetAttempts ? { resetAttempts } : {}),
      ...(resetHeartbeat ? { resetHeartbeat } : {}),
    };
    return idsOf(await this.#call(meant, (execution) => execution.unpauseActivity(request)));
  }

  async resetActivity(meant: OperatedActivities, options: ActivityResetOptions = {}): Promise<readonly string[]> {
    const { resetHeartbeat, keepPaused, restoreOriginalOptions } = options;
    const request = {
      ...this.#activityRequest(meant),
      ...(resetHeartbeat ? { resetHeartbeat } : {}),
      ...(keepPaused ? { keepPaused } : {}),
      ...(restoreOriginalOptions ? { restoreOriginalOptions } : {}),
    };
    return idsOf(await this.#call(meant, (execution) => execution.resetActivity(request)));
  }

  async updateActivityOptions(
    meant: OperatedActivities,
    update: ActivityOptionsUpdate,
  ): Promise<ActivityOptionsUpdateResult> {
    const request = { ...this.#activityRequest(meant), options: compileActivityOptionsUpdate(update) };
    return optionsOf(await this.#call(meant, (execution) => execution.updateActivityOptions(request)));
  }

  async restoreOriginalOptions(meant: OperatedActivities): Promise<ActivityOptionsUpdateResult> {
    const request = { ...this.#activityRequest(meant), restoreOriginal: true };
    return optionsOf(await this.#call(meant, (execution) => execution.updateActivityOptions(request)));
  }

  #pauseRequest({ run }: OperatedWorkflow, reason: string | undefined) {
    const { newId, identity } = this.#options;
    const why = reason === undefined ? {} : { reason };
    return { version: PROTOCOL_VERSION, ...run, requestId: newId(), identity, ...why } as const;
  }

  #activityRequest({ run, activity }: OperatedActivities) {
    return { version: PROTOCOL_VERSION, ...run, activity, identity: this.#options.identity } as const;
  }

  async #call<T>(
    { workflowId, run }: OperatedWorkflow,
    operation: (execution: WorkflowExecutionRpc) => Promise<Reply<T>>,
  ): Promise<T> {
    const reply = await this.#options.caller.call(workflowId, operation);
    if (!reply.ok && reply.rejection.code === "ActivityNotFound")
      throw new ActivityNotFoundError(reply.rejection.message);
    return valueOf(reply, { workflowId, runId: run.runId });
  }
}

function idsOf({ activityIds }: ActivityControlReply): readonly string[] {
  return activityIds;
}

function optionsOf({ options }: UpdateActivityOptionsReply): ActivityOptionsUpdateResult {
  return decodeActivityOptions(options);
}

/** The activity as its workflow's description has it. Throws `ActivityNotFoundError` if it is not open. */
export function pendingActivity(
  { pendingActivities, workflowId, runId }: WorkflowExecutionDescription,
  activityId: string,
): WorkflowExecutionDescription["pendingActivities"][number] {
  const activity = pendingActivities.find((pending) => pending.activityId === activityId);
  if (activity) return activity;
  throw new ActivityNotFoundError(`no activity with the id '${activityId}' is open in run ${runId} of '${workflowId}'`);
}
