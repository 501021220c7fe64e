/**
 * What arrives from operators is checked here before it is decided: pausing, and the control of activities.
 *
 * Owns: well-formedness and size. Each function answers with a rejection that says what is wrong, or undefined.
 */
import type {
  ActivityControlRequest,
  ActivityOptionsChange,
  ActivitySelector,
  PauseActivityRequest,
  PauseWorkflowRequest,
  UnpauseWorkflowRequest,
  UpdateActivityOptionsRequest,
} from "./control-requests.ts";
import { idProblem } from "./identifiers.ts";
import type { Rejection } from "./rejection.ts";
import { durationProblem, invalid, reasonProblem, selectorProblem, version } from "./request-check.ts";

type Refusal = { readonly ok: false; readonly rejection: Rejection };

export function pauseWorkflow(request: PauseWorkflowRequest | UnpauseWorkflowRequest): Refusal | undefined {
  return (
    version(request.version) ??
    invalid(
      selectorProblem(request) ??
        idProblem("requestId", request.requestId) ??
        reasonProblem(request.reason) ??
        identityProblem(request.identity),
    )
  );
}

export function activityControl(request: ActivityControlRequest): Refusal | undefined {
  return (
    version(request.version) ??
    invalid(selectorProblem(request) ?? activityProblem(request.activity) ?? identityProblem(request.identity))
  );
}

export function pauseActivity(request: PauseActivityRequest): Refusal | undefined {
  return activityControl(request) ?? invalid(reasonProblem(request.reason));
}

export function updateActivityOptions(request: UpdateActivityOptionsRequest): Refusal | undefined {
  const { options, restoreOriginal } = request;
  return activityControl(request) ?? invalid(changeProblem(options, restoreOriginal === true));
}

/** It is stored in clear beside what was done. */
function identityProblem(identity: string | undefined): string | undefined {
  return identity === undefined || identity === "" ? undefined : idProblem("identity", identity);
}

function activityProblem(activity: ActivitySelector | undefined): string | undefined {
  switch (activity?.kind) {
    case "id":
      return idProblem("activityId", activity.activityId);
    case "type":
      return idProblem("activityType", activity.activityType);
    case "all":
      return undefined;
    default:
      return "activity must say which activities are meant: one by its id, those of a type, or all";
  }
}

function changeProblem(options: ActivityOptionsChange | undefined, restoresOriginal: boolean): string | undefined {
  const given = Object.values(options ?? {}).filter((value) => value !== undefined);
  if (given.length === 0 && !restoresOriginal) return "options must name what is to be changed";
  if (!options) return undefined;
  return (
    (options.taskQueue === undefined ? undefined : idProblem("taskQueue", options.taskQueue)) ??
    durationProblem("scheduleToCloseTimeout", options.scheduleToCloseTimeoutMs) ??
    durationProblem("scheduleToStartTimeout", options.scheduleToStartTimeoutMs) ??
    durationProblem("startToCloseTimeout", options.startToCloseTimeoutMs) ??
    durationProblem("heartbeatTimeout", options.heartbeatTimeoutMs)
  );
}
