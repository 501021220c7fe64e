/**
 * The activity task on its way to a worker and back: the queue message, the claim, the token.
 *
 * Owns: wire shapes, and the text form of the task token. A message is a pointer and holds no payload; a token names
 * one attempt of one activity of one run, and is checked against all of them.
 */
import type { Failure } from "./failure.ts";
import type { PayloadMap, Payloads } from "./payload.ts";
import type { RetryPolicy } from "./retry-policy.ts";

/** Body of the message on the Cloudflare Queue. */
export interface ActivityTaskMessage {
  readonly version: 1;
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly scheduledEventId: number;
  readonly attempt: number;
}

/** Names one attempt. Made opaque by `encodeTaskToken`. */
export interface TaskToken {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly scheduledEventId: number;
  readonly activityId: string;
  readonly attempt: number;
  /** What the activity's payloads are bound to, where it is not `runId`: the run was reset. */
  readonly originalExecutionRunId?: string;
}

/** Everything a worker needs to run one attempt. */
export interface ActivityTask {
  readonly taskToken: string;
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
  /** The run id that payloads are bound to; differs from `runId` only after a reset. */
  readonly originalExecutionRunId: string;
  readonly workflowType: string;
  readonly activityId: string;
  readonly activityType: string;
  readonly taskQueue: string;
  readonly attempt: number;
  readonly input?: Payloads;
  readonly header?: PayloadMap;
  readonly heartbeatDetails?: Payloads;
  readonly scheduledTimeMs: number;
  readonly currentAttemptScheduledTimeMs: number;
  readonly startedTimeMs: number;
  readonly scheduleToCloseTimeoutMs: number;
  readonly startToCloseTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly retryPolicy: RetryPolicy;
  /** It runs in the workflow's own worker, and the service hears of its end alone. */
  readonly isLocal?: true;
}

export interface ClaimActivityRequest {
  readonly version: 1;
  readonly runId: string;
  readonly scheduledEventId: number;
  readonly attempt: number;
  /** Chosen by the claimant for this delivery, so that a claim whose reply was lost can be asked for again. */
  readonly claimId: string;
  readonly identity: string;
}

/** `claimed: false` means the message is stale (ended, retried, or claimed by another) and is to be dropped. */
export type ClaimActivityReply =
  | { readonly claimed: true; readonly task: ActivityTask }
  | { readonly claimed: false; readonly reason: string };

export interface HeartbeatActivityRequest {
  readonly version: 1;
  readonly taskToken: string;
  readonly details?: Payloads;
}

/** What a worker that watches its attempt asks for; it is answered with a `HeartbeatActivityReply` for each change. */
export interface WatchActivityRequest {
  readonly version: 1;
  readonly taskToken: string;
}

export interface HeartbeatActivityReply {
  readonly cancelRequested: boolean;
  readonly activityPaused?: boolean;
  /** The attempt is to end: another begins anew. */
  readonly activityReset?: boolean;
}

export type ActivityOutcome =
  | { readonly kind: "completed"; readonly result?: Payloads }
  | { readonly kind: "failed"; readonly failure: Failure; readonly lastHeartbeatDetails?: Payloads }
  | { readonly kind: "canceled"; readonly details?: Payloads };

export interface RespondActivityRequest {
  readonly version: 1;
  readonly taskToken: string;
  readonly outcome: ActivityOutcome;
  readonly identity: string;
}

export interface DeadLetterRequest {
  readonly version: 1;
  readonly runId: string;
  readonly scheduledEventId: number;
  readonly attempt: number;
}

const TOKEN_PREFIX = "hf1.";

/** Text form of a token: ASCII, safe in a URL path segment after percent-encoding. */
export function encodeTaskToken(token: TaskToken): string {
  const parts = [
    token.namespace,
    token.workflowId,
    token.runId,
    token.scheduledEventId,
    token.activityId,
    token.attempt,
    ...(token.originalExecutionRunId === undefined ? [] : [token.originalExecutionRunId]),
  ];
  return TOKEN_PREFIX + encodeURIComponent(JSON.stringify(parts));
}

/** The token behind a text, or undefined if it is none. */
export function decodeTaskToken(text: unknown): TaskToken | undefined {
  if (typeof text !== "string" || !text.startsWith(TOKEN_PREFIX)) return undefined;
  let parts: unknown;
  try {
    parts = JSON.parse(decodeURIComponent(text.slice(TOKEN_PREFIX.length)));
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length < 6 || parts.length > 7) return undefined;
  const [namespace, workflowId, runId, scheduledEventId, activityId, attempt, original] = parts as readonly unknown[];
  if (typeof namespace !== "string" || typeof workflowId !== "string" || typeof runId !== "string") return undefined;
  if (typeof scheduledEventId !== "number" || typeof activityId !== "string" || typeof attempt !== "number")
    return undefined;
  const token = { namespace, workflowId, runId, scheduledEventId, activityId, attempt };
  if (original === undefined) return token;
  return typeof original === "string" ? { ...token, originalExecutionRunId: original } : undefined;
}
