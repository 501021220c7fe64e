/**
 * What a history has recorded of a workflow's commands, as items.
 *
 * Owns: the reading of events. The history comes through the official SDK's own reader of JSON, so both sides of a
 * comparison are made of the same messages.
 */
import type { temporal } from "@temporalio/proto";

import { foreignQueue, type Item, plainOptionalRetryPolicy, plainRetryPolicy } from "./item.ts";
import { durationMs, plain, type Plain, plainFailure } from "./plain.ts";

export type OfficialEvent = temporal.api.history.v1.IHistoryEvent;

/** Written by core beside each patch marker, and by nothing that the workflow commands. */
const CHANGE_VERSION = "TemporalChangeVersion";

/** The items of a history, in order. */
export function recordedItems(events: readonly OfficialEvent[], ownQueue: string): readonly Item[] {
  const activityIds = new Map<string, string>();
  return events.flatMap((event) => {
    if (event.activityTaskScheduledEventAttributes)
      activityIds.set(String(event.eventId), event.activityTaskScheduledEventAttributes.activityId ?? "");
    const item = itemOf(event, ownQueue, activityIds);
    return item === undefined ? [] : [item];
  });
}

function itemOf(event: OfficialEvent, ownQueue: string, activityIds: ReadonlyMap<string, string>): Item | undefined {
  const summary = plain(event.userMetadata);
  const timer = event.timerStartedEventAttributes;
  if (timer)
    return { key: `timer ${timer.timerId}`, exact: { durationMs: durationMs(timer.startToFireTimeout), summary } };
  if (event.timerCanceledEventAttributes)
    return { key: `cancel timer ${event.timerCanceledEventAttributes.timerId}`, exact: {} };
  if (event.activityTaskCancelRequestedEventAttributes) {
    const id = activityIds.get(String(event.activityTaskCancelRequestedEventAttributes.scheduledEventId));
    return { key: `cancel activity ${id}`, exact: {} };
  }
  return (
    activity(event, ownQueue, summary) ??
    child(event, ownQueue, summary) ??
    external(event) ??
    marker(event, summary) ??
    attributes(event) ??
    update(event) ??
    close(event, ownQueue)
  );
}

function activity(event: OfficialEvent, ownQueue: string, summary: Plain | undefined): Item | undefined {
  const scheduled = event.activityTaskScheduledEventAttributes;
  if (!scheduled) return undefined;
  return {
    key: `activity ${scheduled.activityId}`,
    exact: {
      type: plain(scheduled.activityType?.name),
      input: plain(scheduled.input?.payloads),
      headers: plain(scheduled.header?.fields),
      queue: foreignQueue(scheduled.taskQueue?.name, ownQueue),
      retry: plainRetryPolicy(scheduled.retryPolicy),
      summary,
    },
    timeouts: {
      scheduleToClose: durationMs(scheduled.scheduleToCloseTimeout),
      scheduleToStart: durationMs(scheduled.scheduleToStartTimeout),
      startToClose: durationMs(scheduled.startToCloseTimeout),
      heartbeat: durationMs(scheduled.heartbeatTimeout),
    },
  };
}

function child(event: OfficialEvent, ownQueue: string, summary: Plain | undefined): Item | undefined {
  const initiated = event.startChildWorkflowExecutionInitiatedEventAttributes;
  if (!initiated) return undefined;
  return {
    key: `child ${initiated.workflowId}`,
    exact: {
      type: plain(initiated.workflowType?.name),
      namespace: plain(initiated.namespace),
      queue: foreignQueue(initiated.taskQueue?.name, ownQueue),
      input: plain(initiated.input?.payloads),
      headers: plain(initiated.header?.fields),
      memo: plain(initiated.memo?.fields),
      searchAttributes: plain(initiated.searchAttributes),
      retry: plainOptionalRetryPolicy(initiated.retryPolicy),
      cron: plain(initiated.cronSchedule),
      parentClosePolicy: initiated.parentClosePolicy || 1,
      reusePolicy: initiated.workflowIdReusePolicy || 1,
      summary,
    },
    timeouts: {
      execution: durationMs(initiated.workflowExecutionTimeout),
      run: durationMs(initiated.workflowRunTimeout),
      task: durationMs(initiated.workflowTaskTimeout),
    },
  };
}

/** Signals to other workflows, and cancellations of them. */
function external(event: OfficialEvent): Item | undefined {
  const signal = event.signalExternalWorkflowExecutionInitiatedEventAttributes;
  if (signal)
    return {
      key: `signal to ${signal.workflowExecution?.workflowId}`,
      exact: {
        name: plain(signal.signalName),
        namespace: plain(signal.namespace),
        runId: plain(signal.workflowExecution?.runId),
        toChild: plain(signal.childWorkflowOnly),
        input: plain(signal.input?.payloads),
        headers: plain(signal.header?.fields),
      },
    };
  const cancel = event.requestCancelExternalWorkflowExecutionInitiatedEventAttributes;
  if (!cancel) return undefined;
  const exact = cancel.childWorkflowOnly
    ? { ofChild: true, reason: plain(cancel.reason) }
    : {
        ofChild: undefined,
        namespace: plain(cancel.namespace),
        runId: plain(cancel.workflowExecution?.runId),
        reason: plain(cancel.reason),
      };
  return { key: `cancel ${cancel.workflowExecution?.workflowId}`, exact };
}

interface LocalActivityData {
  readonly seq: number;
  readonly activity_id: string;
  readonly activity_type: string;
}

function marker(event: OfficialEvent, summary: Plain | undefined): Item | undefined {
  const recorded = event.markerRecordedEventAttributes;
  if (!recorded) return undefined;
  if (recorded.markerName === "core_patch") {
    const { id, deprecated } = detail(recorded, "patch-data") as { id: string; deprecated: boolean };
    const optional = deprecated ? { optional: "code may no longer mention a deprecated patch" } : {};
    return { key: `patch ${id}`, exact: deprecated ? {} : { deprecated: undefined }, ...optional };
  }
  if (recorded.markerName !== "core_local_activity") return { key: `marker ${recorded.markerName}`, exact: {} };
  const data = detail(recorded, "data") as LocalActivityData;
  return {
    key: `local activity ${data.seq}`,
    exact: { id: data.activity_id, type: data.activity_type, summary },
  };
}

function detail(recorded: temporal.api.history.v1.IMarkerRecordedEventAttributes, name: string): unknown {
  const data = recorded.details?.[name]?.payloads?.[0]?.data ?? new Uint8Array();
  return JSON.parse(Buffer.from(data).toString());
}

function attributes(event: OfficialEvent): Item | undefined {
  const upserted = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields;
  if (upserted && !(CHANGE_VERSION in upserted))
    return { key: "search attributes", exact: { fields: plain(upserted) } };
  const memo = event.workflowPropertiesModifiedEventAttributes?.upsertedMemo?.fields;
  return memo ? { key: "memo", exact: { fields: plain(memo) } } : undefined;
}

function update(event: OfficialEvent): Item | undefined {
  const accepted = event.workflowExecutionUpdateAcceptedEventAttributes;
  if (accepted) return { key: `update ${accepted.protocolInstanceId} accepted`, exact: {} };
  const completed = event.workflowExecutionUpdateCompletedEventAttributes;
  if (!completed) return undefined;
  const exact = {
    success: plain(completed.outcome?.success?.payloads),
    failure: plainFailure(completed.outcome?.failure),
  };
  return { key: `update ${completed.meta?.updateId} completed`, exact };
}

function close(event: OfficialEvent, ownQueue: string): Item | undefined {
  if (event.workflowExecutionCompletedEventAttributes) {
    const { result } = event.workflowExecutionCompletedEventAttributes;
    return { key: "close", exact: { kind: "completed", result: plain(result?.payloads?.[0]) } };
  }
  if (event.workflowExecutionFailedEventAttributes) {
    const failure = plainFailure(event.workflowExecutionFailedEventAttributes.failure);
    return { key: "close", exact: { kind: "failed", failure } };
  }
  if (event.workflowExecutionCanceledEventAttributes) return { key: "close", exact: { kind: "cancelled" } };
  const continued = event.workflowExecutionContinuedAsNewEventAttributes;
  if (!continued) return undefined;
  return {
    key: "close",
    exact: {
      kind: "continued as new",
      type: plain(continued.workflowType?.name),
      queue: foreignQueue(continued.taskQueue?.name, ownQueue),
      input: plain(continued.input?.payloads),
      headers: plain(continued.header?.fields),
      memo: plain(continued.memo?.fields),
      searchAttributes: plain(continued.searchAttributes),
    },
    timeouts: {
      run: durationMs(continued.workflowRunTimeout),
      task: durationMs(continued.workflowTaskTimeout),
      backoff: durationMs(continued.backoffStartInterval),
    },
  };
}
