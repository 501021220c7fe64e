/**
 * The marker of a local activity: what became of it, as the history keeps it.
 *
 * Owns: the way from an end to a marker and back, and what the code is told. The details are Temporal's, so that its
 * tools and SDKs read them; ids, names and times are in clear there, the result and the failure are encoded later.
 *
 * What the activity threw reaches the code as it is. A cancellation or a timeout comes as the cause of an activity
 * failure; a timeout is recorded so too, because a replay by other SDKs hands it to the code as it stands.
 */
import { defaultPayloadConverter, fromWirePayloads, toWirePayload } from "../codec/index.ts";
import type { RecordMarkerCommand } from "../core/command.ts";
import { type Failure, SERVICE_FAILURE_SOURCE } from "../core/failure.ts";
import type { EventOf } from "../core/history-event.ts";
import { activityFailure } from "./activity-failures.ts";
import { describeEvent } from "./command-descriptions.ts";
import { NondeterminismError } from "./determinism-errors.ts";
import type { LocalActivities, LocalActivityRequest, LocalActivityResolution } from "./local-activities.ts";
import type { LocalActivityCompletion, LocalActivityEnd } from "./local-activity-execution.ts";
import { LOCAL_ACTIVITY_MARKER, readLocalActivityMarker } from "./markers.ts";

/** A time or duration as a pair, which is how Temporal's core writes both into the marker. */
interface SecondsAndNanos {
  readonly seconds: number;
  readonly nanos: number;
}

interface MarkerData {
  readonly seq: number;
  readonly attempt: number;
  readonly activity_id: string;
  readonly activity_type: string;
  readonly complete_time: SecondsAndNanos | null;
  readonly backoff: SecondsAndNanos | null;
  readonly original_schedule_time: SecondsAndNanos | null;
}

function secondsAndNanos(ms: number | undefined): SecondsAndNanos | null {
  if (ms === undefined) return null;
  const seconds = Math.floor(ms / 1_000);
  return { seconds, nanos: Math.round((ms - seconds * 1_000) * 1_000_000) };
}

function millisecondsOf(value: unknown): number | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { seconds = 0, nanos = 0 } = value as Partial<SecondsAndNanos>;
  return seconds * 1_000 + Math.floor(nanos / 1_000_000);
}

/** The command that records how a local activity ended. Its payloads are in clear. */
export function localActivityMarker(completion: LocalActivityCompletion): RecordMarkerCommand {
  const { request, end, attempt } = completion;
  const data: MarkerData = {
    seq: request.sequence,
    attempt,
    activity_id: request.activityId,
    activity_type: request.activityType,
    complete_time: secondsAndNanos(completion.completeTimeMs),
    backoff: secondsAndNanos(end.kind === "backoff" ? end.delayMs : undefined),
    original_schedule_time: secondsAndNanos(completion.originalScheduleTimeMs),
  };
  const failure = recordedFailure(request, end);
  return {
    commandType: "RecordMarker",
    markerName: LOCAL_ACTIVITY_MARKER,
    details: {
      data: { payloads: [toWirePayload(defaultPayloadConverter, data)] },
      ...(end.kind === "completed" && end.result ? { result: end.result } : {}),
    },
    ...(failure ? { failure } : {}),
    ...(request.userMetadata ? { userMetadata: request.userMetadata } : {}),
  };
}

function recordedFailure(request: LocalActivityRequest, end: LocalActivityEnd): Failure | undefined {
  switch (end.kind) {
    case "completed":
      return undefined;
    case "failed":
    case "backoff":
      return end.failure;
    case "timedOut":
      return timedOutFailure(request, end.failure);
    case "canceled":
      return {
        message: "Activity cancelled",
        source: SERVICE_FAILURE_SOURCE,
        canceledFailureInfo: end.details ? { details: end.details } : {},
      };
  }
}

function timedOutFailure(request: LocalActivityRequest, cause: Failure): Failure {
  return activityFailure(request, "Local Activity timed out", "TIMEOUT", cause);
}

/** What the code is told of an end. */
export function localActivityResolution(completion: LocalActivityCompletion): LocalActivityResolution {
  const { request, attempt, originalScheduleTimeMs } = completion;
  // A replay knows the marker's failure alone: a cancellation or timeout that the activity threw looks like its own.
  const end =
    completion.end.kind === "failed" ? recordedEnd(undefined, completion.end.failure, undefined) : completion.end;
  if (end.kind === "completed") return { kind: "completed", result: end.result };
  if (end.kind === "backoff") {
    const { delayMs } = end;
    return { kind: "backoff", backoff: { attempt: attempt + 1, delayMs, originalScheduleTimeMs } };
  }
  const recorded = recordedFailure(request, end);
  const failure =
    end.kind === "canceled" && recorded
      ? activityFailure(request, "Local Activity cancelled", "CANCEL_REQUESTED", recorded)
      : (recorded ?? {});
  return { kind: "failed", failure };
}

/**
 * The end that a marker recorded; undefined for a marker of something else. Payloads are in clear.
 *
 * Throws `NondeterminismError` if the code has not scheduled that activity, or another one in its place.
 */
export function recordedCompletion(
  event: EventOf<"MarkerRecorded">,
  activities: LocalActivities,
): LocalActivityCompletion | undefined {
  if (event.attributes.markerName !== LOCAL_ACTIVITY_MARKER) return undefined;
  const key = readLocalActivityMarker(event.attributes);
  const request = key && activities.find(key.sequence);
  if (request === undefined) throw unknownActivity(event);
  const { details, failure } = event.attributes;
  const [data] = fromWirePayloads(defaultPayloadConverter, details?.["data"]) as [Partial<MarkerData>];
  return {
    request,
    end: recordedEnd(details?.["result"], failure, millisecondsOf(data.backoff)),
    attempt: data.attempt ?? 1,
    originalScheduleTimeMs: millisecondsOf(data.original_schedule_time),
    completeTimeMs: millisecondsOf(data.complete_time),
  };
}

function recordedEnd(
  result: Extract<LocalActivityEnd, { kind: "completed" }>["result"],
  failure: Failure | undefined,
  backoffMs: number | undefined,
): LocalActivityEnd {
  if (failure === undefined) return { kind: "completed", result };
  if (backoffMs !== undefined) return { kind: "backoff", failure, delayMs: backoffMs };
  if (failure.canceledFailureInfo) return { kind: "canceled", details: failure.canceledFailureInfo.details };
  // Temporal's core records the bare timeout.
  if (failure.timeoutFailureInfo) return { kind: "timedOut", failure };
  return { kind: "failed", failure };
}

function unknownActivity(event: EventOf<"MarkerRecorded">): NondeterminismError {
  return new NondeterminismError(
    `Nondeterminism at event ${event.eventId}: the history recorded ${describeEvent(event)}, but the workflow code ` +
      "has no such local activity open.",
    event.eventId,
    { recorded: describeEvent(event), produced: "no such local activity" },
  );
}
