/**
 * A draft: the changes one decision is putting together, before anything is committed.
 *
 * Owns: event numbering, the choice between numbering and buffering, the order in which buffered events are flushed,
 * starting workflow tasks and sending activity tasks, neither of which a paused run does. The state it reads is never
 * changed here.
 *
 * Rules: (1) while a workflow task is with the worker, everything that is not its own completion is buffered;
 * (2) on flush, events that close activities and children come after the other buffered ones; (3) nothing follows a close event.
 */
import type { Failure } from "./failure.ts";
import { ACTIVITY_CLOSING, RUN_CLOSING, isLate, openedBy } from "./closing-events.ts";
import type { EventAttributes, EventType, HistoryEvent, UserMetadata } from "./history-event.ts";
import { MAX_HISTORY_BYTES, MAX_HISTORY_EVENTS } from "./limits.ts";
import type { Reply } from "./rejection.ts";
import {
  type ActivityProgress,
  type BufferedEvent,
  type ProgressChange,
  type RunIdentity,
  type UpdateChanges,
  type WorkflowState,
  type WorkflowTaskState,
  admittedAfter,
  isBeforeFirstTask,
  isWorkflowTaskStarted,
} from "./state.ts";
import { characters, waitingCharacters } from "./text-size.ts";
import { taskScheduled, taskStarted, transientTaskEvents } from "./workflow-task-event.ts";
import type { UpdateMessage } from "./workflow-task.ts";

/** A run that begins, with the updates that are to be its first. */
export interface NewRun {
  readonly identity: RunIdentity;
  readonly events: readonly HistoryEvent[];
  readonly admitted?: readonly UpdateMessage[];
  /** Before its events come those of another run, and `admitted` are among them. */
  readonly copied?: CopiedRun;
}

/** The beginning of one run's history as that of another, and the state that it makes. */
export interface CopiedRun {
  readonly runId: string;
  readonly upToEventId: number;
  readonly state: Readonly<WorkflowState>;
}

/** What is to be committed and done. */
export interface Changes {
  readonly events: readonly HistoryEvent[];
  readonly buffered: readonly BufferedEvent[];
  readonly progress: readonly ProgressChange[];
  /** A run that begins with this commit, after the events above. */
  readonly newRun?: NewRun;
  /** Not stored. Takes effect before the events. */
  readonly updates?: UpdateChanges;
  /** Whether events that waited have been numbered among `events`. */
  readonly flushed: boolean;
  /** Activities (by scheduled event id) whose task is to be sent after the commit. */
  readonly dispatch: readonly number[];
  /** Activities whose task goes straight to a worker: they are claimed in its name by this very commit. */
  readonly eagerDispatch: readonly number[];
  /** Every dispatch due up to here is among `dispatch`. */
  readonly dispatchedUpToMs?: number;
  /** The run is deleted: from this commit on nobody finds it, and its storage goes once its outbox is settled. */
  readonly deleted?: true;
  /** What waits in the outbox was due; it is due again at this time if it still waits. */
  readonly redeliverMs?: number;
}

/** A decision: changes with the answer to the caller, or a rejection that changes nothing. */
export type Decision<T> =
  | { readonly ok: true; readonly changes: Changes; readonly value: T }
  | Extract<Reply<T>, { readonly ok: false }>;

export const NO_CHANGES: Changes = {
  events: [],
  buffered: [],
  progress: [],
  flushed: false,
  dispatch: [],
  eagerDispatch: [],
};

/** An answer that changes nothing. */
export function unchanged<T>(value: T): Decision<T> {
  return { ok: true, changes: NO_CHANGES, value };
}

export class Draft {
  readonly #state: Readonly<WorkflowState>;
  readonly #nowMs: number;
  readonly #events: HistoryEvent[] = [];
  readonly #newlyBuffered: BufferedEvent[] = [];
  readonly #progress: ProgressChange[] = [];
  readonly #dispatch: number[] = [];
  readonly #eagerDispatch: number[] = [];
  /** Buffered before this decision and not yet numbered. */
  #waiting: readonly BufferedEvent[];
  #nextEventId: number;
  #taskStarted: boolean;
  #taskOpen: boolean;
  #paused: boolean;
  #startedEarly = false;
  #closed = false;
  #newRun: Changes["newRun"];
  #flushed = false;
  #dispatchedUpToMs: number | undefined;
  #redeliverMs: number | undefined;
  readonly #admitted: UpdateMessage[] = [];
  readonly #rejectedUpdates: UpdateChanges["rejected"][number][] = [];
  #taskDropped = false;

  constructor(state: Readonly<WorkflowState>, nowMs: number) {
    this.#state = state;
    this.#nowMs = Math.max(nowMs, state.lastEventTimeMs);
    this.#nextEventId = state.nextEventId;
    this.#waiting = state.buffered;
    this.#taskStarted = isWorkflowTaskStarted(state);
    this.#taskOpen = state.workflowTask !== undefined;
    this.#paused = state.paused !== undefined;
  }

  /** Whether the run is paused, with what this draft has added. */
  get paused(): boolean {
    return this.#paused;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether events wait that the worker has not seen. */
  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Numbers an event and returns its id. */
  append<T extends EventType>(
    eventType: T,
    attributes: EventAttributes[T],
    eventTimeMs = this.#nowMs,
    userMetadata?: UserMetadata,
  ): number {
    // Leftovers of a retried task that died with its object come first: they happened first.
    if (!this.#taskStarted && this.#waiting.length > 0) this.#flush();
    const eventId = this.#nextEventId;
    this.#nextEventId += 1;
    // The pair (type, attributes) is checked by the signature; the union cannot see that.
    const metadata = userMetadata ? { userMetadata } : {};
    this.#events.push({ eventId, eventTimeMs, eventType, attributes, ...metadata } as HistoryEvent);
    if (RUN_CLOSING.has(eventType)) this.#closed = true;
    this.#notePause(eventType);
    return eventId;
  }

  /** Numbers an event, or buffers it while a workflow task is with the worker. Returns its id, 0 if it is buffered. */
  appendOrBuffer<T extends EventType>(eventType: T, attributes: EventAttributes[T]): number {
    if (!this.#taskStarted) return this.append(eventType, attributes);
    this.buffer(eventType, attributes);
    return 0;
  }

  /** Puts an event behind the events of the commands now being processed. */
  buffer<T extends EventType>(eventType: T, attributes: EventAttributes[T]): void {
    this.#newlyBuffered.push({ eventType, eventTimeMs: this.#nowMs, attributes } as BufferedEvent);
    this.#notePause(eventType);
  }

  /** A pause holds from the moment it is asked for, though its event may wait for its number. */
  #notePause(eventType: EventType): void {
    if (eventType === "WorkflowExecutionPaused") this.#paused = true;
    if (eventType === "WorkflowExecutionUnpaused") this.#paused = false;
  }

  /** Takes a timer's firing back out of the buffer; returns the event that started the timer if it was there. */
  dropBufferedTimer(timerId: string): number | undefined {
    let startedEventId: number | undefined;
    this.#waiting = this.#waiting.filter((event) => {
      if (event.eventType !== "TimerFired" || event.attributes.timerId !== timerId) return true;
      startedEventId = event.attributes.startedEventId;
      return false;
    });
    return startedEventId;
  }

  /** Whether the end of this activity waits in the buffer. */
  hasBufferedActivityClose(scheduledEventId: number): boolean {
    return this.#waiting.some(
      (event) =>
        ACTIVITY_CLOSING.has(event.eventType) &&
        "scheduledEventId" in event.attributes &&
        event.attributes.scheduledEventId === scheduledEventId,
    );
  }

  /** Id of the Started event this draft has numbered for an activity; 0 if there is none or it is still buffered. */
  startedEventIdOf(scheduledEventId: number): number {
    const started = this.#events.findLast(
      (event) => event.eventType === "ActivityTaskStarted" && event.attributes.scheduledEventId === scheduledEventId,
    );
    return started?.eventId ?? 0;
  }

  /** Id of the Started event of a child for which it waited; 0 if it waits still. */
  childStartedEventId(initiatedEventId: number): number {
    // Leftovers of a task that died with its object get their numbers before anything else does.
    if (!this.#taskStarted) this.#flush();
    const started = this.#events.findLast(
      (event) =>
        event.eventType === "ChildWorkflowExecutionStarted" && event.attributes.initiatedEventId === initiatedEventId,
    );
    return started?.eventId ?? 0;
  }

  activityProgress(scheduledEventId: number, progress: ActivityProgress): void {
    this.#progress.push({ kind: "activity", scheduledEventId, progress });
  }

  workflowTaskProgress(workflowTask: WorkflowTaskState, options: { readonly volatile: boolean }): void {
    this.#taskOpen = true;
    this.#progress.push({ kind: "workflowTask", workflowTask, volatile: options.volatile });
  }

  /** Sends the task of an activity with the commit. A paused run sends none: unpausing it does. */
  dispatch(scheduledEventId: number): void {
    if (!this.#paused) this.#dispatch.push(scheduledEventId);
  }

  eagerDispatch(scheduledEventId: number): void {
    this.#eagerDispatch.push(scheduledEventId);
  }

  /** Says that every dispatch due by now is in this draft. */
  dispatchedUpToNow(): void {
    this.#dispatchedUpToMs = this.#nowMs;
  }

  /** Says when what waits in the outbox is due again. */
  redeliverAt(ms: number): void {
    this.#redeliverMs = ms;
  }

  /** Says that nothing waits in the outbox of the closed run any more. */
  settleOutbox(): void {
    this.#progress.push({ kind: "outboxSettled" });
  }

  /** Writes what a retried task left unwritten until now: its Scheduled and Started. */
  writeTransientTask(): void {
    for (const event of transientTaskEvents(this.#state)) {
      this.append(event.eventType, event.attributes, event.eventTimeMs);
    }
  }

  /** Ends the workflow task in flight with the given event. What was buffered may be numbered from here on. */
  endWorkflowTask<T extends "WorkflowTaskCompleted" | "WorkflowTaskFailed" | "WorkflowTaskTimedOut">(
    eventType: T,
    attributes: EventAttributes[T],
  ): number {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#taskStarted = false;
    this.#taskOpen = false;
    const eventId = this.append(eventType, attributes);
    this.#waiting = waiting;
    // Commands append from here; the buffer follows them when flushBuffered is called.
    this.#taskStarted = true;
    return eventId;
  }

  /** Numbers everything that waits. Returns whether there was anything. */
  flushBuffered(): boolean {
    this.#taskStarted = false;
    return this.#flush();
  }

  #flush(): boolean {
    const batch = [...this.#waiting, ...this.#newlyBuffered];
    this.#waiting = [];
    this.#newlyBuffered.length = 0;
    // Nothing follows the end of a run; what a command buffered before it has lost its meaning.
    if (batch.length === 0 || this.#closed) return false;
    this.#flushed = true;
    const closing = batch.filter(isLate);
    const others = batch.filter((event) => !isLate(event));
    const startedEventIds = new Map<number, number>();
    for (const event of [...others, ...closing]) this.#number(event, startedEventIds);
    return true;
  }

  #number(event: BufferedEvent, startedEventIds: Map<number, number>): void {
    if (event.eventType === "ActivityTaskStarted") {
      const eventId = this.append(event.eventType, event.attributes, event.eventTimeMs);
      startedEventIds.set(event.attributes.scheduledEventId, eventId);
      return;
    }
    if (event.eventType === "ChildWorkflowExecutionStarted") {
      const eventId = this.append(event.eventType, event.attributes, event.eventTimeMs);
      startedEventIds.set(event.attributes.initiatedEventId, eventId);
      return;
    }
    const attributes = { ...event.attributes };
    if (isLate(event) && "startedEventId" in attributes) {
      const startedEventId = startedEventIds.get(openedBy(attributes));
      if (startedEventId !== undefined) Object.assign(attributes, { startedEventId });
    }
    this.append(event.eventType, attributes, event.eventTimeMs);
  }

  /** Whether a workflow task must not begin now, whatever waits for one. */
  get #keepsTasksBack(): boolean {
    return this.#closed || this.#taskOpen || this.#paused || this.#awaitsFirstTask;
  }

  get #awaitsFirstTask(): boolean {
    return !this.#startedEarly && isBeforeFirstTask(this.#state, this.#nowMs);
  }

  /** Ends the wait before the first workflow task, if there is one: what is drafted now does not wait for its end. */
  startEarly(): void {
    this.#startedEarly = true;
  }

  /** Schedules and at once starts a workflow task, unless one is open or the run is paused or has closed. */
  ensureWorkflowTask(): void {
    if (this.#keepsTasksBack) return;
    if (this.#terminateOverLimit()) return;
    const scheduledEventId = this.append("WorkflowTaskScheduled", taskScheduled(this.#state, 1));
    this.append("WorkflowTaskStarted", taskStarted(this.#state, scheduledEventId));
    this.#taskOpen = true;
    this.#taskStarted = true;
  }

  /** What waits for a workflow task to end counts already: otherwise it could be any amount. */
  #endWhenFull(): void {
    const waiting = this.#waiting.length > 0 ? waitingCharacters(this.#state.buffered) : 0;
    const bytes = this.#state.historyBytes + waiting + characters(this.#newlyBuffered);
    const events = this.#nextEventId - 1 + this.#waiting.length + this.#newlyBuffered.length;
    if (this.#closed || (bytes <= MAX_HISTORY_BYTES && events <= MAX_HISTORY_EVENTS)) return;
    this.abandonWorkflowTask();
    this.#terminate(events > MAX_HISTORY_EVENTS);
  }

  #terminateOverLimit(): boolean {
    const tooMany = this.#nextEventId > MAX_HISTORY_EVENTS;
    if (!tooMany && this.#state.historyBytes <= MAX_HISTORY_BYTES) return false;
    this.#terminate(tooMany);
    return true;
  }

  #terminate(tooMany: boolean): void {
    this.append("WorkflowExecutionTerminated", {
      reason: tooMany
        ? `Workflow history count exceeds limit of ${MAX_HISTORY_EVENTS} events.`
        : `Workflow history size exceeds limit of ${MAX_HISTORY_BYTES} bytes.`,
      identity: "history-service",
    });
  }

  /**
   * Starts a retried task whose backoff is over. History does not show it until it completes, so the ids it will get
   * are reserved; they stay valid because everything is buffered meanwhile.
   */
  startRetriedTask(task: Readonly<WorkflowTaskState>): void {
    if (this.#paused) return;
    this.flushBuffered();
    this.workflowTaskProgress(
      {
        ...task,
        scheduledEventId: this.#nextEventId,
        startedEventId: this.#nextEventId + 1,
        startedTimeMs: this.#nowMs,
        timeoutFromMs: this.#nowMs,
      },
      { volatile: true },
    );
    this.#taskStarted = true;
  }

  /** Takes an update in: the next workflow task to start carries it. */
  admitUpdate(update: UpdateMessage): void {
    this.#admitted.push(update);
  }

  /** Takes an update out that the workflow has refused. */
  rejectUpdate(updateId: string, failure: Failure): void {
    this.#rejectedUpdates.push({ updateId, failure });
  }

  /** Updates that wait for a workflow task, or for a run that will have one. */
  get admittedUpdates(): readonly UpdateMessage[] {
    return admittedAfter(this.#state, { events: this.#events, ...this.#updateChanges() });
  }

  /**
   * Starts a workflow task for the updates that wait, unless one is open. Like a retried one it is not history yet, and
   * unlike it nothing of it is stored: if the workflow refuses the updates it has never been.
   */
  ensureSpeculativeTask(): void {
    if (this.#keepsTasksBack) return;
    const hasBegun = this.#state.workflowTask !== undefined || this.#state.lastWorkflowTaskClosedEventId > 0;
    // News, and the beginning of the workflow, need a task that stays.
    if (this.flushBuffered() || !hasBegun) return this.ensureWorkflowTask();
    if (this.#terminateOverLimit()) return;
    const scheduledEventId = this.#nextEventId;
    const startedEventId = scheduledEventId + 1;
    const times = { scheduledTimeMs: this.#nowMs, startedTimeMs: this.#nowMs, timeoutFromMs: this.#nowMs };
    const task = { scheduledEventId, startedEventId, ...times, notBeforeMs: this.#nowMs, attempt: 1, inHistory: false };
    this.workflowTaskProgress({ ...task, speculative: true }, { volatile: true });
    this.#taskStarted = true;
  }

  /** Forgets a task that waits to be tried again: the next one is a task like any other. */
  dropWaitingTask(): void {
    if (!this.#taskStarted) this.#taskOpen = false;
  }

  /** Ends the speculative task in flight as if it had never been. */
  dropSpeculativeTask(): void {
    this.#taskDropped = true;
    this.#taskStarted = false;
    this.#taskOpen = false;
  }

  /** Ends the task in flight, if any, so that the run can be closed from outside; nothing buffered is lost. */
  abandonWorkflowTask(): void {
    const task = this.#state.workflowTask;
    if (task?.startedEventId !== undefined && task.inHistory) {
      this.endWorkflowTask("WorkflowTaskFailed", {
        scheduledEventId: task.scheduledEventId,
        startedEventId: task.startedEventId,
        cause: "FORCE_CLOSE_COMMAND",
      });
    }
    this.#taskOpen = false;
    this.flushBuffered();
  }

  /** Begins another run with the commit that ends this one. */
  beginRun(identity: RunIdentity, events: readonly HistoryEvent[]): void {
    this.#newRun = { identity, events };
  }

  /** The finished decision. */
  decide<T>(value: T): Decision<T> {
    if (this.#newlyBuffered.length > 0) this.#endWhenFull();
    return { ok: true, changes: this.changes(), value };
  }

  changes(): Changes {
    return {
      events: this.#events,
      buffered: this.#newlyBuffered,
      progress: this.#progress,
      flushed: this.#flushed,
      dispatch: this.#dispatch,
      eagerDispatch: this.#eagerDispatch,
      ...this.#newRunChange(),
      ...this.#updateChanges(),
      ...(this.#dispatchedUpToMs === undefined ? {} : { dispatchedUpToMs: this.#dispatchedUpToMs }),
      ...(this.#redeliverMs === undefined ? {} : { redeliverMs: this.#redeliverMs }),
    };
  }

  /** Whoever continues the run continues with the updates that nobody has answered. */
  #newRunChange(): Pick<Changes, "newRun"> {
    if (!this.#newRun) return {};
    const admitted = this.admittedUpdates;
    return { newRun: { ...this.#newRun, ...(admitted.length > 0 ? { admitted } : {}) } };
  }

  #updateChanges(): Pick<Changes, "updates"> {
    if (this.#admitted.length + this.#rejectedUpdates.length === 0 && !this.#taskDropped) return {};
    const updates = { admitted: this.#admitted, rejected: this.#rejectedUpdates, taskDropped: this.#taskDropped };
    return { updates };
  }
}
