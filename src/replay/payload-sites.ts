/**
 * Decodes the payloads of events before an activation, and encodes those of commands after it.
 *
 * Owns: which channel each payload travels on. Asynchronous, and never inside workflow code.
 */
import type { PayloadChannel, PayloadEncoding } from "../codec/index.ts";
import type { Command } from "../core/command.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import type { Payloads } from "../core/payload.ts";
import type { ActivityNames } from "./history-jobs.ts";

/** Where a session's payloads belong. */
export interface PayloadSite {
  readonly encoding: PayloadEncoding;
  readonly originalExecutionRunId: string;
  readonly activityNames: ActivityNames;
}

function activityChannel<K extends "activity-result" | "activity-failure" | "activity-cancellation">(
  site: PayloadSite,
  kind: K,
  scheduledEventId: number,
): { readonly kind: K; readonly runId: string; readonly activityId: string } {
  const activityId = site.activityNames.get(scheduledEventId)?.activityId ?? "";
  return { kind, runId: site.originalExecutionRunId, activityId };
}

/** `attributes` with one field's payloads replaced, if it has any. */
async function withPayloads<A extends object>(
  attributes: A,
  key: keyof A,
  convert: (payloads: Payloads) => Promise<Payloads | undefined>,
): Promise<A> {
  const payloads = attributes[key] as Payloads | undefined;
  return payloads === undefined ? attributes : { ...attributes, [key]: await convert(payloads) };
}

/** The event with the payloads in clear that workflow code will see. Other events are returned as they are. */
export async function decodeEvent(event: HistoryEvent, site: PayloadSite): Promise<HistoryEvent> {
  const { encoding } = site;
  const decodeOn = (channel: PayloadChannel) => (payloads: Payloads) => encoding.decodePayloads(payloads, channel);
  switch (event.eventType) {
    case "WorkflowExecutionStarted": {
      const attributes = await withPayloads(event.attributes, "input", decodeOn({ kind: "workflow-input" }));
      const memo = await encoding.decodeMap(attributes.memo, "memo");
      return { ...event, attributes: memo ? { ...attributes, memo } : attributes };
    }
    case "WorkflowExecutionSignaled": {
      const { signalName, requestId } = event.attributes;
      const decode = decodeOn({ kind: "signal", signalName, requestId });
      return { ...event, attributes: await withPayloads(event.attributes, "input", decode) };
    }
    case "ActivityTaskCompleted": {
      const channel = activityChannel(site, "activity-result", event.attributes.scheduledEventId);
      return { ...event, attributes: await withPayloads(event.attributes, "result", decodeOn(channel)) };
    }
    case "ActivityTaskCanceled": {
      const channel = activityChannel(site, "activity-cancellation", event.attributes.scheduledEventId);
      return { ...event, attributes: await withPayloads(event.attributes, "details", decodeOn(channel)) };
    }
    case "ActivityTaskFailed": {
      const channel = activityChannel(site, "activity-failure", event.attributes.scheduledEventId);
      const failure = await encoding.decodeFailure(event.attributes.failure, channel);
      return { ...event, attributes: { ...event.attributes, failure } };
    }
    case "ActivityTaskTimedOut": {
      const channel = activityChannel(site, "activity-failure", event.attributes.scheduledEventId);
      const failure = await encoding.decodeFailure(event.attributes.failure, channel);
      return { ...event, attributes: { ...event.attributes, failure } };
    }
    default:
      return event;
  }
}

/** The command as it leaves the application. */
export async function encodeCommand(command: Command, site: PayloadSite): Promise<Command> {
  const { encoding, originalExecutionRunId: runId } = site;
  const encodeOn = (channel: PayloadChannel) => (payloads: Payloads) => encoding.encodePayloads(payloads, channel);
  switch (command.commandType) {
    case "ScheduleActivityTask":
      return withPayloads(
        command,
        "input",
        encodeOn({ kind: "activity-input", runId, activityId: command.activityId }),
      );
    case "CompleteWorkflowExecution":
      return withPayloads(command, "result", encodeOn({ kind: "workflow-result", runId }));
    case "CancelWorkflowExecution":
      return withPayloads(command, "details", encodeOn({ kind: "workflow-cancellation", runId }));
    case "FailWorkflowExecution":
      return {
        ...command,
        failure: await encoding.encodeFailure(command.failure, { kind: "workflow-failure", runId }),
      };
    case "RequestCancelActivityTask":
    case "StartTimer":
    case "CancelTimer":
      return command;
  }
}
