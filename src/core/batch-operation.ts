/**
 * A batch operation: one request carried out on every execution of a list, and what has become of it.
 *
 *   state \ request | begin, same   | begin, other | add                | run                   | settle             | stop      | expire
 *   ----------------+---------------+--------------+--------------------+-----------------------+--------------------+-----------+-----------------
 *   none            | created       | created      | refused            | refused               | refused            | refused   | -
 *   created         | goes on       | refused      | next page taken;   | running; completed if | -                  | stopped   | deleted when it
 *                   |               |              | gaps are refused   | the list is empty     |                    |           | does not grow
 *   running         | as it is      | refused      | repeated pages     | as it is              | running, completed | stopped   | -
 *                   |               |              | only               |                       | with the last      |           |
 *   stopped         | as it is      | refused      | the same           | as it is              | what was under way | as it is  | deleted when its
 *   completed       | as it is      | refused      | the same           | as it is              | -                  | as it is  | retention ends
 *
 * Owns: these transitions, which executions are next, how often one that gives no answer is tried, and how many are
 * acted on at once. The job is one value; the list stays outside and is meant by places in it. Whatever was under way
 * when a job is loaded again was never settled and is done again: the requests carry the same ids then.
 */
import * as check from "./batch-check.ts";
import {
  type AddBatchTargetsRequest,
  type BatchAction,
  type BatchDescription,
  type BatchFailure,
  type BatchState,
  type BatchTarget,
  type BeginBatchReply,
  type BeginBatchRequest,
  EMPTY_TARGETS_DIGEST,
  type RunBatchRequest,
  type StopBatchRequest,
  targetsDigest,
} from "./batch-protocol.ts";
import {
  BATCH_UPLOAD_RETENTION_MS,
  DEFAULT_BATCH_CONCURRENCY,
  MAX_BATCH_ATTEMPTS,
  MAX_BATCH_CHARACTERS,
  MAX_BATCH_EXECUTIONS,
} from "./limits.ts";
import { type Rejection, type Reply, rejected } from "./rejection.ts";

/** Executions between two commits of the job: what is done again after a crash is at most this much. */
export const BATCH_CHUNK_SIZE = 500;
/** While so many executions wait for another try, no new ones are begun: something is wrong, and the job must stay small. */
export const MAX_BATCH_RETRIES_WAITING = 500;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 60_000;
/** Rest after the service has said that it is overloaded. */
const OVERLOAD_REST_MS = 2_000;
const MAX_MESSAGE_CHARACTERS = 500;

/** An execution that gave no answer. */
export interface BatchRetry {
  readonly index: number;
  /** Tries so far. */
  readonly attempts: number;
  readonly notBeforeMs: number;
}

/** Everything about a job but its list. Plain data: it is stored as its JSON. */
export interface BatchJob {
  readonly namespace: string;
  readonly jobId: string;
  readonly action: BatchAction;
  readonly reason: string;
  readonly identity?: string;
  readonly maximumConcurrency: number;
  readonly requestsPerSecond?: number;
  readonly requestId: string;
  readonly state: BatchState;
  readonly stop?: { readonly reason: string; readonly identity?: string };
  readonly createdMs: number;
  readonly lastReceivedMs: number;
  readonly startedMs?: number;
  readonly closedMs?: number;
  readonly received: number;
  readonly receivedCharacters: number;
  readonly digest: number;
  /** The first target that was not tried yet. */
  readonly next: number;
  readonly completed: number;
  readonly failed: number;
  readonly retries: readonly BatchRetry[];
  readonly concurrency: number;
  readonly notBeforeMs: number;
}

/** What came of one try. */
export type BatchOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  /** Nobody knows whether it was carried out. */
  | { readonly kind: "unanswered"; readonly message: string; readonly overloaded: boolean };

export interface BatchResult {
  readonly index: number;
  readonly target: Pick<BatchTarget, "workflowId" | "runId">;
  /** Tries so far, this one included. */
  readonly attempts: number;
  readonly outcome: BatchOutcome;
}

export interface BatchRequests {
  /** `newRequestId`: one that was never made before. */
  begin: BeginBatchRequest & { readonly newRequestId: string };
  add: AddBatchTargetsRequest;
  run: RunBatchRequest;
  /** The results of a chunk that was begun at `begunMs`. */
  settle: { readonly begunMs: number; readonly results: readonly BatchResult[] };
  stop: StopBatchRequest;
  /** `retentionMs`: how long a job that has ended is kept. */
  expire: { readonly retentionMs: number };
}

export interface BatchValues {
  begin: BeginBatchReply;
  add: { readonly received: number };
  run: BatchDescription;
  settle: undefined;
  stop: BatchDescription;
  expire: { readonly deleted: boolean };
}

export type BatchRequestKind = keyof BatchRequests;

export type BatchDecision<T> =
  | {
      readonly ok: true;
      /** The same value where nothing has changed. */
      readonly job: BatchJob | undefined;
      /** Targets to be added to the list. */
      readonly targets?: { readonly from: number; readonly targets: readonly BatchTarget[] };
      /** Failures to be added to the report. */
      readonly failures?: readonly BatchFailure[];
      readonly value: T;
    }
  | { readonly ok: false; readonly rejection: Rejection };

type Current = BatchJob | undefined;

/**
 * Decides a request about a job. Never throws for a caller's mistake.
 *
 * @example
 * const decision = decideBatch(job, "stop", { version: 1, reason: "the wrong list" }, nowMs);
 */
export function decideBatch<K extends BatchRequestKind>(
  job: Current,
  kind: K,
  request: BatchRequests[K],
  nowMs: number,
): BatchDecision<BatchValues[K]> {
  return HANDLERS[kind](job, request, nowMs);
}

const HANDLERS: {
  readonly [K in BatchRequestKind]: (
    job: Current,
    request: BatchRequests[K],
    nowMs: number,
  ) => BatchDecision<BatchValues[K]>;
} = {
  begin: (job, request, nowMs) => check.beginRequest(request) ?? begin(job, request, nowMs),
  add: (job, request, nowMs) => check.addRequest(request) ?? onJob(job, (open) => add(open, request, nowMs)),
  run: (job, request, nowMs) => check.runRequest(request) ?? onJob(job, (open) => run(open, request, nowMs)),
  settle: (job, request, nowMs) => onJob(job, (open) => settle(open, request, nowMs)),
  stop: (job, request, nowMs) => check.stopRequest(request) ?? onJob(job, (open) => stop(open, request, nowMs)),
  expire: (job, { retentionMs }, nowMs) => expire(job, retentionMs, nowMs),
};

function onJob<T>(job: Current, handle: (job: BatchJob) => BatchDecision<T>): BatchDecision<T> {
  return job ? handle(job) : batchNotFound();
}

export function batchNotFound(): { readonly ok: false; readonly rejection: Rejection } {
  return rejected("BatchOperationNotFound", "there is no batch operation under this job id");
}

function begin(job: Current, request: BatchRequests["begin"], nowMs: number): BatchDecision<BeginBatchReply> {
  if (job && !isSameAction(job.action, request.action))
    return rejected("BatchOperationAlreadyStarted", `the job id '${job.jobId}' belongs to another batch operation`);
  const begun = job ?? newJob(request, nowMs);
  const { state, requestId, received, digest } = begun;
  return { ok: true, job: begun, value: { state, requestId, received, digest } };
}

function newJob(request: BatchRequests["begin"], nowMs: number): BatchJob {
  const { namespace, jobId, action, reason, identity, requestsPerSecond } = request;
  const concurrency = request.concurrency ?? DEFAULT_BATCH_CONCURRENCY;
  return {
    namespace,
    jobId,
    action,
    reason,
    ...(identity === undefined ? {} : { identity }),
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
    maximumConcurrency: concurrency,
    requestId: request.newRequestId,
    state: "created",
    createdMs: nowMs,
    lastReceivedMs: nowMs,
    received: 0,
    receivedCharacters: 0,
    digest: EMPTY_TARGETS_DIGEST,
    next: 0,
    completed: 0,
    failed: 0,
    retries: [],
    concurrency,
    notBeforeMs: 0,
  };
}

function isSameAction(one: BatchAction, other: BatchAction): boolean {
  return actionName(one) === actionName(other);
}

/** Everything about an action that tells it from another, in one order. */
function actionName(action: BatchAction): string {
  switch (action.kind) {
    case "signal":
      return JSON.stringify([action.kind, action.signalName]);
    case "reset": {
      const { resetPoint, reapplyExclude = [] } = action;
      const eventId = resetPoint.kind === "event" ? resetPoint.eventId : 0;
      return JSON.stringify([action.kind, resetPoint.kind, eventId, [...reapplyExclude].sort()]);
    }
    case "cancel":
    case "terminate":
    case "delete":
      return action.kind;
  }
}

function add(job: BatchJob, request: AddBatchTargetsRequest, nowMs: number): BatchDecision<BatchValues["add"]> {
  const { received } = job;
  const to = request.from + request.targets.length;
  if (to <= received) return { ok: true, job, value: { received } };
  if (job.state !== "created")
    return rejected("BatchOperationAlreadyStarted", `the list of '${job.jobId}' is closed: the job is ${job.state}`);
  if (request.from > received)
    return rejected("InvalidArgument", `the next page begins at ${received}, not at ${request.from}`);
  const targets = request.targets.slice(received - request.from);
  const receivedCharacters = targets.reduce(
    (sum, target) => sum + check.targetCharacters(target),
    job.receivedCharacters,
  );
  if (to > MAX_BATCH_EXECUTIONS)
    return rejected("ResourceExhausted", `a batch operation is for at most ${MAX_BATCH_EXECUTIONS} executions`);
  if (receivedCharacters > MAX_BATCH_CHARACTERS)
    return rejected(
      "ResourceExhausted",
      `the list of a batch operation takes at most ${MAX_BATCH_CHARACTERS} characters`,
    );
  const digest = targetsDigest(job.digest, targets);
  return {
    ok: true,
    job: { ...job, received: to, receivedCharacters, digest, lastReceivedMs: nowMs },
    targets: { from: received, targets },
    value: { received: to },
  };
}

function run(job: BatchJob, { total }: RunBatchRequest, nowMs: number): BatchDecision<BatchDescription> {
  if (total !== job.received)
    return rejected("InvalidArgument", `the list holds ${job.received} executions, not ${total}`);
  const started = job.state === "created" ? closedIfDone({ ...job, state: "running", startedMs: nowMs }, nowMs) : job;
  return { ok: true, job: started, value: describeBatch(started, nowMs) };
}

function stop(job: BatchJob, request: StopBatchRequest, nowMs: number): BatchDecision<BatchDescription> {
  const { reason, identity } = request;
  const isOpen = job.state === "created" || job.state === "running";
  const stopped: BatchJob = isOpen
    ? { ...job, state: "stopped", closedMs: nowMs, stop: { reason, ...(identity === undefined ? {} : { identity }) } }
    : job;
  return { ok: true, job: stopped, value: describeBatch(stopped, nowMs) };
}

function expire(job: Current, retentionMs: number, nowMs: number): BatchDecision<BatchValues["expire"]> {
  const dueMs = job && expiryMs(job, retentionMs);
  const deleted = dueMs !== undefined && dueMs <= nowMs;
  return { ok: true, job: deleted ? undefined : job, value: { deleted } };
}

function expiryMs(job: BatchJob, retentionMs: number): number | undefined {
  if (job.state === "created") return job.lastReceivedMs + BATCH_UPLOAD_RETENTION_MS;
  return job.closedMs === undefined ? undefined : job.closedMs + retentionMs;
}

function settle(job: BatchJob, { begunMs, results }: BatchRequests["settle"], nowMs: number): BatchDecision<undefined> {
  const underWay = job.state === "running" || job.state === "stopped";
  if (!underWay || results.length === 0) return { ok: true, job, value: undefined };
  const failures: BatchFailure[] = [];
  const tried = new Set<number>();
  const waiting: BatchRetry[] = [];
  let { next, completed } = job;
  for (const result of results) {
    const { index, attempts, outcome } = result;
    tried.add(index);
    next = Math.max(next, index + 1);
    if (outcome.kind === "done") completed += 1;
    else if (outcome.kind === "unanswered" && attempts < MAX_BATCH_ATTEMPTS)
      waiting.push({ index, attempts, notBeforeMs: nowMs + retryDelayMs(attempts) });
    else failures.push(failureOf(result, outcome));
  }
  const settled: BatchJob = {
    ...job,
    next,
    completed,
    failed: job.failed + failures.length,
    retries: [...job.retries.filter(({ index }) => !tried.has(index)), ...waiting],
    ...paceAfter(job, { begunMs, results }, nowMs),
  };
  return { ok: true, job: closedIfDone(settled, nowMs), failures, value: undefined };
}

function retryDelayMs(attempts: number): number {
  return Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempts - 1));
}

function failureOf(result: BatchResult, outcome: Exclude<BatchOutcome, { kind: "done" }>): BatchFailure {
  const { target, attempts } = result;
  const { workflowId, runId } = target;
  const code = outcome.kind === "failed" ? outcome.code : "Unavailable";
  const message = outcome.message.slice(0, MAX_MESSAGE_CHARACTERS);
  return { workflowId, ...(runId === undefined ? {} : { runId }), code, message, attempts };
}

/** Half as many at once when the service is overloaded, and step by step back to what was asked for. */
function paceAfter(
  job: BatchJob,
  { begunMs, results }: BatchRequests["settle"],
  nowMs: number,
): Pick<BatchJob, "concurrency" | "notBeforeMs"> {
  const { maximumConcurrency: maximum, requestsPerSecond } = job;
  const rateMs = requestsPerSecond === undefined ? 0 : begunMs + (results.length / requestsPerSecond) * 1_000;
  const isOverloaded = results.some(({ outcome }) => outcome.kind === "unanswered" && outcome.overloaded);
  if (isOverloaded)
    return {
      concurrency: Math.max(1, Math.floor(job.concurrency / 2)),
      notBeforeMs: Math.max(rateMs, nowMs + OVERLOAD_REST_MS),
    };
  return { concurrency: Math.min(maximum, job.concurrency + Math.ceil(maximum / 8)), notBeforeMs: rateMs };
}

function closedIfDone(job: BatchJob, nowMs: number): BatchJob {
  const isDone = job.state === "running" && job.next === job.received && job.retries.length === 0;
  return isDone ? { ...job, state: "completed", closedMs: nowMs } : job;
}

/** The executions to act on now, those that wait for another try first; empty when there is nothing to do yet. */
export function nextChunk(job: BatchJob, nowMs: number): readonly Pick<BatchRetry, "index" | "attempts">[] {
  if (job.state !== "running" || job.notBeforeMs > nowMs) return [];
  const size = chunkSize(job);
  const chunk: Pick<BatchRetry, "index" | "attempts">[] = job.retries
    .filter((retry) => retry.notBeforeMs <= nowMs)
    .slice(0, size);
  const room = Math.min(size - chunk.length, MAX_BATCH_RETRIES_WAITING - job.retries.length);
  const to = Math.min(job.received, job.next + Math.max(0, room));
  for (let index = job.next; index < to; index += 1) chunk.push({ index, attempts: 0 });
  return chunk;
}

/** A rate is kept second by second: what may be done in one is done at once, and then there is rest. */
function chunkSize({ requestsPerSecond = BATCH_CHUNK_SIZE }: BatchJob): number {
  return Math.min(BATCH_CHUNK_SIZE, Math.max(1, Math.floor(requestsPerSecond)));
}

/** When there is something to do for the job next, in milliseconds. */
export function batchDeadlineMs(job: BatchJob, retentionMs: number, nowMs: number): number | undefined {
  if (job.state !== "running") return expiryMs(job, retentionMs);
  const takesNew = job.next < job.received && job.retries.length < MAX_BATCH_RETRIES_WAITING;
  const dueMs = takesNew ? nowMs : job.retries.reduce((min, { notBeforeMs }) => Math.min(min, notBeforeMs), Infinity);
  return Math.max(dueMs, job.notBeforeMs);
}

/** What an execution's answer means for the job. */
export function batchOutcome(action: BatchAction, reply: Reply<unknown>): BatchOutcome {
  if (reply.ok) return { kind: "done" };
  const { code, message } = reply.rejection;
  if (isReached(action, code)) return { kind: "done" };
  if (code === "WorkflowWorkerUnavailable") return { kind: "unanswered", message, overloaded: false };
  return { kind: "failed", code, message };
}

/** Whether what was asked for is so already, as when the answer to an earlier try was lost. */
function isReached(action: BatchAction, code: Rejection["code"]): boolean {
  switch (action.kind) {
    case "cancel":
    case "terminate":
      return code === "WorkflowAlreadyCompleted";
    case "delete":
      return code === "WorkflowNotFound";
    // A signal that was taken is recognized by its request id, and so is a reset.
    case "signal":
    case "reset":
      return false;
  }
}

export function describeBatch(job: BatchJob, nowMs: number): BatchDescription {
  const { namespace, jobId, action, state, reason, identity, startedMs, closedMs, concurrency } = job;
  const elapsedMs = startedMs === undefined ? 0 : (closedMs ?? nowMs) - startedMs;
  const done = job.completed + job.failed;
  return {
    namespace,
    jobId,
    action,
    state,
    reason,
    ...(identity === undefined ? {} : { identity }),
    ...(job.stop ? { stopReason: job.stop.reason } : {}),
    ...(job.stop?.identity === undefined ? {} : { stopIdentity: job.stop.identity }),
    startTimeMs: job.createdMs,
    ...(closedMs === undefined ? {} : { closeTimeMs: closedMs }),
    totalOperationCount: job.received,
    completeOperationCount: job.completed,
    failureOperationCount: job.failed,
    retryingOperationCount: job.retries.length,
    concurrency,
    // What took no measurable time took a millisecond.
    operationsPerSecond: done === 0 ? 0 : done / (Math.max(1, elapsedMs) / 1_000),
  };
}
