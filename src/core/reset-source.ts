/**
 * What a reset has to know of the histories it draws on, read once and row by row.
 *
 * Owns: which events matter. Of the base run, everything up to the reset point becomes the state that the new run begins
 * with; of what comes after it only requests of others are remembered (signals, updates), and what children and other
 * workflows have answered to what the kept history asked of them, for they will not answer twice. Runs that followed the
 * base run by continue-as-new give their signals and updates. No history is in memory as a whole.
 */
import { stateFromEvents } from "./apply.ts";
import type { ResetPoint } from "./control-requests.ts";
import { evolve } from "./evolve.ts";
import type { EventType, HistoryEvent } from "./history-event.ts";
import { type ResolvedPoint, WorkflowTaskIndex } from "./reset-point.ts";
import type { CopiedHistory, RunIdentity, WorkflowState } from "./state.ts";

/** Some events of a history as they are stored together. */
export interface HistoryRow {
  readonly events: readonly HistoryEvent[];
  /** What they take in storage. */
  readonly bytes: number;
}

/** Reads the history of a run of this workflow id from its first event on; undefined if it is gone. */
export type ReadRun = (runId: string) => Iterable<HistoryRow> | undefined;

/** What was found for a reset. */
export interface ResetSource {
  readonly baseRunId: string;
  /** The run that wrote the end of the kept history: the base run, or one from which a reset has taken it over. */
  readonly writerRunId: string;
  /** State of the new run as the kept history makes it, before anything is added. */
  readonly kept: Readonly<WorkflowState>;
  /** Of the base run, after the point: what may be applied to the new run again, in order. */
  readonly later: readonly HistoryEvent[];
  /** Of the current run, if it has taken over the same history: the answers to what that asks. */
  readonly sharedAnswers: readonly HistoryEvent[];
  /** Of the runs that followed the base run: what may be applied again. */
  readonly laterOfChain: readonly HistoryEvent[];
  /** The base run, or the last that has followed it. */
  readonly lastRunId: string;
}

export type ResetReading =
  | { readonly ok: true; readonly source: ResetSource }
  | Extract<ResolvedPoint, { readonly ok: false }>;

/** What others have asked of the workflow. */
const REQUESTS: ReadonlySet<EventType> = new Set<EventType>([
  "WorkflowExecutionSignaled",
  "WorkflowExecutionUpdateAdmitted",
  "WorkflowExecutionUpdateAccepted",
]);

/** What others have answered to what the workflow asked of them. */
const ANSWERS: ReadonlySet<EventType> = new Set<EventType>([
  "StartChildWorkflowExecutionFailed",
  "ChildWorkflowExecutionStarted",
  "ChildWorkflowExecutionCompleted",
  "ChildWorkflowExecutionFailed",
  "ChildWorkflowExecutionCanceled",
  "ChildWorkflowExecutionTimedOut",
  "ChildWorkflowExecutionTerminated",
  "ExternalWorkflowExecutionSignaled",
  "SignalExternalWorkflowExecutionFailed",
  "ExternalWorkflowExecutionCancelRequested",
  "RequestCancelExternalWorkflowExecutionFailed",
]);

/** Whether an event after the point is a request of others. */
export function isRequest(event: HistoryEvent): boolean {
  return REQUESTS.has(event.eventType);
}

/** Whether an event after the point is an answer. */
export function isAnswer(event: HistoryEvent): boolean {
  return ANSWERS.has(event.eventType);
}

/**
 * Whether an event of the current run answers what the kept history asks, though another run has it too: both have taken
 * the question over from the same run.
 */
export function isSharedAnswer(
  event: HistoryEvent,
  { kept, writerRunId }: Pick<ResetSource, "kept" | "writerRunId">,
  copiedFrom: readonly CopiedHistory[] = [],
): boolean {
  if (!isAnswer(event) || !("initiatedEventId" in event.attributes)) return false;
  const { initiatedEventId } = event.attributes;
  const writer = writerIn(copiedFrom, initiatedEventId);
  return writer !== undefined && writer === (writerIn(kept.copiedFrom ?? [], initiatedEventId) ?? writerRunId);
}

/** Which of the runs that a history was taken over from has written an event, if one has. */
export function writerIn(copiedFrom: readonly CopiedHistory[], eventId: number): string | undefined {
  return copiedFrom.find(({ upToEventId }) => eventId <= upToEventId)?.runId;
}

/**
 * Reads what a reset of the run `base.runId` needs. `identity` is that of the run it begins, `currentRunId` the newest
 * of the workflow id.
 */
export function readResetSource(
  base: { readonly runId: string; readonly resetPoint: ResetPoint },
  identity: RunIdentity,
  readRun: ReadRun,
  currentRunId?: string,
): ResetReading {
  const point = resolvePoint(base, readRun);
  if (!point.ok) return point;
  const { keptEventId } = point;
  const later: HistoryEvent[] = [];
  let kept: WorkflowState | undefined;
  let keptBytes = 0;
  let last: HistoryEvent | undefined;
  let writerRunId: string | undefined;
  for (const { events, bytes } of rowsOf(base.runId, readRun)) {
    kept = evolved(
      kept,
      identity,
      events.filter((event) => event.eventId <= keptEventId),
    );
    if ((events[0]?.eventId ?? 0) <= keptEventId) keptBytes += bytes;
    later.push(...events.filter((event) => event.eventId > keptEventId && isReapplicable(event)));
    writerRunId ??= takenOverFrom(events.filter((event) => event.eventId > keptEventId));
    last = events.at(-1) ?? last;
  }
  if (!kept) throw new Error(`run ${base.runId}: its history is empty`);
  // For the advice to continue as new; the rows that the new run gets are counted when they are written.
  kept.historyBytes = keptBytes;
  const of = { baseRunId: base.runId, writerRunId: writerRunId ?? base.runId, kept };
  const rows = currentRunId === undefined || currentRunId === base.runId ? undefined : readRun(currentRunId);
  const sharedAnswers = rows ? readSharedAnswers(rows, of) : [];
  return { ok: true, source: { ...of, later, sharedAnswers, ...readChain(base.runId, last, readRun) } };
}

/** A child that has told the run of an earlier reset does not tell the new run as well. */
function readSharedAnswers(
  rows: Iterable<HistoryRow>,
  of: Pick<ResetSource, "kept" | "writerRunId">,
): readonly HistoryEvent[] {
  const copiedFrom: CopiedHistory[] = [];
  const answers: HistoryEvent[] = [];
  for (const { events } of rows)
    for (const event of events) {
      const runId = takenOverFrom([event]);
      if (runId !== undefined) copiedFrom.push({ runId, upToEventId: event.eventId - 1 });
      else if (isSharedAnswer(event, of, copiedFrom)) answers.push(event);
    }
  return answers;
}

/** The run that wrote what comes before the first of these events that says it was taken over. */
function takenOverFrom(events: readonly HistoryEvent[]): string | undefined {
  for (const event of events)
    if (event.eventType === "WorkflowTaskFailed" && event.attributes.baseRunId !== undefined)
      return event.attributes.baseRunId;
  return undefined;
}

function rowsOf(runId: string, readRun: ReadRun): Iterable<HistoryRow> {
  const rows = readRun(runId);
  if (!rows) throw new Error(`run ${runId}: its history is missing`);
  return rows;
}

function resolvePoint(
  base: { readonly runId: string; readonly resetPoint: ResetPoint },
  readRun: ReadRun,
): ResolvedPoint {
  const tasks = new WorkflowTaskIndex();
  for (const { events } of rowsOf(base.runId, readRun)) for (const event of events) tasks.take(event);
  return tasks.resolve(base.resetPoint);
}

function evolved(
  state: WorkflowState | undefined,
  identity: RunIdentity,
  events: readonly HistoryEvent[],
): WorkflowState | undefined {
  if (!state) return events.length > 0 ? stateFromEvents(identity, events) : undefined;
  for (const event of events) evolve(state, event);
  return state;
}

function isReapplicable(event: HistoryEvent): boolean {
  return isRequest(event) || isAnswer(event);
}

/** Follows the chain for as long as one run continued as the next; as in Temporal, no further. */
function readChain(
  baseRunId: string,
  baseLast: HistoryEvent | undefined,
  readRun: ReadRun,
): Pick<ResetSource, "laterOfChain" | "lastRunId"> {
  const laterOfChain: HistoryEvent[] = [];
  let lastRunId = baseRunId;
  let last = baseLast;
  while (last?.eventType === "WorkflowExecutionContinuedAsNew") {
    const { newExecutionRunId } = last.attributes;
    const rows = readRun(newExecutionRunId);
    if (!rows) break;
    lastRunId = newExecutionRunId;
    last = undefined;
    for (const { events } of rows) {
      laterOfChain.push(...events.filter(isRequest));
      last = events.at(-1) ?? last;
    }
  }
  return { laterOfChain, lastRunId };
}
