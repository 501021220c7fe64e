/**
 * What a BatchOperation object answers: one request carried out on many workflow executions.
 *
 * Owns: request and reply shapes, protocol version 1, and how the object of a job is named. A target's payloads are
 * encoded by the application for that target alone; the service carries them and never looks inside.
 */
import type { ResetPoint, ResetReapplyExcludeType } from "./control-requests.ts";
import type { Payloads } from "./payload.ts";
import type { Reply } from "./rejection.ts";

/** What is done to each execution. Reasons are the job's. */
export type BatchAction =
  | { readonly kind: "signal"; readonly signalName: string }
  | { readonly kind: "cancel" }
  | { readonly kind: "terminate" }
  | {
      readonly kind: "reset";
      readonly resetPoint: ResetPoint;
      readonly reapplyExclude?: readonly ResetReapplyExcludeType[];
    }
  | { readonly kind: "delete" };

/** One execution of the list. Without `runId` it is whichever run is current when its turn comes. */
export interface BatchTarget {
  readonly workflowId: string;
  readonly runId?: string;
  /** Input of the signal, or details of the termination. */
  readonly payloads?: Payloads;
}

/** Begins a job, or finds the one that was begun under its id. */
export interface BeginBatchRequest {
  readonly version: 1;
  readonly namespace: string;
  readonly jobId: string;
  readonly action: BatchAction;
  readonly reason: string;
  readonly identity?: string;
  /** Executions that are acted on at once. */
  readonly concurrency?: number;
  /** Executions that are acted on in a second, at most. */
  readonly requestsPerSecond?: number;
}

export interface BeginBatchReply {
  readonly state: BatchState;
  /** What the requests to the executions are recognized by, when they are repeated. Payloads are bound to it. */
  readonly requestId: string;
  /** Targets that are there already. */
  readonly received: number;
  /** Of those targets, in their order; see `targetsDigest`. */
  readonly digest: number;
}

/** The next targets of the list. A page that was taken before is answered as before. */
export interface AddBatchTargetsRequest {
  readonly version: 1;
  /** Place of the first in the whole list, from 0. */
  readonly from: number;
  readonly targets: readonly BatchTarget[];
}

/** The list is complete. */
export interface RunBatchRequest {
  readonly version: 1;
  readonly total: number;
}

export interface StopBatchRequest {
  readonly version: 1;
  readonly reason: string;
  readonly identity?: string;
}

export interface DescribeBatchRequest {
  readonly version: 1;
}

/** created: the list is being sent. running: it is worked through. stopped and completed are ends. */
export type BatchState = "created" | "running" | "stopped" | "completed";

export interface BatchDescription {
  readonly namespace: string;
  readonly jobId: string;
  readonly action: BatchAction;
  readonly state: BatchState;
  readonly reason: string;
  readonly identity?: string;
  readonly stopReason?: string;
  readonly stopIdentity?: string;
  readonly startTimeMs: number;
  readonly closeTimeMs?: number;
  /** Targets received; all of the list once it runs. */
  readonly totalOperationCount: number;
  readonly completeOperationCount: number;
  readonly failureOperationCount: number;
  /** Executions that gave no answer and are tried again. */
  readonly retryingOperationCount: number;
  /** Executions that are acted on at once just now: fewer than asked for while the service is overloaded. */
  readonly concurrency: number;
  /** Since the list was complete; 0 before. */
  readonly operationsPerSecond: number;
}

/** An execution on which the operation was not carried out. */
export interface BatchFailure {
  readonly workflowId: string;
  readonly runId?: string;
  /** A code of `rejection.ts`, or "Unavailable" when no answer came however often it was tried. */
  readonly code: string;
  readonly message: string;
  readonly attempts: number;
}

export interface BatchFailuresRequest {
  readonly version: 1;
  /** Place of the first in the list of failures, from 0. */
  readonly from: number;
}

export interface BatchFailuresReply {
  readonly failures: readonly BatchFailure[];
  /** Where the next page begins. Absent when there is no more for now. */
  readonly next?: number;
}

/** One of these for each (namespace, job id). */
export interface BatchOperationRpc {
  begin(request: BeginBatchRequest): Promise<Reply<BeginBatchReply>>;
  add(request: AddBatchTargetsRequest): Promise<Reply<{ readonly received: number }>>;
  run(request: RunBatchRequest): Promise<Reply<BatchDescription>>;
  describe(request: DescribeBatchRequest): Promise<Reply<BatchDescription>>;
  failures(request: BatchFailuresRequest): Promise<Reply<BatchFailuresReply>>;
  stop(request: StopBatchRequest): Promise<Reply<BatchDescription>>;
}

/** The id of the request to one target. Runs and objects tell repetitions by it; each has only its own to tell apart. */
export function batchRequestId(requestId: string, target: Pick<BatchTarget, "runId">): string {
  return target.runId === undefined ? requestId : `${requestId}/${target.runId}`;
}

/** The digest of no targets. */
export const EMPTY_TARGETS_DIGEST = 0x811c9dc5;

/**
 * Continues the digest of a list of targets with more of them, so that whoever sends the rest of a list can tell that
 * it is the same list. FNV-1a over UTF-16 code units: against mistakes, not against forgery.
 */
export function targetsDigest(digest: number, targets: Iterable<Pick<BatchTarget, "workflowId" | "runId">>): number {
  let hash = digest;
  for (const { workflowId, runId = "" } of targets) {
    // Neither of the two can hold a control character.
    const text = `${workflowId}\u0000${runId}\u0001`;
    for (let index = 0; index < text.length; index += 1)
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}
