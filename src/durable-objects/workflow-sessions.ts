/**
 * Sessions with the workflow worker: one open run in its memory, fed with new events only.
 *
 * Owns: opening, feeding, and disposing. One call at a time goes through a session. A session that fails is dropped,
 * and a fresh one replays from history; what the caller sees is an error only if a fresh one fails too.
 */
import type { HistoryEvent } from "../core/history-event.ts";
import type {
  OpenSession,
  WorkflowQuery,
  WorkflowQueryResult,
  WorkflowTask,
  WorkflowTaskResult,
} from "../core/workflow-task.ts";
import type { PendingSession, WorkflowSessionStub, WorkflowWorkerStub } from "./service-env.ts";

/**
 * How long an unused session is kept. An open one keeps both sides awake and billed; a replay is cheap. Not a round
 * number of seconds, because timers are.
 */
const IDLE_MS = 1_500;
/** JSON characters of history in one page to the worker, well below the 32 MiB of one call. */
const PAGE_CHARACTERS = 4_000_000;

/** What a session is fed from: events of one run, from a given id on. */
export interface HistorySource {
  readonly open: OpenSession;
  /** Events from `fromEventId` on; more pages follow while `nextEventId` is set. */
  page(
    fromEventId: number,
    maxCharacters: number,
  ): {
    readonly events: readonly HistoryEvent[];
    readonly nextEventId?: number;
  };
}

interface Session {
  readonly runId: string;
  readonly stub: WorkflowSessionStub;
  /** Everything up to here has been handed over. */
  seenEventId: number;
}

type Call<T> = (session: PendingSession | WorkflowSessionStub, events: readonly HistoryEvent[]) => Promise<T>;

export class WorkflowSessions {
  readonly #worker: (taskQueue: string) => WorkflowWorkerStub;
  readonly #onIdle: () => void;
  #session: Session | undefined;
  /** A session whose first call has not come back yet. */
  #opening: PendingSession | undefined;
  #idleSinceMs = 0;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  /** Ends with the last call that was made. Calls wait for the one before: a session is a single thread. */
  #underWay: Promise<void> | undefined;
  #generation = 0;

  constructor(worker: (taskQueue: string) => WorkflowWorkerStub, onIdle: () => void) {
    this.#worker = worker;
    this.#onIdle = onIdle;
  }

  get isOpen(): boolean {
    return this.#session !== undefined;
  }

  /** The event up to which the open session of this run is fed, or 0. */
  seenEventId(runId: string): number {
    return this.#session?.runId === runId ? this.#session.seenEventId : 0;
  }

  /**
   * Runs a workflow task. `extra` are the events that storage does not hold: those of a commit under way, or a retried
   * task's own. With nothing else under way the call leaves before this returns.
   */
  runTask(
    source: HistorySource,
    task: Omit<WorkflowTask, "events">,
    extra: readonly HistoryEvent[],
  ): Promise<WorkflowTaskResult> {
    // A retry begins from scratch: the memory of the attempt that failed is not to be trusted.
    if (task.attempt > 1) this.drop();
    return this.#exclusively(() =>
      this.#call(source, extra, (session, events) => session.runTask({ ...task, events })),
    );
  }

  /** Asks the code. The events from `endEventId()` on belong to a task that is still to be run. */
  query(
    source: HistorySource,
    query: Omit<WorkflowQuery, "events">,
    endEventId: () => number,
  ): Promise<WorkflowQueryResult> {
    const ask: Call<WorkflowQueryResult> = (session, events) => session.query({ ...query, events });
    return this.#exclusively(() => this.#call(source, [], ask, endEventId()));
  }

  /** Closes the session: its memory no longer matches history, or is no longer needed. Calls under way fail. */
  drop(): void {
    this.#generation += 1;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = undefined;
    const session = this.#session;
    this.#session = undefined;
    session?.stub[Symbol.dispose]();
    if (this.#opening) letGo(this.#opening);
    this.#opening = undefined;
  }

  /** Closes the session when nothing follows: whoever waits for the object to rest is told. */
  retire(): void {
    this.drop();
    if (!this.#underWay) this.#onIdle();
  }

  /** Gives up what is under way, so that the next call does not wait for it. */
  abandon(): void {
    this.drop();
    this.#underWay = undefined;
  }

  async #exclusively<T>(action: () => Promise<T>): Promise<T> {
    const before = this.#underWay;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#underWay = promise;
    if (before) await before;
    try {
      return await action();
    } finally {
      resolve();
      if (this.#underWay === promise) {
        this.#underWay = undefined;
        this.#disposeWhenIdle();
      }
    }
  }

  async #call<T>(
    source: HistorySource,
    extra: readonly HistoryEvent[],
    call: Call<T>,
    // Once a call has waited, storage may hold the extra events as well.
    endEventId = extra[0]?.eventId ?? Number.POSITIVE_INFINITY,
  ): Promise<T> {
    const sticky = this.#session;
    const generation = this.#generation;
    if (sticky && sticky.runId === source.open.runId) {
      try {
        const { result, seenEventId } = await feed(
          source,
          sticky.stub,
          sticky.seenEventId + 1,
          { extra, endEventId },
          call,
        );
        sticky.seenEventId = seenEventId;
        return result;
      } catch (error) {
        if (generation !== this.#generation) throw error; // given up meanwhile
        // The worker was redeployed, evicted or lost: nothing is known to be wrong with the workflow.
      }
    }
    this.drop();
    return await this.#open(source, { extra, endEventId }, call);
  }

  async #open<T>(source: HistorySource, span: FeedSpan, call: Call<T>): Promise<T> {
    const generation = this.#generation;
    const pending = this.#worker(source.open.taskQueue).openSession(source.open);
    // Both promises fail together when opening does; the call's error is the one that is reported.
    pending.catch(() => undefined);
    this.#opening = pending;
    try {
      const { result, seenEventId } = await feed(source, pending, 1, span, call);
      const stub = await pending;
      // Whoever has dropped it meanwhile has let go of it as well.
      if (generation === this.#generation) this.#session = { runId: source.open.runId, stub, seenEventId };
      return result;
    } catch (error) {
      if (generation === this.#generation) letGo(pending);
      throw error;
    } finally {
      if (this.#opening === pending) this.#opening = undefined;
    }
  }

  #disposeWhenIdle(): void {
    if (!this.#session) return this.#onIdle();
    this.#idleSinceMs = Date.now();
    this.#idleTimer ??= setTimeout(() => this.#checkIdle(), IDLE_MS);
  }

  /** One timer runs for as long as the session is used: setting one anew for each call would cost more than it saves. */
  #checkIdle(): void {
    this.#idleTimer = undefined;
    if (this.#underWay || !this.#session) return;
    const restMs = this.#idleSinceMs + IDLE_MS - Date.now();
    if (restMs > 0) {
      this.#idleTimer = setTimeout(() => this.#checkIdle(), restMs);
      return;
    }
    this.drop();
    this.#onIdle();
  }
}

/** Frees what a session that is being opened holds in the worker, once it is open. */
function letGo(pending: PendingSession): void {
  pending.then(
    (stub) => stub[Symbol.dispose](),
    () => undefined,
  );
}

/** What is handed over: what storage holds up to `endEventId`, and the events after it that storage does not hold. */
interface FeedSpan {
  readonly extra: readonly HistoryEvent[];
  readonly endEventId: number;
}

/**
 * Hands over what a session has not seen, from `fromEventId` on: all pages but the last by themselves, the last one
 * with the call. History that fits one page goes out before this returns.
 */
async function feed<T>(
  source: HistorySource,
  session: PendingSession | WorkflowSessionStub,
  fromEventId: number,
  { extra, endEventId }: FeedSpan,
  call: Call<T>,
): Promise<{ readonly result: T; readonly seenEventId: number }> {
  let page = source.page(fromEventId, PAGE_CHARACTERS);
  while (page.nextEventId !== undefined && page.nextEventId < endEventId) {
    await session.append(page.events);
    page = source.page(page.nextEventId, PAGE_CHARACTERS);
  }
  const stored = page.events.filter((event) => event.eventId < endEventId);
  // A task that was not written down until it ended has been seen before, though it is among the extra events now.
  const events = [...stored, ...extra.filter((event) => event.eventId >= fromEventId)];
  const result = await call(session, events);
  return { result, seenEventId: events.at(-1)?.eventId ?? fromEventId - 1 };
}
