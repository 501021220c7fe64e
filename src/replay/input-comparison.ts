/**
 * Compares what replayed code hands to activities, children, other workflows and its caller with what was recorded.
 *
 * Owns: the comparison and its words. Different input is no nondeterminism by Temporal's rules, but it is the first
 * sign of it; only the application can see it, because only it has the key.
 */
import {
  decodeText,
  type PayloadChannel,
  PayloadEncoding,
  payloadFromWire,
  type PayloadPlace,
} from "../codec/index.ts";
import type { Command } from "../core/command.ts";
import type { Payload, Payloads } from "../core/payload.ts";
import type { CommandEvent } from "./command-matching.ts";
import { NondeterminismError } from "./determinism-errors.ts";
import type { PayloadSite } from "./payload-sites.ts";

function equalPayloads(a: Payload, b: Payload | undefined): boolean {
  const [ours, theirs] = [Object.entries(a.metadata ?? {}), b?.metadata ?? {}];
  return (
    (a.data ?? "") === (b?.data ?? "") &&
    ours.length === Object.keys(theirs).length &&
    ours.every(([name, value]) => theirs[name] === value)
  );
}

/** Whether two lists hold the same payloads in the same order. */
export function equalInputs(a: Payloads | undefined, b: Payloads | undefined): boolean {
  const [ours, theirs] = [a?.payloads ?? [], b?.payloads ?? []];
  return ours.length === theirs.length && ours.every((payload, index) => equalPayloads(payload, theirs[index]));
}

/** What two commands of one kind hand over. */
interface Comparison {
  /** Whose input it is, for those who read the log. */
  readonly subject: string;
  readonly names: Readonly<Record<string, string>>;
  /** In clear. */
  readonly ours: Payloads | undefined;
  /** Encoded, at the place and on the channel below. */
  readonly theirs: Payloads | undefined;
  readonly place: PayloadPlace;
  readonly channel: PayloadChannel;
}

function comparisonOf(command: Command, event: CommandEvent, site: PayloadSite): Comparison | undefined {
  const runId = site.originalExecutionRunId;
  const { place } = site.encoding;
  const { eventType, attributes } = event;
  if (eventType === "ActivityTaskScheduled" && command.commandType === "ScheduleActivityTask") {
    const { activityId, activityType, input } = attributes;
    const names = { activityId, activityType: activityType.name };
    const channel: PayloadChannel = { kind: "activity-input", runId, activityId };
    return { subject: "an activity", names, ours: command.input, theirs: input, place, channel };
  }
  if (eventType === "StartChildWorkflowExecutionInitiated" && command.commandType === "StartChildWorkflowExecution") {
    const { workflowId, workflowType, input } = attributes;
    const names = { childWorkflowId: workflowId, childWorkflowType: workflowType.name };
    const child = { namespace: command.namespace, workflowId };
    const channel: PayloadChannel = { kind: "workflow-input" };
    return { subject: "a child workflow", names, ours: command.input, theirs: input, place: child, channel };
  }
  if (
    eventType === "SignalExternalWorkflowExecutionInitiated" &&
    command.commandType === "SignalExternalWorkflowExecution"
  ) {
    const { workflowExecution, signalName, input } = attributes;
    const { workflowId } = workflowExecution;
    // Histories in JSON form do not have it.
    const requestId = attributes.signalRequestId || command.signalRequestId;
    const target = { namespace: command.namespace, workflowId };
    const channel: PayloadChannel = { kind: "signal", signalName, requestId };
    const names = { signalName, targetWorkflowId: workflowId };
    return { subject: "a signal", names, ours: command.input, theirs: input, place: target, channel };
  }
  if (eventType === "WorkflowExecutionContinuedAsNew" && command.commandType === "ContinueAsNewWorkflowExecution") {
    const names = { nextWorkflowType: attributes.workflowType.name };
    const channel: PayloadChannel = { kind: "workflow-input" };
    return { subject: "its next run", names, ours: command.input, theirs: attributes.input, place, channel };
  }
  if (eventType === "WorkflowExecutionCompleted" && command.commandType === "CompleteWorkflowExecution") {
    const channel: PayloadChannel = { kind: "workflow-result", runId };
    return { subject: "its caller", names: {}, ours: command.result, theirs: attributes.result, place, channel };
  }
  return undefined;
}

/** A difference between what code hands over and what it handed over. */
export interface InputDifference {
  readonly message: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The difference as a reason to stop. */
  readonly error: unknown;
}

/**
 * What differs between a command and its event, which agree otherwise; undefined if nothing does. That it cannot be told,
 * because the recorded input cannot be decoded, is a difference too.
 */
export async function inputDifference(
  command: Command,
  event: CommandEvent,
  site: PayloadSite,
): Promise<InputDifference | undefined> {
  const comparison = comparisonOf(command, event, site);
  if (comparison === undefined) return undefined;
  const { subject, names, ours, theirs, place, channel } = comparison;
  const { eventId, eventType } = event;
  const metadata = { ...site.encoding.place, runId: site.originalExecutionRunId, eventId, ...names };
  let recorded: Payloads | undefined;
  try {
    recorded = await new PayloadEncoding(site.encoding.converter, place).decodePayloads(theirs, channel);
  } catch (error) {
    const message = `What the workflow passed to ${subject} cannot be compared with its history.`;
    return { message, metadata: { ...metadata, error }, error };
  }
  if (equalInputs(ours, recorded)) return undefined;
  const message = `The replayed workflow passed other arguments to ${subject} than its history recorded.`;
  return {
    message,
    metadata,
    error: new NondeterminismError(`Nondeterminism at event ${eventId} (${eventType}): ${message}`, eventId, {
      recorded: shown(eventType, recorded),
      produced: shown(command.commandType, ours),
    }),
  };
}

/** Payloads in clear, as far as they are text. */
function shown(what: string, payloads: Payloads | undefined): string {
  const texts = (payloads?.payloads ?? []).map((payload) => {
    const bytes = payloadFromWire(payload).data ?? new Uint8Array();
    try {
      return decodeText(bytes);
    } catch {
      return `${bytes.length} bytes`;
    }
  });
  return `${what} with ${texts.length === 0 ? "nothing" : texts.join(", ")}`;
}
