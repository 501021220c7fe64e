/**
 * Where a payload belongs: the workflow, and the channel inside it that the payload travels on.
 *
 * Owns: the names of the channels and their fields. Converters and codecs receive the context with every call; the
 * encryption binds each payload to it, so a new channel or field changes what can be decrypted. Run ids in channels
 * are always the run's original execution run id, which a reset does not change.
 */
export type PayloadChannel =
  | { readonly kind: "workflow-input" }
  | { readonly kind: "workflow-result"; readonly runId: string }
  | { readonly kind: "workflow-failure"; readonly runId: string }
  | { readonly kind: "workflow-cancellation"; readonly runId: string }
  | { readonly kind: "workflow-task-failure"; readonly runId: string }
  | { readonly kind: "termination" }
  | { readonly kind: "activity-input"; readonly runId: string; readonly activityId: string }
  | { readonly kind: "activity-result"; readonly runId: string; readonly activityId: string }
  | { readonly kind: "activity-failure"; readonly runId: string; readonly activityId: string }
  | { readonly kind: "activity-cancellation"; readonly runId: string; readonly activityId: string }
  | { readonly kind: "heartbeat"; readonly runId: string; readonly activityId: string }
  | { readonly kind: "signal"; readonly signalName: string; readonly requestId: string }
  | { readonly kind: "query"; readonly queryType: string; readonly queryId: string }
  | { readonly kind: "query-result"; readonly queryType: string; readonly queryId: string }
  | { readonly kind: "query-failure"; readonly queryType: string; readonly queryId: string }
  /** Never encoded: it does not leave the application. */
  | { readonly kind: "local-activity-input"; readonly runId: string; readonly activityId: string }
  | { readonly kind: "local-activity-result"; readonly runId: string; readonly activityId: string }
  | { readonly kind: "local-activity-failure"; readonly runId: string; readonly activityId: string }
  | { readonly kind: "update"; readonly updateName: string; readonly updateId: string }
  | { readonly kind: "update-result"; readonly runId: string; readonly updateId: string }
  | { readonly kind: "update-failure"; readonly runId: string; readonly updateId: string }
  /**
   * A summary or details that a user gave an operation. `subject` names it: "workflow" (then `runId` is empty, since a
   * client does not know it), "activity/ID", "timer/ID" or "child/ID".
   */
  | {
      readonly kind: "user-metadata";
      readonly runId: string;
      readonly subject: string;
      readonly part: "summary" | "details";
    }
  | { readonly kind: "memo"; readonly key: string }
  | { readonly kind: "header"; readonly key: string };

/** Which payload of a failure is meant, so that a stack trace cannot stand in for a detail. */
export type FailurePart = "attributes" | "details" | "last-heartbeat-details";

/** The workflow a payload belongs to. */
export interface PayloadPlace {
  readonly namespace: string;
  readonly workflowId: string;
}

/** What a converter or codec is told about the payloads it is given. */
export interface SerializationContext extends PayloadPlace {
  /** The activity, on the channels of one. */
  readonly activityId?: string;
  /** Whether that activity is a local one. */
  readonly isLocal?: boolean;
  readonly channel: PayloadChannel;
  /** Set for payloads inside a failure. */
  readonly failurePart?: FailurePart;
}

/**
 * The context of a channel of one workflow.
 *
 * @example
 * const place = { namespace: "default", workflowId: "transfer-7" };
 * serializationContext(place, { kind: "workflow-input" }).workflowId; // "transfer-7"
 */
export function serializationContext(
  place: PayloadPlace,
  channel: PayloadChannel,
  failurePart?: FailurePart,
): SerializationContext {
  return {
    namespace: place.namespace,
    workflowId: place.workflowId,
    ...("activityId" in channel ? { activityId: channel.activityId, isLocal: channel.kind.startsWith("local-") } : {}),
    channel,
    ...(failurePart === undefined ? {} : { failurePart }),
  };
}

/** A channel as a list of strings that names it and nothing else: its kind, then its fields in a fixed order. */
export function channelFields(channel: PayloadChannel): readonly string[] {
  switch (channel.kind) {
    case "workflow-input":
    case "termination":
      return [channel.kind];
    case "workflow-result":
    case "workflow-failure":
    case "workflow-cancellation":
    case "workflow-task-failure":
      return [channel.kind, channel.runId];
    case "activity-input":
    case "activity-result":
    case "activity-failure":
    case "activity-cancellation":
    case "heartbeat":
    case "local-activity-input":
    case "local-activity-result":
    case "local-activity-failure":
      return [channel.kind, channel.runId, channel.activityId];
    case "signal":
      return [channel.kind, channel.signalName, channel.requestId];
    case "query":
    case "query-result":
    case "query-failure":
      return [channel.kind, channel.queryType, channel.queryId];
    case "update":
      return [channel.kind, channel.updateName, channel.updateId];
    case "update-result":
    case "update-failure":
      return [channel.kind, channel.runId, channel.updateId];
    case "user-metadata":
      return [channel.kind, channel.runId, channel.subject, channel.part];
    case "memo":
    case "header":
      return [channel.kind, channel.key];
  }
}
