/**
 * What must be true of a workflow after all kills, whatever the moments were.
 *
 * Owns: the list. Each broken promise is named in a sentence; an empty list means that all were kept.
 *
 *   S1 an accepted start is the run that is there
 *   S2 history holds its invariants, and what was in it before a kill is in it unchanged
 *   S3 an accepted signal is in history once, one that was cut off at most once
 *   S4 each attempt of an activity ran at most once; once its end is recorded it never runs again
 *   S5 no more attempts than failures and kills explain
 *   S6 a timer does not fire early
 *   S7 the workflow ended as its code says, with the results that were recorded
 */
import type { EventOf, HistoryEvent } from "../../src/core/history-event.ts";
import { historyProblems } from "../../src/core/invariants.ts";
import { eventsOf, type Story } from "./evidence.ts";
import { endingProblems } from "./expected-ending.ts";

/** The clocks of the runtime and of the test are one, but both count whole milliseconds. */
const CLOCK_TOLERANCE_MS = 5;

/** Everything that is wrong with a story. */
export function problemsOf(story: Story): readonly string[] {
  return [
    ...startProblems(story),
    ...historyProblems(story.history.events).map((problem) => `S2 ${problem}`),
    ...changedPast(story),
    ...signalProblems(story),
    ...executionProblems(story),
    ...attemptProblems(story),
    ...timerProblems(story),
    ...endingProblems(story).map((problem) => `S7 ${problem}`),
  ];
}

function startProblems({ promised, history }: Story): string[] {
  const problems: string[] = [];
  if (promised.runId !== undefined && promised.runId !== history.runId)
    problems.push(`S1 run ${promised.runId} was accepted, run ${history.runId} is there`);
  if (eventsOf(history.events, "WorkflowExecutionStarted").length !== 1) problems.push("S1 it did not start once");
  return problems;
}

function changedPast({ before, history }: Story): string[] {
  return before.flatMap(({ runId, events }) => {
    const now = history.events.slice(0, events.length);
    const isSame = runId === history.runId && JSON.stringify(now) === JSON.stringify(events);
    return isSame ? [] : [`S2 the first ${events.length} events are not what they were before a kill`];
  });
}

function signalProblems({ promised, history }: Story): string[] {
  const signaled = eventsOf(history.events, "WorkflowExecutionSignaled");
  return (["approve", "note"] as const).flatMap((name) => {
    const sent = promised.signals.filter((signal) => signal.name === name);
    const accepted = sent.filter(({ delivery }) => delivery === "accepted").length;
    const found = signaled.filter(({ attributes }) => attributes.signalName === name).length;
    const refused = sent.filter(({ delivery }) => delivery === "refused").length;
    const isRight = found >= accepted && found <= sent.length - refused;
    return isRight
      ? []
      : [`S3 '${name}': ${sent.length} sent, ${accepted} accepted, ${refused} refused, ${found} found`];
  });
}

type Closing = EventOf<
  "ActivityTaskCompleted" | "ActivityTaskFailed" | "ActivityTaskTimedOut" | "ActivityTaskCanceled"
>;

function isClosing(event: HistoryEvent): event is Closing & HistoryEvent {
  return /^ActivityTask(Completed|Failed|TimedOut|Canceled)$/.test(event.eventType);
}

function executionProblems({ history, executions }: Story): string[] {
  const problems: string[] = [];
  const closings = history.events.filter(isClosing);
  const started = eventsOf(history.events, "ActivityTaskStarted");
  const scheduled = eventsOf(history.events, "ActivityTaskScheduled");
  for (const { eventId, attributes } of scheduled) {
    const { activityId } = attributes;
    const runs = executions.filter((execution) => execution.activityId === activityId);
    const attempts = runs.map(({ attempt }) => attempt);
    if (new Set(attempts).size !== attempts.length)
      problems.push(`S4 activity ${activityId} ran attempts ${attempts.join(", ")}`);
    const closing = closings.find((event) => event.attributes.scheduledEventId === eventId);
    if (!closing) continue;
    const late = runs.filter(({ atMs }) => atMs > closing.eventTimeMs + CLOCK_TOLERANCE_MS);
    if (late.length > 0) problems.push(`S4 activity ${activityId} ran again after its end was recorded`);
    const recorded = started.find((event) => event.attributes.scheduledEventId === eventId)?.attributes.attempt;
    if (closing.eventType === "ActivityTaskCompleted" && !attempts.includes(recorded ?? 0))
      problems.push(`S4 activity ${activityId} is recorded as completed by attempt ${recorded}, which never ran`);
    if (attempts.some((attempt) => attempt > (recorded ?? 0)))
      problems.push(`S4 activity ${activityId} ran attempts ${attempts.join(", ")}, recorded is ${recorded}`);
  }
  const known = new Set(scheduled.map(({ attributes }) => attributes.activityId));
  for (const { activityId } of executions)
    if (!known.has(activityId)) problems.push(`S4 activity ${activityId} ran and is not in history`);
  return problems;
}

/** A refusal of the outside world costs an attempt, and so does each kill, but nothing else. */
function attemptProblems({ history, kills, executions }: Story): string[] {
  const types = new Map(
    eventsOf(history.events, "ActivityTaskScheduled").map(({ eventId, attributes }) => [eventId, attributes]),
  );
  return eventsOf(history.events, "ActivityTaskStarted").flatMap(({ attributes }) => {
    const { attempt, scheduledEventId } = attributes;
    const activityId = types.get(scheduledEventId)?.activityId;
    const refusals = executions.some(
      (run) => run.activityId === activityId && run.activityType === "charge" && run.attempt === 1,
    );
    const explained = 1 + kills + (refusals ? 1 : 0);
    return attempt <= explained ? [] : [`S5 activity ${activityId} needed ${attempt} attempts over ${kills} kills`];
  });
}

function timerProblems({ history }: Story): string[] {
  const fired = eventsOf(history.events, "TimerFired");
  return eventsOf(history.events, "TimerStarted").flatMap(({ eventId, eventTimeMs, attributes }) => {
    const end = fired.find((event) => event.attributes.startedEventId === eventId);
    const earlyMs = end ? eventTimeMs + attributes.startToFireTimeoutMs - end.eventTimeMs : 0;
    return earlyMs > 0 ? [`S6 timer ${attributes.timerId} fired ${earlyMs} ms early`] : [];
  });
}
