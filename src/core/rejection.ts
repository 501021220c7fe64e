/**
 * Rejections: a caller asked for something that cannot be done. A value, never an exception, so that it crosses RPC
 * whole; the client turns each code into an error class with Temporal's name.
 *
 * Owns: the codes and their meaning. A rejected request has changed nothing.
 */
import type { Failure } from "./failure.ts";

export type RejectionCode =
  /** The service knows no namespace of this name; `namespace` is the name. */
  | "NamespaceNotFound"
  /** No run with this workflow id (or run id), or the id was never used. */
  | "WorkflowNotFound"
  /** The run exists and has ended, so it cannot take signals, cancellation or termination. */
  | "WorkflowAlreadyCompleted"
  /** Start refused by conflict or reuse policy. `runId` names the run in the way. */
  | "WorkflowAlreadyStarted"
  /** No pending activity for this task token: it ended, was retried, or belongs to another run. */
  | "ActivityNotFound"
  /** An argument is malformed; the message says which and what is allowed. */
  | "InvalidArgument"
  /** The request is well-formed, and the state of the workflow does not allow it: it is paused, or is not. */
  | "FailedPrecondition"
  /** A payload, memo or header is over the limit. */
  | "PayloadTooLarge"
  /** A count (signals, pending activities, history) is at its limit. */
  | "ResourceExhausted"
  /** The workflow has no handler for this query. */
  | "QueryNotRegistered"
  /** The query handler threw; `failure` is what it threw. */
  | "QueryFailed"
  /** The query's reject condition holds for the workflow's status. */
  | "QueryRejected"
  /** No update with this id in the run. */
  | "UpdateNotFound"
  /** The update was taken back because its workflow start was refused or its workflow ended. */
  | "UpdateAborted"
  /** No batch operation was begun under this job id, or it was deleted when its retention ended. */
  | "BatchOperationNotFound"
  /** The job id belongs to another batch operation, or the list of this one is complete. */
  | "BatchOperationAlreadyStarted"
  /** The workflow worker could not be reached, or fails this workflow's tasks. */
  | "WorkflowWorkerUnavailable"
  /** Caller and service speak different versions of the protocol. */
  | "ProtocolVersionUnsupported";

export interface Rejection {
  readonly code: RejectionCode;
  readonly message: string;
  readonly runId?: string;
  readonly status?: string;
  readonly namespace?: string;
  readonly failure?: Failure;
}

/** What every method of the service returns: a value, or the reason there is none. */
export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly rejection: Rejection };

export function accepted<T>(value: T): Reply<T> {
  return { ok: true, value };
}

export function rejected(
  code: RejectionCode,
  message: string,
  extra: Omit<Rejection, "code" | "message"> = {},
): { readonly ok: false; readonly rejection: Rejection } {
  return { ok: false, rejection: { code, message, ...extra } };
}
