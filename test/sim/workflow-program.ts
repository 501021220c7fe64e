/**
 * A workflow for the simulation: a list of steps, and the commands that follow from what it has seen.
 *
 * Owns: the steps. The commands are a function of the events alone, so a session that breaks is replaced by reading
 * them again, as with real workflow code.
 */
import type { Command } from "../../src/core/command.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { cancelActivity, cancelTimer, scheduleActivity, startTimer } from "../core/requests.ts";
import type { Random } from "./random.ts";

type Step =
  | { readonly kind: "activities"; readonly count: number; readonly heartbeats: boolean }
  | { readonly kind: "timer"; readonly ms: number }
  /** An activity against a timer; whichever is first cancels the other. */
  | { readonly kind: "race"; readonly ms: number }
  | { readonly kind: "signals"; readonly count: number };

export interface Program {
  readonly steps: readonly Step[];
  readonly signals: number;
}

export function randomProgram(random: Random): Program {
  const signals = random.whole(0, 4);
  const steps: Step[] = [];
  for (let left = random.whole(1, 5); left > 0; left -= 1) {
    const kinds = ["activities", "activities", "timer", "race", "race", "signals"] as const;
    const kind = kinds[random.whole(0, kinds.length - 1)] ?? "timer";
    if (kind === "activities") steps.push({ kind, count: random.whole(1, 4), heartbeats: random.chance(0.5) });
    else if (kind === "signals") steps.push({ kind, count: random.whole(0, signals) });
    else steps.push({ kind, ms: random.whole(1, kind === "race" ? 900 : 4_000) });
  }
  return { steps, signals };
}

interface Seen {
  /** Scheduled event id by activity id. */
  readonly scheduled: Map<string, number>;
  readonly closed: Set<number>;
  readonly cancelled: Set<number>;
  readonly timersStarted: Set<string>;
  readonly timersEnded: Set<string>;
  signals: number;
  isCancelRequested: boolean;
}

function observe(events: readonly HistoryEvent[]): Seen {
  const seen: Seen = {
    scheduled: new Map(),
    closed: new Set(),
    cancelled: new Set(),
    timersStarted: new Set(),
    timersEnded: new Set(),
    signals: 0,
    isCancelRequested: false,
  };
  for (const event of events) {
    switch (event.eventType) {
      case "ActivityTaskScheduled":
        seen.scheduled.set(event.attributes.activityId, event.eventId);
        break;
      case "ActivityTaskCancelRequested":
        seen.cancelled.add(event.attributes.scheduledEventId);
        break;
      case "ActivityTaskCompleted":
      case "ActivityTaskFailed":
      case "ActivityTaskTimedOut":
      case "ActivityTaskCanceled":
        seen.closed.add(event.attributes.scheduledEventId);
        break;
      case "TimerStarted":
        seen.timersStarted.add(event.attributes.timerId);
        break;
      case "TimerFired":
      case "TimerCanceled":
        seen.timersEnded.add(event.attributes.timerId);
        break;
      case "WorkflowExecutionSignaled":
        seen.signals += 1;
        break;
      case "WorkflowExecutionCancelRequested":
        seen.isCancelRequested = true;
        break;
      default:
    }
  }
  return seen;
}

/** What the workflow asks for, once it has seen these events. */
export function commandsOf(program: Program, events: readonly HistoryEvent[]): readonly Command[] {
  const seen = observe(events);
  const commands: Command[] = [];
  for (const [index, step] of program.steps.entries()) {
    if (seen.isCancelRequested) return [...commands, { commandType: "CancelWorkflowExecution" }];
    if (!take(step, String(index), seen, commands)) return commands;
  }
  return [...commands, { commandType: "CompleteWorkflowExecution" }];
}

const RETRY = { initialIntervalMs: 100, maximumIntervalMs: 2_000 };

/** Adds the commands of a step; whether it is done. */
function take(step: Step, id: string, seen: Seen, commands: Command[]): boolean {
  switch (step.kind) {
    case "activities": {
      let isDone = true;
      for (let index = 0; index < step.count; index += 1) {
        const heartbeat = step.heartbeats ? { heartbeatTimeoutMs: 1_500 } : {};
        // Some are too long for a worker's afterlife, so that they go through the queue.
        const startToCloseTimeoutMs = index % 2 === 0 ? 4_000 : 40_000;
        const options = { startToCloseTimeoutMs, allowEagerDispatch: true, retryPolicy: RETRY, ...heartbeat };
        if (!hasClosed(`${id}.${index}`, options, seen, commands)) isDone = false;
      }
      return isDone;
    }
    case "timer":
      if (!seen.timersStarted.has(id)) commands.push(startTimer(id, step.ms));
      return seen.timersEnded.has(id);
    case "race":
      return takeRace(step, id, seen, commands);
    case "signals":
      return seen.signals >= step.count;
  }
}

function takeRace(step: { readonly ms: number }, id: string, seen: Seen, commands: Command[]): boolean {
  const isClosed = hasClosed(id, { startToCloseTimeoutMs: 60_000, retryPolicy: RETRY }, seen, commands);
  if (!seen.timersStarted.has(id)) commands.push(startTimer(id, step.ms));
  const scheduledEventId = seen.scheduled.get(id);
  if (isClosed && !seen.timersEnded.has(id)) commands.push(cancelTimer(id));
  const isTooLate = seen.timersEnded.has(id) && !isClosed;
  if (isTooLate && scheduledEventId !== undefined && !seen.cancelled.has(scheduledEventId))
    commands.push(cancelActivity(scheduledEventId));
  return isClosed;
}

function hasClosed(
  activityId: string,
  options: Parameters<typeof scheduleActivity>[1],
  seen: Seen,
  commands: Command[],
): boolean {
  const scheduledEventId = seen.scheduled.get(activityId);
  if (scheduledEventId === undefined) commands.push(scheduleActivity(activityId, options));
  return scheduledEventId !== undefined && seen.closed.has(scheduledEventId);
}
