/**
 * The payloads of an activity and what they are bound to, for all who report about one: its worker, or a client.
 *
 * Owns: the channels, and turning an error into the failure that is reported.
 */
import {
  ApplicationFailure,
  bindPayloadConverter,
  ensureTemporalFailure,
  type LoadedDataConverter,
  type PayloadChannel,
  PayloadEncoding,
} from "../../codec/index.ts";
import type { ActivityOutcome, ActivityTask } from "../../core/activity-task.ts";
import type { Failure } from "../../core/failure.ts";

/** What the payloads of an activity are bound to. */
export type ActivityPlace = Pick<
  ActivityTask,
  "namespace" | "workflowId" | "originalExecutionRunId" | "activityId" | "isLocal"
>;

/**
 * A failure of an attempt, ready to be reported. Details that no converter or codec takes are left out and the message says so;
 * type and retryability stay, because the service decides by them whether there is another attempt.
 */
export async function failedOutcome(
  place: ActivityPlace,
  dataConverter: LoadedDataConverter,
  error: unknown,
): Promise<Extract<ActivityOutcome, { readonly kind: "failed" }>> {
  const encoding = activityEncoding(place, dataConverter);
  const channel = activityChannel("activity-failure", place);
  const { failureConverter, payloadConverter } = dataConverter;
  const bound = bindPayloadConverter(payloadConverter, encoding.contextOf(channel));
  const thrown = ensureTemporalFailure(error);
  const encoded = async (reported: Error): Promise<Failure> =>
    await encoding.encodeFailure(failureConverter.errorToFailure(reported, bound), channel);
  try {
    return { kind: "failed", failure: await encoded(thrown) };
  } catch (problem) {
    return { kind: "failed", failure: await encoded(withoutDetails(thrown, problem)) };
  }
}

function withoutDetails(thrown: Error, problem: unknown): ApplicationFailure {
  const reason = problem instanceof Error ? problem.message : String(problem);
  const message = `${thrown.message} (the failure's details could not be encoded: ${reason})`;
  if (!(thrown instanceof ApplicationFailure)) return ApplicationFailure.create({ message, type: thrown.name });
  const { type, nonRetryable, nextRetryDelay, category } = thrown;
  return ApplicationFailure.create({ message, type, nonRetryable, nextRetryDelay, category });
}

/** Encodes and decodes what an activity is given and reports. */
export function activityEncoding(place: ActivityPlace, dataConverter: LoadedDataConverter): PayloadEncoding {
  return new PayloadEncoding(dataConverter, { namespace: place.namespace, workflowId: place.workflowId });
}

/** Local activities have no heartbeats; what stands in for them is never converted. */
const LOCAL_CHANNELS = {
  "activity-input": "local-activity-input",
  "activity-result": "local-activity-result",
  "activity-failure": "local-activity-failure",
  "activity-cancellation": "local-activity-failure",
  heartbeat: "local-activity-input",
} as const;

type ActivityChannelKind =
  | "activity-input"
  | "activity-result"
  | "activity-failure"
  | "activity-cancellation"
  | "heartbeat";

/** The channel of one kind of payload of an activity. */
export function activityChannel(kind: ActivityChannelKind, place: ActivityPlace): PayloadChannel {
  const { originalExecutionRunId: runId, activityId } = place;
  return { kind: place.isLocal ? LOCAL_CHANNELS[kind] : kind, runId, activityId };
}
