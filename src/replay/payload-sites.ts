/**
 * Decodes the payloads of events before an activation, and encodes those of commands after it.
 *
 * Owns: which channel each payload travels on, and whose it is: what a child or another workflow receives belongs to the
 * receiver, and so does what a child sends back. Asynchronous, and never inside workflow code. Search attributes, and
 * the markers' details that hold ids and names alone, are never encoded.
 */
import { type PayloadChannel, PayloadEncoding, type PayloadPlace } from "../codec/index.ts";
import type { Command, RecordMarkerCommand } from "../core/command.ts";
import type { EventOf, HistoryEvent, UpdateOutcome, UserMetadata } from "../core/history-event.ts";
import type { PayloadMap, Payloads } from "../core/payload.ts";
import { lastCompletionRunId, previousOriginalRunId } from "../core/previous-run.ts";
import type { UpdateMessage } from "../core/workflow-task.ts";
import type { ActivityNames } from "./history-jobs.ts";
import { readLocalActivityMarker } from "./markers.ts";

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

/** The encoding of what another workflow receives or sent. */
function encodingFor(site: PayloadSite, place: PayloadPlace): PayloadEncoding {
  return new PayloadEncoding(site.encoding.converter, place);
}

/** `holder` with one field's payloads replaced, if it has any. */
async function withPayloads<A extends object>(
  holder: A,
  key: keyof A,
  convert: (payloads: Payloads) => Promise<Payloads | undefined>,
): Promise<A> {
  const payloads = holder[key] as Payloads | undefined;
  return payloads === undefined ? holder : { ...holder, [key]: await convert(payloads) };
}

/** `holder` with the payloads of its header replaced, if it has one. */
async function withMap<A extends { readonly header?: PayloadMap }, K extends "header" | "memo">(
  holder: A,
  key: K,
  convert: (map: PayloadMap, kind: K) => Promise<PayloadMap | undefined>,
): Promise<A> {
  const map = (holder as { readonly [P in K]?: PayloadMap })[key];
  return map === undefined ? holder : { ...holder, [key]: await convert(map, key) };
}

/** The event with the payloads in clear that workflow code will see. Other events are returned as they are. */
export async function decodeEvent(event: HistoryEvent, site: PayloadSite): Promise<HistoryEvent> {
  const { encoding } = site;
  const decodeOn = (channel: PayloadChannel) => (payloads: Payloads) => encoding.decodePayloads(payloads, channel);
  switch (event.eventType) {
    case "WorkflowExecutionStarted":
      return { ...event, attributes: await decodeStarted(event.attributes, site) };
    case "WorkflowExecutionSignaled": {
      const { signalName, requestId } = event.attributes;
      const decode = decodeOn({ kind: "signal", signalName, requestId });
      const attributes = await withPayloads(event.attributes, "input", decode);
      return {
        ...event,
        attributes: await withMap(attributes, "header", (map, kind) => encoding.decodeMap(map, kind)),
      };
    }
    case "WorkflowExecutionUpdateAccepted":
      return { ...event, attributes: await decodeAcceptedUpdate(event.attributes, site) };
    case "MarkerRecorded":
      return { ...event, attributes: await convertMarker(event.attributes, site, "decode") };
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
    case "ChildWorkflowExecutionCompleted": {
      const { child, runId } = childOf(event, site);
      const decode = (result: Payloads) => child.decodePayloads(result, { kind: "workflow-result", runId });
      return { ...event, attributes: await withPayloads(event.attributes, "result", decode) };
    }
    case "ChildWorkflowExecutionFailed": {
      const { child, runId } = childOf(event, site);
      const failure = await child.decodeFailure(event.attributes.failure, { kind: "workflow-failure", runId });
      return { ...event, attributes: { ...event.attributes, failure } };
    }
    default:
      return event;
  }
}

/** The place of a child, and the run that its payloads are bound to. */
function childOf(
  { attributes }: EventOf<"ChildWorkflowExecutionCompleted"> | EventOf<"ChildWorkflowExecutionFailed">,
  site: PayloadSite,
): { readonly child: PayloadEncoding; readonly runId: string } {
  const { namespace, workflowExecution, childOriginalExecutionRunId } = attributes;
  const child = encodingFor(site, { namespace, workflowId: workflowExecution.workflowId });
  return { child, runId: childOriginalExecutionRunId ?? workflowExecution.runId };
}

type StartedAttributes = EventOf<"WorkflowExecutionStarted">["attributes"];

/** What the runs before left behind is bound to them. */
async function decodeStarted(started: StartedAttributes, { encoding }: PayloadSite): Promise<StartedAttributes> {
  const { continuedFailure } = started;
  const runId = previousOriginalRunId(started);
  const completedRunId = lastCompletionRunId(started);
  const [withInput, withHeader, memo, lastResult, lastFailure] = await Promise.all([
    encoding.decodePayloads(started.input, { kind: "workflow-input" }),
    encoding.decodeMap(started.header, "header"),
    encoding.decodeMap(started.memo, "memo"),
    encoding.decodePayloads(started.lastCompletionResult, { kind: "workflow-result", runId: completedRunId }),
    continuedFailure && encoding.decodeFailure(continuedFailure, { kind: "workflow-failure", runId }),
  ]);
  return {
    ...started,
    ...(withInput ? { input: withInput } : {}),
    ...(withHeader ? { header: withHeader } : {}),
    ...(memo ? { memo } : {}),
    ...(lastResult ? { lastCompletionResult: lastResult } : {}),
    ...(lastFailure ? { continuedFailure: lastFailure } : {}),
  };
}

type UpdateAcceptedAttributes = EventOf<"WorkflowExecutionUpdateAccepted">["attributes"];

async function decodeAcceptedUpdate(
  accepted: UpdateAcceptedAttributes,
  { encoding }: PayloadSite,
): Promise<UpdateAcceptedAttributes> {
  const { meta, input } = accepted.acceptedRequest;
  const channel: PayloadChannel = { kind: "update", updateName: input.name, updateId: meta.updateId };
  const withArgs = await withPayloads(input, "args", (args) => encoding.decodePayloads(args, channel));
  const decoded = await withMap(withArgs, "header", (map, kind) => encoding.decodeMap(map, kind));
  return { ...accepted, acceptedRequest: { meta, input: decoded } };
}

/** The update with its payloads in clear. */
export async function decodeUpdateMessage(message: UpdateMessage, { encoding }: PayloadSite): Promise<UpdateMessage> {
  const { updateName, updateId } = message;
  const channel: PayloadChannel = { kind: "update", updateName, updateId };
  const withArgs = await withPayloads(message, "args", (args) => encoding.decodePayloads(args, channel));
  return withMap(withArgs, "header", (map, kind) => encoding.decodeMap(map, kind));
}

type MarkerAttributes = EventOf<"MarkerRecorded">["attributes"];

/** Converts what a local activity's marker holds of its end; other markers have no payloads of users. */
async function convertMarker<M extends Pick<MarkerAttributes, "markerName" | "details" | "failure">>(
  marker: M,
  site: PayloadSite,
  direction: "decode" | "encode",
): Promise<M> {
  const activityId = readLocalActivityMarker(marker)?.activityId;
  if (activityId === undefined) return marker;
  const { encoding, originalExecutionRunId: runId } = site;
  const resultChannel: PayloadChannel = { kind: "local-activity-result", runId, activityId };
  const failureChannel: PayloadChannel = { kind: "local-activity-failure", runId, activityId };
  const [result, failure] = await Promise.all([
    encoding[`${direction}Payloads`](marker.details?.["result"], resultChannel),
    marker.failure && encoding[`${direction}Failure`](marker.failure, failureChannel),
  ]);
  return {
    ...marker,
    ...(result ? { details: { ...marker.details, result } } : {}),
    ...(failure ? { failure } : {}),
  };
}

/** The command as it leaves the application. */
export async function encodeCommand(command: Command, site: PayloadSite): Promise<Command> {
  const { encoding, originalExecutionRunId: runId } = site;
  const encodeOn = (channel: PayloadChannel) => (payloads: Payloads) => encoding.encodePayloads(payloads, channel);
  switch (command.commandType) {
    case "ScheduleActivityTask": {
      const { activityId } = command;
      const withInput = await withPayloads(command, "input", encodeOn({ kind: "activity-input", runId, activityId }));
      const withHeader = await withMap(withInput, "header", (map, kind) => encoding.encodeMap(map, kind));
      return withUserMetadata(withHeader, `activity/${activityId}`, site);
    }
    case "StartTimer":
      return withUserMetadata(command, `timer/${command.timerId}`, site);
    case "RecordMarker":
      return encodeMarker(command, site);
    case "ModifyWorkflowProperties": {
      const upsertedMemo = await encoding.encodeMap(command.upsertedMemo, "memo");
      return upsertedMemo ? { ...command, upsertedMemo } : command;
    }
    case "StartChildWorkflowExecution": {
      const { namespace, workflowId } = command;
      const started = await encodeStart(command, encodingFor(site, { namespace, workflowId }));
      return withUserMetadata(started, `child/${workflowId}`, site);
    }
    case "SignalExternalWorkflowExecution": {
      const { namespace, workflowExecution, signalName, signalRequestId: requestId } = command;
      const target = encodingFor(site, { namespace, workflowId: workflowExecution.workflowId });
      const channel: PayloadChannel = { kind: "signal", signalName, requestId };
      const withInput = await withPayloads(command, "input", (input) => target.encodePayloads(input, channel));
      return withMap(withInput, "header", (map, kind) => target.encodeMap(map, kind));
    }
    case "RejectUpdate": {
      const channel: PayloadChannel = { kind: "update-failure", runId, updateId: command.updateId };
      return { ...command, failure: await encoding.encodeFailure(command.failure, channel) };
    }
    case "CompleteUpdate":
      return { ...command, outcome: await encodeOutcome(command.outcome, command.updateId, site) };
    case "CompleteWorkflowExecution":
      return withPayloads(command, "result", encodeOn({ kind: "workflow-result", runId }));
    case "CancelWorkflowExecution":
      return withPayloads(command, "details", encodeOn({ kind: "workflow-cancellation", runId }));
    case "FailWorkflowExecution": {
      const failure = await encoding.encodeFailure(command.failure, { kind: "workflow-failure", runId });
      return { ...command, failure };
    }
    case "ContinueAsNewWorkflowExecution":
      return encodeStart(command, encoding);
    case "RequestCancelActivityTask":
    case "CancelTimer":
    case "UpsertWorkflowSearchAttributes":
    case "RequestCancelExternalWorkflowExecution":
    case "AcceptUpdate":
      return command;
  }
}

/** What a workflow is started with. */
async function encodeStart<
  C extends { readonly input?: Payloads; readonly header?: PayloadMap; readonly memo?: PayloadMap },
>(start: C, encoding: PayloadEncoding): Promise<C> {
  const channel: PayloadChannel = { kind: "workflow-input" };
  const withInput = await withPayloads(start, "input", (input) => encoding.encodePayloads(input, channel));
  const withHeader = await withMap(withInput, "header", (map, kind) => encoding.encodeMap(map, kind));
  return withMap(withHeader, "memo", (map, kind) => encoding.encodeMap(map, kind));
}

async function encodeMarker(marker: RecordMarkerCommand, site: PayloadSite): Promise<RecordMarkerCommand> {
  const activityId = readLocalActivityMarker(marker)?.activityId;
  if (activityId === undefined) return marker;
  return withUserMetadata(await convertMarker(marker, site, "encode"), `activity/${activityId}`, site);
}

async function encodeOutcome(outcome: UpdateOutcome, updateId: string, site: PayloadSite): Promise<UpdateOutcome> {
  const { encoding, originalExecutionRunId: runId } = site;
  if ("failure" in outcome)
    return { failure: await encoding.encodeFailure(outcome.failure, { kind: "update-failure", runId, updateId }) };
  const success = await encoding.encodePayloads(outcome.success, { kind: "update-result", runId, updateId });
  return { success: success ?? outcome.success };
}

/** `command` with its summary and details encoded; `subject` names the operation they are about. */
async function withUserMetadata<C extends { readonly userMetadata?: UserMetadata }>(
  command: C,
  subject: string,
  { encoding, originalExecutionRunId: runId }: PayloadSite,
): Promise<C> {
  const { summary, details } = command.userMetadata ?? {};
  if (summary === undefined && details === undefined) return command;
  const encode = async (part: "summary" | "details") => {
    const payload = command.userMetadata?.[part];
    if (payload === undefined) return {};
    const list = await encoding.encodePayloads(
      { payloads: [payload] },
      { kind: "user-metadata", runId, subject, part },
    );
    return { [part]: list?.payloads[0] ?? payload };
  };
  return { ...command, userMetadata: { ...(await encode("summary")), ...(await encode("details")) } };
}
