/**
 * A timer.
 *
 *   state \ input | start command | cancel command                          | due
 *   --------------+---------------+-----------------------------------------+------
 *   none          | open          | refused                                 | -
 *   open          | refused       | closed (Canceled)                       | fired
 *   fired, buffered | open        | the firing is dropped, closed (Canceled)| -
 *
 * Owns: these transitions. A timer that fires while a workflow task is with the worker has not been seen by the
 * workflow, which is why its cancellation still wins.
 */
import type { CancelTimerCommand, StartTimerCommand } from "./command.ts";
import { type CommandContext, type CommandProblem, problem } from "./command-context.ts";
import type { Draft } from "./draft.ts";
import { idProblem } from "./identifiers.ts";
import type { TimerState } from "./state.ts";

export function startTimer(context: CommandContext, command: StartTimerCommand): CommandProblem | undefined {
  const { timerId, startToFireTimeoutMs } = command;
  const malformed = idProblem("timerId", timerId);
  if (malformed !== undefined) return problem("BAD_START_TIMER_ATTRIBUTES", malformed);
  if (!Number.isFinite(startToFireTimeoutMs) || startToFireTimeoutMs <= 0)
    return problem("BAD_START_TIMER_ATTRIBUTES", `timer ${timerId}: the duration must be above zero milliseconds`);
  if (context.timers.has(timerId)) return problem("START_TIMER_DUPLICATE_ID", `timer id ${timerId} is in use`);
  const { draft, workflowTaskCompletedEventId } = context;
  const startedEventId = draft.append(
    "TimerStarted",
    { timerId, startToFireTimeoutMs, workflowTaskCompletedEventId },
    draft.nowMs,
    command.userMetadata,
  );
  context.timers.set(timerId, startedEventId);
  return undefined;
}

export function cancelTimer(context: CommandContext, command: CancelTimerCommand): CommandProblem | undefined {
  const { timerId } = command;
  const startedEventId = context.timers.get(timerId) ?? context.draft.dropBufferedTimer(timerId);
  if (startedEventId === undefined)
    return problem("BAD_CANCEL_TIMER_ATTRIBUTES", `no open timer has the id ${timerId}`);
  context.draft.append("TimerCanceled", {
    timerId,
    startedEventId,
    workflowTaskCompletedEventId: context.workflowTaskCompletedEventId,
  });
  context.timers.delete(timerId);
  return undefined;
}

/** The timer's time has come. The caller starts the workflow task that sees it. */
export function fireTimer(draft: Draft, timer: Readonly<TimerState>): void {
  draft.appendOrBuffer("TimerFired", { timerId: timer.timerId, startedEventId: timer.startedEventId });
}
