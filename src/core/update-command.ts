/**
 * What a workflow task does to the updates it carries: accepts them, rejects them, completes what was accepted.
 *
 * Owns: these commands, and the end of a task that leaves no trace. A task that was started for updates alone is
 * written down only if it comes to something; when the workflow refuses all of them, history does not show it.
 */
import type { AcceptUpdateCommand, Command, CompleteUpdateCommand, RejectUpdateCommand } from "./command.ts";
import { type CommandContext, type CommandProblem, problem } from "./command-context.ts";
import { type Failure, SERVICE_FAILURE_SOURCE } from "./failure.ts";
import { MAX_PAYLOADS_BYTES } from "./limits.ts";
import { payloadsBytes } from "./payload.ts";
import { recordOf } from "./workflow-task.ts";
import { failureBytes } from "./request-check.ts";
import type { WorkflowTaskState } from "./state.ts";

/** What a worker answers for a workflow task, as far as it decides whether the task leaves a trace. */
export interface TaskAnswer {
  readonly commands: readonly Command[];
  readonly forceNewWorkflowTask?: true | undefined;
}

/** Whether nothing of a task is to be written down: it was started for updates, and came to nothing. */
export function isTraceless(task: Pick<WorkflowTaskState, "speculative">, answer: TaskAnswer): boolean {
  if (!task.speculative || answer.forceNewWorkflowTask) return false;
  return answer.commands.every((command) => command.commandType === "RejectUpdate");
}

function unknown(command: { readonly commandType: string; readonly updateId: string }, what: string): CommandProblem {
  const message = `${command.commandType}: ${what} '${command.updateId}'`;
  return problem("BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE", message);
}

/** The workflow has taken an update. */
export function acceptUpdate(context: CommandContext, command: AcceptUpdateCommand): CommandProblem | undefined {
  const { updateId } = command;
  const update = context.carriedUpdates.get(updateId);
  const startedEventId = context.state.workflowTask?.startedEventId;
  if (!update || startedEventId === undefined) return unknown(command, "the workflow task does not carry an update");
  context.carriedUpdates.delete(updateId);
  const acceptedEventId = context.draft.append("WorkflowExecutionUpdateAccepted", {
    protocolInstanceId: updateId,
    acceptedRequestMessageId: `${updateId}/request`,
    acceptedRequestSequencingEventId: startedEventId - 1,
    acceptedRequest: recordOf(update),
  });
  context.openUpdates.set(updateId, acceptedEventId);
  return undefined;
}

/** The workflow has refused an update. Its caller hears of it; history does not. */
export function rejectUpdate(context: CommandContext, command: RejectUpdateCommand): CommandProblem | undefined {
  const tooLarge = sizeProblem(command, failureBytes(command.failure));
  if (tooLarge) return tooLarge;
  if (!context.carriedUpdates.delete(command.updateId))
    return unknown(command, "the workflow task does not carry an update");
  context.draft.rejectUpdate(command.updateId, command.failure);
  return undefined;
}

/** An accepted update has ended. */
export function completeUpdate(context: CommandContext, command: CompleteUpdateCommand): CommandProblem | undefined {
  const { updateId, outcome } = command;
  const bytes = "success" in outcome ? payloadsBytes(outcome.success) : failureBytes(outcome.failure);
  const tooLarge = sizeProblem(command, bytes);
  if (tooLarge) return tooLarge;
  const acceptedEventId = context.openUpdates.get(updateId);
  if (acceptedEventId === undefined) return unknown(command, "there is no accepted and open update");
  context.openUpdates.delete(updateId);
  context.draft.append("WorkflowExecutionUpdateCompleted", { meta: { updateId }, acceptedEventId, outcome });
  return undefined;
}

function sizeProblem(
  command: { readonly commandType: string; readonly updateId: string },
  bytes: number,
): CommandProblem | undefined {
  if (bytes <= MAX_PAYLOADS_BYTES) return undefined;
  const message = `${command.commandType} '${command.updateId}' carries ${bytes} bytes, the limit is ${MAX_PAYLOADS_BYTES}`;
  return problem("PAYLOADS_TOO_LARGE", message);
}

/** Rejects what the task carried and the worker said nothing of: it would be carried by every task from now on. */
export function rejectUnanswered(context: CommandContext): void {
  for (const updateId of context.carriedUpdates.keys()) context.draft.rejectUpdate(updateId, UNANSWERED);
  context.carriedUpdates.clear();
}

const UNANSWERED: Failure = {
  message: "The workflow worker neither accepted nor rejected the update; it may be of a version without updates.",
  source: SERVICE_FAILURE_SOURCE,
  applicationFailureInfo: { type: "UnprocessedUpdate", nonRetryable: true },
};
