/**
 * The local activities of one run, as its code knows them.
 *
 * Owns: which are open, and what their code still waits for. They are run elsewhere (`local-activity-driver.ts`), and
 * only while the workflow task is live: a replayed one waits for its marker, and is run when history has none.
 *
 *   scheduled ── task is live ──▶ running ── marker made ──▶ resolved
 *       └────────────── marker in history ───────────────▶ resolved
 */
import type { Failure } from "../core/failure.ts";
import type { UserMetadata } from "../core/history-event.ts";
import type { PayloadMap, Payloads } from "../core/payload.ts";
import type { RetryPolicy } from "../core/retry-policy.ts";
import type { ActivityCancellationType } from "./activities.ts";

/** What workflow code asked for. Payloads are in clear. */
export interface LocalActivityRequest {
  /** Counted together with the other activities. */
  readonly sequence: number;
  readonly activityId: string;
  readonly activityType: string;
  /** The first attempt to make: above 1 after a backoff. */
  readonly attempt: number;
  /** When the first of all attempts was scheduled; absent for a first one. Epoch milliseconds, real time. */
  readonly originalScheduleTimeMs?: number;
  /** The workflow's time when it was scheduled, epoch milliseconds. */
  readonly workflowTimeMs: number;
  readonly input?: Payloads;
  readonly header?: PayloadMap;
  readonly userMetadata?: UserMetadata;
  readonly scheduleToCloseTimeoutMs?: number;
  readonly scheduleToStartTimeoutMs?: number;
  readonly startToCloseTimeoutMs?: number;
  readonly retryPolicy: RetryPolicy;
  /** A retry further away than this is waited for by a durable timer. */
  readonly localRetryThresholdMs: number;
  readonly cancellationType: ActivityCancellationType;
}

/** How a local activity ended, as its code hears of it. */
export type LocalActivityResolution =
  | { readonly kind: "completed"; readonly result: Payloads | undefined }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "backoff"; readonly backoff: LocalActivityBackoff };

/** A retry that a durable timer waits for. */
export interface LocalActivityBackoff {
  /** The attempt to make then. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly originalScheduleTimeMs: number | undefined;
}

/** What is to be done for the code, in the order in which it asked. */
export type LocalActivityWork =
  | { readonly kind: "start"; readonly request: LocalActivityRequest; readonly cancelRequested: boolean }
  | { readonly kind: "cancel"; readonly sequence: number };

interface LocalActivity {
  readonly request: LocalActivityRequest;
  /** Settles the promise that workflow code holds. */
  readonly settle: (resolution: LocalActivityResolution) => void;
  handedOver: boolean;
  cancelRequested: boolean;
}

export class LocalActivities {
  readonly #open = new Map<number, LocalActivity>();
  #cancellations: number[] = [];

  schedule(request: LocalActivityRequest, settle: (resolution: LocalActivityResolution) => void): void {
    this.#open.set(request.sequence, { request, settle, handedOver: false, cancelRequested: false });
  }

  /** Asks for cancellation; a second time, or after the end, does nothing. */
  requestCancel(sequence: number): void {
    const activity = this.#open.get(sequence);
    if (activity === undefined || activity.cancelRequested) return;
    activity.cancelRequested = true;
    if (activity.handedOver) this.#cancellations.push(sequence);
  }

  /** Hands over what has not been handed over: cancellations of running activities, then new activities. */
  takeWork(): readonly LocalActivityWork[] {
    const cancellations = this.#cancellations;
    this.#cancellations = [];
    const work: LocalActivityWork[] = cancellations.map((sequence) => ({ kind: "cancel", sequence }));
    for (const activity of this.#open.values()) {
      if (activity.handedOver) continue;
      activity.handedOver = true;
      work.push({ kind: "start", request: activity.request, cancelRequested: activity.cancelRequested });
    }
    return work;
  }

  /** The open activity of this number, or undefined if there is none. */
  find(sequence: number): LocalActivityRequest | undefined {
    return this.#open.get(sequence)?.request;
  }

  resolve(sequence: number, resolution: LocalActivityResolution): void {
    const activity = this.#open.get(sequence);
    this.#open.delete(sequence);
    activity?.settle(resolution);
  }
}
