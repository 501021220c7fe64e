/**
 * What the official SDK commanded during a replay, as items.
 *
 * Owns: the reading of its commands. Commands that it takes back itself before they are sent are left out, as its core
 * leaves them out.
 */
import type { coresdk } from "@temporalio/proto";

import type { OfficialCommand } from "../official/report.ts";
import { foreignQueue, type Item, plainOptionalRetryPolicy, plainRetryPolicy } from "./item.ts";
import { durationMs, plain, type Plain, plainFailure } from "./plain.ts";

type Commands = coresdk.workflow_commands.IWorkflowCommand;
type Of<K extends keyof Commands> = NonNullable<Commands[K]>;

/** What the reading of a command needs to know of the run. */
export interface CommandContext {
  readonly ownQueue: string;
  readonly namespace: string;
  readonly runId: string;
  /** From the run's first event, for what continue-as-new inherits. */
  readonly startedMemo: Plain | undefined;
}

/** The items of a whole replay, in order. Only the first command that closes the workflow counts. */
export function commandedItems(
  activations: readonly (readonly OfficialCommand[])[],
  context: CommandContext,
): readonly Item[] {
  const commands = activations.flat();
  const names = namesOf(commands);
  const items: Item[] = [];
  let isClosed = false;
  for (const command of commands) {
    const item = itemOf(command, context, names);
    if (item === undefined) continue;
    if (item.key === "close" && isClosed) continue;
    isClosed ||= item.key === "close";
    items.push(item);
  }
  return items;
}

/** Names of what later commands refer to by number, and the numbers that are cancelled at some time. */
interface Names {
  readonly activities: ReadonlyMap<number, string>;
  readonly children: ReadonlyMap<number, string>;
  readonly cancelled: ReadonlySet<string>;
}

function namesOf(commands: readonly OfficialCommand[]): Names {
  const activities = new Map<number, string>();
  const children = new Map<number, string>();
  const cancelled = new Set<string>();
  for (const command of commands) {
    const { scheduleActivity, startChildWorkflowExecution: child } = command;
    if (scheduleActivity) activities.set(scheduleActivity.seq ?? 0, scheduleActivity.activityId ?? "");
    if (child) children.set(child.seq ?? 0, child.workflowId ?? "");
    if (command.cancelTimer) cancelled.add(`timer ${command.cancelTimer.seq}`);
    if (command.requestCancelActivity) cancelled.add(`activity ${command.requestCancelActivity.seq}`);
    if (command.cancelChildWorkflowExecution)
      cancelled.add(`child ${command.cancelChildWorkflowExecution.childWorkflowSeq}`);
    if (command.cancelSignalWorkflow) cancelled.add(`signal ${command.cancelSignalWorkflow.seq}`);
  }
  return { activities, children, cancelled };
}

function itemOf(command: OfficialCommand, context: CommandContext, names: Names): Item | undefined {
  const summary = plain(command.userMetadata);
  const takenBack = (what: string): Pick<Item, "optional"> =>
    names.cancelled.has(what) ? { optional: "it was cancelled, perhaps before it was sent" } : {};
  if (command.startTimer) {
    const { seq, startToFireTimeout } = command.startTimer;
    const exact = { durationMs: durationMs(startToFireTimeout), summary };
    return { key: `timer ${seq}`, exact, ...takenBack(`timer ${seq}`) };
  }
  if (command.scheduleActivity)
    return {
      ...activity(command.scheduleActivity, context, summary),
      ...takenBack(`activity ${command.scheduleActivity.seq}`),
    };
  if (command.startChildWorkflowExecution)
    return {
      ...child(command.startChildWorkflowExecution, context, summary),
      ...takenBack(`child ${command.startChildWorkflowExecution.seq}`),
    };
  if (command.signalExternalWorkflowExecution)
    return {
      ...signal(command.signalExternalWorkflowExecution, context),
      ...takenBack(`signal ${command.signalExternalWorkflowExecution.seq}`),
    };
  return (
    cancellation(command, names, context) ?? record(command, summary) ?? update(command) ?? close(command, context)
  );
}

function activity(attributes: Of<"scheduleActivity">, context: CommandContext, summary: Plain | undefined): Item {
  return {
    key: `activity ${attributes.activityId}`,
    exact: {
      type: plain(attributes.activityType),
      input: plain(attributes.arguments),
      headers: plain(attributes.headers),
      queue: foreignQueue(attributes.taskQueue, context.ownQueue),
      retry: plainRetryPolicy(attributes.retryPolicy),
      summary,
    },
    timeouts: {
      scheduleToClose: durationMs(attributes.scheduleToCloseTimeout),
      scheduleToStart: durationMs(attributes.scheduleToStartTimeout),
      startToClose: durationMs(attributes.startToCloseTimeout),
      heartbeat: durationMs(attributes.heartbeatTimeout),
    },
  };
}

function child(
  attributes: Of<"startChildWorkflowExecution">,
  context: CommandContext,
  summary: Plain | undefined,
): Item {
  return {
    key: `child ${attributes.workflowId}`,
    exact: {
      type: plain(attributes.workflowType),
      namespace: plain(attributes.namespace || context.namespace),
      queue: foreignQueue(attributes.taskQueue, context.ownQueue),
      input: plain(attributes.input),
      headers: plain(attributes.headers),
      memo: plain(attributes.memo),
      searchAttributes: plain(attributes.searchAttributes),
      retry: plainOptionalRetryPolicy(attributes.retryPolicy),
      cron: plain(attributes.cronSchedule),
      // TERMINATE and ALLOW_DUPLICATE are what the service takes for none.
      parentClosePolicy: attributes.parentClosePolicy || 1,
      reusePolicy: attributes.workflowIdReusePolicy || 1,
      summary,
    },
    timeouts: {
      execution: durationMs(attributes.workflowExecutionTimeout),
      run: durationMs(attributes.workflowRunTimeout),
      task: durationMs(attributes.workflowTaskTimeout),
    },
  };
}

function signal(attributes: Of<"signalExternalWorkflowExecution">, context: CommandContext): Item {
  const { workflowExecution: external, childWorkflowId, signalName } = attributes;
  return {
    key: `signal to ${external?.workflowId ?? childWorkflowId}`,
    exact: {
      name: plain(signalName),
      namespace: plain(external?.namespace || context.namespace),
      runId: plain(external?.runId),
      toChild: plain(childWorkflowId !== null && childWorkflowId !== undefined && childWorkflowId !== ""),
      input: plain(attributes.args),
      headers: plain(attributes.headers),
    },
  };
}

/** Whether core sends a cancellation depends on the state of what is cancelled, and core checks it. */
const CORE_DECIDES = { optional: "there may have been nothing left to cancel" };

function cancellation(command: OfficialCommand, names: Names, context: CommandContext): Item | undefined {
  if (command.cancelTimer) return { key: `cancel timer ${command.cancelTimer.seq}`, exact: {}, ...CORE_DECIDES };
  if (command.requestCancelActivity) {
    const id = names.activities.get(command.requestCancelActivity.seq ?? 0) ?? "";
    return { key: `cancel activity ${id}`, exact: {}, ...CORE_DECIDES };
  }
  if (command.cancelChildWorkflowExecution) {
    const { childWorkflowSeq, reason } = command.cancelChildWorkflowExecution;
    const id = names.children.get(childWorkflowSeq ?? 0) ?? "";
    return { key: `cancel ${id}`, exact: { ofChild: true, reason: plain(reason) }, ...CORE_DECIDES };
  }
  if (command.requestCancelExternalWorkflowExecution) {
    const { workflowExecution: external, reason } = command.requestCancelExternalWorkflowExecution;
    return {
      key: `cancel ${external?.workflowId}`,
      exact: {
        ofChild: undefined,
        namespace: plain(external?.namespace || context.namespace),
        runId: plain(external?.runId),
        reason: `Cancel requested by workflow with run id ${context.runId} with reason: ${reason ?? ""}`,
      },
    };
  }
  return undefined;
}

/** What is written down without an answer. */
function record(command: OfficialCommand, summary: Plain | undefined): Item | undefined {
  if (command.setPatchMarker) {
    const { patchId, deprecated } = command.setPatchMarker;
    const optional = { optional: "core writes a patch once, and may skip deprecated ones" };
    return { key: `patch ${patchId}`, exact: deprecated === true ? {} : { deprecated: undefined }, ...optional };
  }
  if (command.scheduleLocalActivity) {
    const { seq, activityId, activityType } = command.scheduleLocalActivity;
    return {
      key: `local activity ${seq}`,
      exact: { id: plain(activityId), type: plain(activityType), summary },
      optional: "it may not have ended before the workflow did",
    };
  }
  if (command.upsertWorkflowSearchAttributes)
    return {
      key: "search attributes",
      exact: { fields: plain(command.upsertWorkflowSearchAttributes.searchAttributes?.indexedFields) },
    };
  if (command.modifyWorkflowProperties)
    return { key: "memo", exact: { fields: plain(command.modifyWorkflowProperties.upsertedMemo?.fields) } };
  return undefined;
}

function update(command: OfficialCommand): Item | undefined {
  const response = command.updateResponse;
  if (!response) return undefined;
  const id = response.protocolInstanceId;
  if (response.accepted) return { key: `update ${id} accepted`, exact: {} };
  const completed = response.completed ? plain([response.completed]) : undefined;
  return { key: `update ${id} completed`, exact: { success: completed, failure: plainFailure(response.rejected) } };
}

function close(command: OfficialCommand, context: CommandContext): Item | undefined {
  if (command.completeWorkflowExecution) {
    const { result } = command.completeWorkflowExecution;
    return { key: "close", exact: { kind: "completed", result: plain(result) } };
  }
  if (command.failWorkflowExecution)
    return { key: "close", exact: { kind: "failed", failure: plainFailure(command.failWorkflowExecution.failure) } };
  if (command.cancelWorkflowExecution) return { key: "close", exact: { kind: "cancelled" } };
  if (command.continueAsNewWorkflowExecution) {
    const attributes = command.continueAsNewWorkflowExecution;
    return {
      key: "close",
      exact: {
        kind: "continued as new",
        type: plain(attributes.workflowType),
        queue: foreignQueue(attributes.taskQueue || context.ownQueue, context.ownQueue),
        input: plain(attributes.arguments),
        headers: plain(attributes.headers),
        memo: plain(attributes.memo) ?? context.startedMemo,
        // Where none are given, those of the moment are carried over: not known here, so not compared.
        ...(attributes.searchAttributes ? { searchAttributes: plain(attributes.searchAttributes) } : {}),
      },
      timeouts: {
        run: durationMs(attributes.workflowRunTimeout),
        task: durationMs(attributes.workflowTaskTimeout),
        backoff: durationMs(attributes.backoffStartInterval),
      },
    };
  }
  return undefined;
}
