/**
 * What arrives from outside is checked here, once, before any decision is taken.
 *
 * Owns: well-formedness and size. Each function answers with a rejection that says what is wrong, or undefined.
 */
import type { ActivityOutcome, ClaimActivityRequest, RespondActivityRequest } from "./activity-task.ts";
import type { DeleteRequest, ResetPoint, ResetRequest } from "./control-requests.ts";
import { cronScheduleProblem } from "./cron-schedule.ts";
import type { Failure } from "./failure.ts";
import { idProblem, namespaceProblem, utf8Bytes } from "./identifiers.ts";
import { MAX_ID_BYTES, MAX_MEMO_BYTES, MAX_PAYLOADS_BYTES, MAX_SEARCH_ATTRIBUTES_BYTES } from "./limits.ts";
import {
  type Payloads,
  payloadBytes,
  payloadMapBytes,
  payloadsBytes,
  searchAttributeBytes,
  userMetadataBytes,
} from "./payload.ts";
import type {
  CancelRequest,
  ChildClosedRequest,
  HistoryRequest,
  PollUpdateRequest,
  QueryRequest,
  RunSelector,
  SignalRequest,
  StartRequest,
  TerminateRequest,
  UpdateRequest,
  UpdateWithStartRequest,
} from "./protocol.ts";
import { PROTOCOL_VERSION } from "./protocol.ts";
import { type Rejection, rejected } from "./rejection.ts";
import { retryPolicyProblem } from "./retry-policy.ts";

type Refusal = { readonly ok: false; readonly rejection: Rejection };

/** Requests may come from a caller built at another time; only a version known here is understood. */
export function version(requested: unknown): Refusal | undefined {
  if (requested === PROTOCOL_VERSION) return undefined;
  const message =
    `the service speaks protocol version ${PROTOCOL_VERSION}, the caller ${String(requested)}: ` +
    "deploy service and application with the same major version of holdfast";
  return rejected("ProtocolVersionUnsupported", message);
}

export function invalid(problem: string | undefined): Refusal | undefined {
  return problem === undefined ? undefined : rejected("InvalidArgument", problem);
}

function tooLarge(what: string, bytes: number, limit: number): Refusal | undefined {
  if (bytes <= limit) return undefined;
  return rejected("PayloadTooLarge", `${what}: ${bytes} bytes, the limit is ${limit} bytes`);
}

export function durationProblem(what: string, value: number | undefined): string | undefined {
  if (value === undefined || (Number.isFinite(value) && value >= 0)) return undefined;
  return `${what} must be a number of milliseconds, zero or above`;
}

function oneOf(what: string, value: string | undefined, allowed: readonly string[]): string | undefined {
  if (value === undefined || allowed.includes(value)) return undefined;
  return `${what} must be one of ${allowed.join(", ")}`;
}

export function startRequest(request: StartRequest): Refusal | undefined {
  return (
    version(request.version) ??
    invalid(
      namespaceProblem(request.namespace) ??
        idProblem("workflowId", request.workflowId) ??
        idProblem("workflowType", request.workflowType) ??
        idProblem("taskQueue", request.taskQueue) ??
        idProblem("requestId", request.requestId) ??
        durationProblem("workflowExecutionTimeout", request.workflowExecutionTimeoutMs) ??
        durationProblem("workflowRunTimeout", request.workflowRunTimeoutMs) ??
        durationProblem("workflowTaskTimeout", request.workflowTaskTimeoutMs) ??
        durationProblem("startDelay", request.startDelayMs) ??
        oneOf("workflowIdReusePolicy", request.workflowIdReusePolicy, REUSE_POLICIES) ??
        oneOf("workflowIdConflictPolicy", request.workflowIdConflictPolicy, CONFLICT_POLICIES) ??
        policiesProblem(request) ??
        chainProblem(request),
    ) ??
    tooLarge("workflow input", startBytes(request), MAX_PAYLOADS_BYTES) ??
    tooLarge("memo", payloadMapBytes(request.memo), MAX_MEMO_BYTES) ??
    tooLarge("search attributes", searchAttributeBytes(request.searchAttributes), MAX_SEARCH_ATTRIBUTES_BYTES)
  );
}

function startBytes({ input, header, userMetadata }: StartRequest): number {
  return payloadsBytes(input) + payloadMapBytes(header) + userMetadataBytes(userMetadata);
}

/** Whoever asks names himself in clear, and is named in history: in this request, or in one that is part of it. */
export function identity(request: object): Refusal | undefined {
  for (const part of [request, ...NAMED_PARTS.map((name) => Reflect.get(request, name) as unknown)]) {
    if (typeof part !== "object" || part === null || !("identity" in part)) continue;
    const { identity: named } = part;
    // An absent one has a default, and one that is empty names nobody.
    if (named === undefined || named === "") continue;
    const problem = idProblem("identity", named);
    if (problem !== undefined) return invalid(problem);
  }
  return undefined;
}

const NAMED_PARTS = ["start", "signal", "update"];

function chainProblem({ retryPolicy, cronSchedule, startDelayMs }: StartRequest): string | undefined {
  const schedule = cronSchedule ? cronScheduleProblem(cronSchedule) : undefined;
  if (schedule !== undefined) return schedule;
  if (cronSchedule && startDelayMs !== undefined) return "cronSchedule and startDelay exclude each other";
  const policy = retryPolicy && retryPolicyProblem(retryPolicy);
  return policy === undefined ? undefined : `retry policy of the workflow: ${policy}`;
}

/** One says that the id is not to be used again, the other uses it again. */
function policiesProblem({ workflowIdReusePolicy, workflowIdConflictPolicy }: StartRequest): string | undefined {
  const contradict = workflowIdReusePolicy === "REJECT_DUPLICATE" && workflowIdConflictPolicy === "TERMINATE_EXISTING";
  if (!contradict) return undefined;
  return "workflowIdReusePolicy REJECT_DUPLICATE cannot be used together with workflowIdConflictPolicy TERMINATE_EXISTING";
}

/** What a signal with start may not ask of its start. */
export function signalWithStartPolicy({ workflowIdConflictPolicy }: StartRequest): Refusal | undefined {
  if (workflowIdConflictPolicy !== "FAIL") return undefined;
  return rejected("InvalidArgument", "workflowIdConflictPolicy FAIL is not supported by a signal with start");
}

const REUSE_POLICIES = ["ALLOW_DUPLICATE", "ALLOW_DUPLICATE_FAILED_ONLY", "REJECT_DUPLICATE"];
const CONFLICT_POLICIES = ["FAIL", "USE_EXISTING", "TERMINATE_EXISTING"];
const REJECT_CONDITIONS = ["NONE", "NOT_OPEN", "NOT_COMPLETED_CLEANLY"];

export function selectorProblem(request: RunSelector): string | undefined {
  if (request.runId !== undefined) return idProblem("runId", request.runId);
  if (request.firstExecutionRunId !== undefined) return idProblem("firstExecutionRunId", request.firstExecutionRunId);
  return undefined;
}

export function signalRequest(request: SignalRequest): Refusal | undefined {
  return (
    version(request.version) ??
    invalid(
      selectorProblem(request) ??
        idProblem("signalName", request.signalName) ??
        idProblem("requestId", request.requestId),
    ) ??
    tooLarge("signal input", payloadsBytes(request.input) + payloadMapBytes(request.header), MAX_PAYLOADS_BYTES)
  );
}

export function childClosedRequest(request: ChildClosedRequest): Refusal | undefined {
  return (
    version(request.version) ??
    invalid(idProblem("parentRunId", request.parentRunId) ?? idProblem("workflowId", request.child.workflowId))
  );
}

export function cancelRequest(request: CancelRequest): Refusal | undefined {
  return version(request.version) ?? invalid(selectorProblem(request) ?? reasonProblem(request.reason));
}

export function terminateRequest(request: TerminateRequest): Refusal | undefined {
  return (
    version(request.version) ??
    invalid(selectorProblem(request) ?? reasonProblem(request.reason)) ??
    tooLarge("termination details", payloadsBytes(request.details), MAX_PAYLOADS_BYTES)
  );
}

export function deleteRequest(request: DeleteRequest): Refusal | undefined {
  return version(request.version) ?? invalid(selectorProblem(request));
}

export function resetRequest(request: ResetRequest): Refusal | undefined {
  return (
    version(request.version) ??
    invalid(
      selectorProblem(request) ??
        idProblem("requestId", request.requestId) ??
        resetPointProblem(request.resetPoint) ??
        reasonProblem(request.reason) ??
        excludeProblem(request.reapplyExclude),
    )
  );
}

/** What is wrong with what a reset is to do, whatever run it is for. */
export function resetProblem(reset: Pick<ResetRequest, "resetPoint" | "reapplyExclude">): string | undefined {
  return resetPointProblem(reset.resetPoint) ?? excludeProblem(reset.reapplyExclude);
}

function resetPointProblem(point: ResetPoint | undefined): string | undefined {
  if (point?.kind === "firstWorkflowTask" || point?.kind === "lastWorkflowTask") return undefined;
  if (point && Number.isInteger(point.eventId) && point.eventId > 0) return undefined;
  return "resetPoint must be the first or last workflow task, or an event id: a whole number above zero";
}

function excludeProblem(excluded: readonly string[] = []): string | undefined {
  const problems = excluded.map((type) => oneOf("reapplyExclude", type, ["SIGNAL", "UPDATE"]));
  return problems.find((problem) => problem !== undefined);
}

export function reasonProblem(reason: string | undefined): string | undefined {
  if (reason === undefined || utf8Bytes(reason) <= MAX_ID_BYTES) return undefined;
  return `reason must be at most ${MAX_ID_BYTES} bytes of UTF-8; it is stored in clear, so put details elsewhere`;
}

export function queryRequest(request: QueryRequest): Refusal | undefined {
  return (
    version(request.version) ??
    invalid(
      selectorProblem(request) ??
        idProblem("queryType", request.queryType) ??
        idProblem("queryId", request.queryId) ??
        oneOf("rejectCondition", request.rejectCondition, REJECT_CONDITIONS),
    ) ??
    tooLarge("query arguments", payloadsBytes(request.args) + payloadMapBytes(request.header), MAX_PAYLOADS_BYTES)
  );
}

const UPDATE_STAGES = ["ACCEPTED", "COMPLETED"];

export function updateRequest(request: UpdateRequest): Refusal | undefined {
  return (
    version(request.version) ??
    invalid(
      selectorProblem(request) ??
        idProblem("updateId", request.updateId) ??
        idProblem("updateName", request.updateName) ??
        stageProblem(request.waitForStage),
    ) ??
    tooLarge("update arguments", payloadsBytes(request.args) + payloadMapBytes(request.header), MAX_PAYLOADS_BYTES)
  );
}

function stageProblem(stage: string | undefined): string | undefined {
  // It decides when the caller is answered, so there is no value to take for granted.
  return stage === undefined ? "waitForStage must be given" : oneOf("waitForStage", stage, UPDATE_STAGES);
}

export function pollUpdateRequest(request: PollUpdateRequest): Refusal | undefined {
  return (
    version(request.version) ??
    invalid(selectorProblem(request) ?? idProblem("updateId", request.updateId) ?? stageProblem(request.waitForStage))
  );
}

export function updateWithStartRequest({
  version: spoken,
  start,
  update,
}: UpdateWithStartRequest): Refusal | undefined {
  const problem =
    start.workflowIdConflictPolicy === undefined ? "an update with start needs a workflowIdConflictPolicy" : undefined;
  return version(spoken) ?? startRequest(start) ?? invalid(problem) ?? updateRequest(update);
}

function isWhole(value: number | undefined): boolean {
  return value === undefined || (Number.isInteger(value) && value > 0);
}

export function historyRequest(request: HistoryRequest): Refusal | undefined {
  const { fromEventId, maxBytes } = request;
  const problem =
    isWhole(fromEventId) && isWhole(maxBytes) ? undefined : "fromEventId and maxBytes must be whole and above zero";
  return version(request.version) ?? invalid(selectorProblem(request) ?? problem);
}

export function claimRequest(request: ClaimActivityRequest): Refusal | undefined {
  return (
    version(request.version) ?? invalid(idProblem("claimId", request.claimId) ?? idProblem("runId", request.runId))
  );
}

/** A version together with one list of payloads. */
export function payloads(what: string, requested: unknown, list: Payloads | undefined): Refusal | undefined {
  return version(requested) ?? tooLarge(what, payloadsBytes(list), MAX_PAYLOADS_BYTES);
}

export function outcome(request: Pick<RespondActivityRequest, "version" | "outcome">): Refusal | undefined {
  return (
    version(request.version) ??
    invalid(outcomeProblem(request.outcome)) ??
    tooLarge("activity outcome", outcomeBytes(request.outcome), MAX_PAYLOADS_BYTES)
  );
}

/** Reports about an activity that is named by its id. */
export function activityById(request: { readonly activityId: string; readonly runId?: string }): Refusal | undefined {
  return invalid(idProblem("activityId", request.activityId) ?? selectorProblem(request));
}

const OUTCOME_KINDS = ["completed", "failed", "canceled"];

function outcomeProblem(reported: ActivityOutcome): string | undefined {
  const delayMs = reported.kind === "failed" ? reported.failure.applicationFailureInfo?.nextRetryDelayMs : undefined;
  return oneOf("outcome kind", reported.kind, OUTCOME_KINDS) ?? durationProblem("nextRetryDelay", delayMs);
}

function outcomeBytes(reported: ActivityOutcome): number {
  switch (reported.kind) {
    case "completed":
      return payloadsBytes(reported.result);
    case "failed":
      return failureBytes(reported.failure) + payloadsBytes(reported.lastHeartbeatDetails);
    case "canceled":
      return payloadsBytes(reported.details);
  }
}

/** Payload bytes of a failure and its causes; clear text in it counts by characters. */
export function failureBytes(failure: Failure | undefined): number {
  if (!failure) return 0;
  return (
    (failure.message?.length ?? 0) +
    (failure.stackTrace?.length ?? 0) +
    (failure.source?.length ?? 0) +
    (failure.applicationFailureInfo?.type?.length ?? 0) +
    (failure.encodedAttributes ? payloadBytes(failure.encodedAttributes) : 0) +
    payloadsBytes(failure.applicationFailureInfo?.details) +
    payloadsBytes(failure.canceledFailureInfo?.details) +
    payloadsBytes(failure.timeoutFailureInfo?.lastHeartbeatDetails) +
    failureBytes(failure.cause)
  );
}
