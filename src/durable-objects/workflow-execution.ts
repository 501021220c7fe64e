/**
 * WorkflowExecution: the Durable Object behind one workflow id. It remembers, and it never runs user code or sees data.
 *
 * Owns: the methods callers use (core/protocol.ts), and the wiring of what does the work: the turn (decide, commit,
 * evolve), the store, the alarm, the workflow task driver, the queue, the watchers. Payloads cross it encoded.
 *
 * Requests that change something are turns. Reads look at the state and the store. Nothing here awaits application code
 * except a query's answer.
 */
import {
  type ClaimActivityReply,
  type ClaimActivityRequest,
  type RespondActivityRequest,
  decodeTaskToken,
} from "../core/activity-task.ts";
import type {
  DeleteReply,
  DeleteRequest,
  ResetReply,
  ResetRequest,
  RespondActivityByIdRequest,
} from "../core/control-requests.ts";
import { type RequestKind, type Requests, type Values, workflowNotFound } from "../core/decide.ts";
import { describeRun, outcomeOf } from "../core/description.ts";
import { withinMessage } from "../core/description-size.ts";
import { namespaceOfObject, workflowObjectName } from "../core/identifiers.ts";
import type * as protocol from "../core/protocol.ts";
import { type Reply, accepted, rejected } from "../core/rejection.ts";
import * as check from "../core/request-check.ts";
import { activityTask } from "./activity-dispatch.ts";
import { ActivityDispatcher } from "./activity-dispatcher.ts";
import { ActivityWatch } from "./activity-watch.ts";
import { AlarmClock } from "./alarm-clock.ts";
import { EntryTable, type WriteCount } from "./entry-table.ts";
import { EventStream, KEEP_ALIVE } from "./event-stream.ts";
import { ExecutionTurn } from "./execution-turn.ts";
import type { NamespaceConfig } from "./namespace-config.ts";
import { OutboxCourier } from "./outbox-courier.ts";
import { OutcomeWatch, answerClose } from "./outcome-watch.ts";
import { foundForReset } from "./reset-reader.ts";
import { payloadGarbage } from "./payload-garbage.ts";
import { Retention } from "./retention.ts";
import { type LoadedRun, RunStore } from "./run-store.ts";
import type { ServiceEnv } from "./service-env.ts";
import { TurnMethods, takeTurn } from "./turn-methods.ts";
import { UpdateWaiters } from "./update-waiters.ts";
import { Watchers } from "./watchers.ts";
import { WorkflowQueries } from "./workflow-queries.ts";
import { WorkflowSessions } from "./workflow-sessions.ts";
import { WorkflowTaskDriver } from "./workflow-task-driver.ts";
import { WorkflowUpdates } from "./workflow-updates.ts";

/** Wait before the alarm tries again after a defect. */
const ALARM_RETRY_MS = 30_000;
const DEFAULT_PAGE_CHARACTERS = 1_000_000;

/**
 * The service's Durable Object. Export it from the Worker that is to remember workflows; subclass it to name bindings
 * otherwise (`workflowWorker`, `activityQueue`).
 *
 * @example
 * ```ts
 * export { WorkflowExecution } from "holdfast/durable-objects";
 * ```
 */
export class WorkflowExecution<Env extends ServiceEnv = ServiceEnv>
  extends TurnMethods<Env>
  implements protocol.WorkflowExecutionRpc
{
  /** Rows this object has written since it was loaded. */
  protected readonly writes: WriteCount = { rows: 0 };
  readonly #store: RunStore;
  readonly #alarm: AlarmClock;
  readonly #watch = new OutcomeWatch();
  readonly #stream: EventStream;
  readonly #updateWaiters: UpdateWaiters;
  readonly #updates: WorkflowUpdates;
  readonly #activityWatch: ActivityWatch;
  readonly #watchers: Watchers;
  readonly #sessions: WorkflowSessions;
  readonly #driver: WorkflowTaskDriver;
  readonly #turn: ExecutionTurn;
  readonly #queries: WorkflowQueries;
  readonly #courier: OutboxCourier;
  readonly #dispatcher: ActivityDispatcher;
  readonly #retention: Retention;
  #isAwake = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const table = new EntryTable(ctx.storage.sql, this.writes);
    this.#store = new RunStore(table);
    this.#alarm = new AlarmClock(ctx.storage, this.writes);
    this.#stream = new EventStream({
      sockets: ctx,
      selected: (selector) => this.#selected(selector),
      outcomeOf: (run) => this.#outcome(run),
      readEvents: (run, from, characters) => this.#store.readPage(run.number, from, characters).events,
    });
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(KEEP_ALIVE.request, KEEP_ALIVE.response));
    this.#updateWaiters = new UpdateWaiters(ctx, (awaited) => this.#updates.replyOf(awaited));
    this.#activityWatch = new ActivityWatch(ctx, () => this.#turn.run);
    this.#watchers = this.#newWatchers();
    this.#sessions = new WorkflowSessions(
      (taskQueue) => this.workflowWorker(taskQueue),
      () => {
        this.#watch.atRest();
        this.#updateWaiters.atRest();
      },
    );
    this.#turn = new ExecutionTurn({
      storage: ctx.storage,
      table,
      store: this.#store,
      alarm: this.#alarm,
      effects: {
        dispatch: (run, changes) => this.#dispatcher.dispatch(run, changes),
        foresee: (run, events, updates) => this.#driver.foresee(run, events, updates),
        changed: (run, changes) => {
          this.#updateWaiters.changed(run, changes);
          this.#stream.committed(run);
          this.#activityWatch.changed(run, changes);
        },
        closed: (run) => this.#watch.closed(this.#outcome(run)),
        drive: (run) => {
          if (run) this.#driver.drive(run);
          this.#courier.deliver();
        },
        settled: () => ctx.waitUntil(this.#retention.settled()),
      },
      abort: (reason) => ctx.abort(reason),
      minimumRunIntervalMs: () => this.minimumRunIntervalMs(),
      defersCommits: true,
      retentionDueMs: () => this.#retention.dueMs,
    });
    this.#retention = this.#newRetention();
    this.#dispatcher = new ActivityDispatcher({
      queue: (taskQueue) => this.activityQueue(taskQueue),
      eagerWorker: (taskQueue) => this.eagerActivityWorker(taskQueue),
      release: (claim) => this.#take("releaseEagerClaim", claim),
      keepAlive: (work) => ctx.waitUntil(work),
    });
    this.#driver = new WorkflowTaskDriver(this.#turn, this.#store, this.#sessions);
    this.#queries = new WorkflowQueries(this.#driver, this.#sessions);
    this.#updates = this.#newUpdates();
    this.#courier = new OutboxCourier({
      turn: this.#turn,
      readEvent: (run, eventId) => this.#store.readEvent(run.number, eventId),
      target: (namespace, workflowId) => this.executions().getByName(workflowObjectName(namespace, workflowId)),
      keepAlive: (work) => ctx.waitUntil(work),
    });
    void ctx.blockConcurrencyWhile(async () => {
      await this.#alarm.load(Date.now());
      this.#turn.load();
    });
  }

  async start(request: protocol.StartRequest): Promise<Reply<protocol.StartReply>> {
    const known = this.#startedBefore(request);
    if (known) return accepted(known);
    const reply = await this.#take("start", { ...request, newRunId: crypto.randomUUID() });
    if (!reply.ok || request.awaitsOutcome !== true) return reply;
    const outcome = await this.outcome({ version: request.version, runId: reply.value.runId, wait: true });
    return outcome.ok ? accepted({ ...reply.value, outcome: outcome.value }) : reply;
  }

  async signalWithStart(request: protocol.SignalWithStartRequest): Promise<Reply<protocol.StartReply>> {
    return this.#take("signalWithStart", { ...request, newRunId: crypto.randomUUID() });
  }

  async reset(request: ResetRequest): Promise<Reply<ResetReply>> {
    this.#wake();
    const base = this.#unknownNamespace() ?? check.resetRequest(request) ?? this.#selected(request);
    if (!base.ok) return base;
    return this.#take("reset", foundForReset(this.#store, base.value, request, crypto.randomUUID()));
  }

  /** Deletes a run: nobody finds it from now on. Its storage goes once what it has to tell others is delivered. */
  async deleteExecution(request: DeleteRequest): Promise<Reply<DeleteReply>> {
    this.#wake();
    const reply = this.#retention.delete(request);
    if (reply.ok) this.ctx.waitUntil(this.#retention.sweep());
    return reply;
  }

  async update(request: protocol.UpdateRequest): Promise<Reply<protocol.UpdateReply>> {
    return await this.#updates.update(request);
  }

  async pollUpdate(request: protocol.PollUpdateRequest): Promise<Reply<protocol.UpdateReply>> {
    return await this.#updates.poll(request);
  }

  async updateWithStart(request: protocol.UpdateWithStartRequest): Promise<Reply<protocol.UpdateWithStartReply>> {
    return await this.#updates.updateWithStart(request);
  }

  async query(request: protocol.QueryRequest): Promise<Reply<protocol.QueryReply>> {
    this.#wake();
    const refused = check.queryRequest(request);
    if (refused) return refused;
    const run = this.#selected(request);
    return run.ok ? await this.#queries.answer(run.value, request) : run;
  }

  async describe(request: protocol.DescribeRequest): Promise<Reply<protocol.WorkflowExecutionDescription>> {
    this.#wake();
    const refused = check.version(request.version);
    if (refused) return refused;
    const run = this.#selected(request);
    return run.ok ? accepted(withinMessage(describeRun(run.value.state, Date.now()))) : run;
  }

  async history(request: protocol.HistoryRequest): Promise<Reply<protocol.HistoryReply>> {
    this.#wake();
    const refused = check.historyRequest(request);
    if (refused) return refused;
    const run = this.#selected(request);
    if (!run.ok) return run;
    const from = request.fromEventId ?? 1;
    const page = this.#store.readPage(run.value.number, from, request.maxBytes ?? DEFAULT_PAGE_CHARACTERS);
    return accepted({ runId: run.value.state.identity.runId, ...page });
  }

  /** Whether what a run was told is still in a history here. A namespace that is not known keeps everything. */
  async keepsHistory(request: protocol.KeepsHistoryRequest): Promise<Reply<{ readonly kept: boolean }>> {
    this.#wake();
    const refused = check.version(request.version) ?? this.#unknownNamespace();
    return refused ?? accepted({ kept: this.#store.keepsHistoryOf(request.runId) });
  }

  async outcome(request: protocol.OutcomeRequest): Promise<Reply<protocol.WorkflowOutcome>> {
    this.#wake();
    const refused = check.version(request.version);
    if (refused) return refused;
    const run = this.#selected(request);
    if (!run.ok) return run;
    const outcome = this.#outcome(run.value);
    if (outcome.kind !== "pending" || request.wait !== true || !this.#driver.isBusy) return accepted(outcome);
    return accepted(await this.#watch.whileBusy(outcome.runId));
  }

  /** A WebSocket that is told what it waits for when that is there; `watchers.ts` says what can be waited for. */
  override async fetch(request: Request): Promise<Response> {
    this.#wake();
    return await this.#watchers.accept(request);
  }

  /** A watcher has read what it was sent, and asks for more. */
  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    this.#wake();
    this.#stream.received(socket, message);
  }

  /** A watcher has gone. It waits for the answer to its close, and with it the invocation that it lived in. */
  override webSocketClose(socket: WebSocket): void {
    answerClose(socket);
  }

  async claimActivity(request: ClaimActivityRequest): Promise<Reply<ClaimActivityReply>> {
    const reply = await this.#take("claimActivity", request);
    if (!reply.ok) return reply;
    if (!reply.value.claimed) return accepted({ claimed: false, reason: reply.value.reason });
    const run = this.#turn.run;
    const activity = run?.state.activities[reply.value.scheduledEventId];
    const scheduled = run ? this.#store.readEvent(run.number, reply.value.scheduledEventId) : undefined;
    if (!run || !activity || scheduled?.eventType !== "ActivityTaskScheduled")
      throw new Error(`activity ${request.scheduledEventId} was claimed but its history is missing`);
    return accepted({ claimed: true, task: activityTask(run, activity, scheduled) });
  }

  async respondActivity(request: RespondActivityRequest): Promise<Reply<{ readonly accepted: true }>> {
    const reply = await this.#take("respondActivity", request);
    this.#activityWatch.reported(decodeTaskToken(request.taskToken));
    return reply;
  }

  async respondActivityById(request: RespondActivityByIdRequest): Promise<Reply<{ readonly accepted: true }>> {
    const reply = await this.#take("respondActivityById", request);
    this.#activityWatch.reported();
    return reply;
  }

  /** Does what is due. Never throws: the platform gives an alarm up for good after seven failures. */
  override async alarm(): Promise<void> {
    this.#alarm.fired();
    try {
      // First, so that no alarm is set for what goes now.
      const swept = this.#retention.sweep();
      this.#wake();
      this.#turn.tick();
      await swept;
    } catch (error) {
      console.error(`holdfast: alarm of ${this.ctx.id.name ?? this.ctx.id.toString()} failed: ${String(error)}`);
      this.#alarm.arm(Date.now() + ALARM_RETRY_MS, Date.now());
    }
  }

  protected override async [takeTurn]<K extends RequestKind>(kind: K, request: Requests[K]): Promise<Reply<Values[K]>> {
    return this.#take(kind, request);
  }

  /** Takes a request through a turn; the answer is given when its commit is made. */
  async #take<K extends RequestKind>(kind: K, request: Requests[K]): Promise<Reply<Values[K]>> {
    this.#wake();
    const unknown = this.#unknownNamespace();
    if (unknown) return unknown;
    const reply = this.#turn.take(kind, request);
    await this.#turn.committed;
    return reply;
  }

  /** Before anything else: what was deferred is committed. After a reload, takes up at the first call what the lost object was doing, and what became due meanwhile. */
  #wake(): void {
    // What a reader sees must be in storage.
    this.#turn.flush();
    if (this.#isAwake) return;
    this.#isAwake = true;
    this.#updateWaiters.loaded();
    this.#stream.loaded();
    const { run, deadlineMs } = this.#turn;
    if (run?.state.status !== "RUNNING" && deadlineMs === undefined) return;
    this.#alarm.arm(deadlineMs, Date.now());
    if (deadlineMs !== undefined && deadlineMs <= Date.now()) this.#turn.tick();
    if (run) this.#driver.drive(run);
    this.#courier.deliver();
  }

  #newRetention(): Retention {
    return new Retention({
      storage: this.ctx.storage,
      turn: this.#turn,
      store: this.#store,
      alarm: this.#alarm,
      selected: (selector) => this.#selected(selector),
      retentionMs: () => this.#namespaceConfig()?.retentionMs,
      payloads: () =>
        payloadGarbage({
          bucket: this.payloadBucket(),
          events: (run) => this.#store.eventsOf(run),
          shared: (run) => this.#store.sharedEventsOf(run),
          executions: () => this.executions(),
        }),
    });
  }

  /** The namespace that this object's workflow id is in; undefined where its name is too long to be known. */
  get #namespace(): string | undefined {
    return this.#turn.run?.state.identity.namespace ?? namespaceOfObject(this.ctx.id.name);
  }

  #namespaceConfig(): NamespaceConfig | undefined {
    const namespace = this.#namespace;
    return namespace === undefined ? undefined : this.namespaceConfig(namespace);
  }

  /** The rejection for a namespace that the configuration does not name. */
  #unknownNamespace(): Extract<Reply<never>, { ok: false }> | undefined {
    const namespace = this.#namespace;
    if (namespace === undefined || this.namespaceConfig(namespace)) return undefined;
    return rejected("NamespaceNotFound", `Namespace not found: '${namespace}'`, { namespace });
  }

  /**
   * The answer to a child's start that is delivered again, when the workflow id has gone on to other runs since. A
   * request of the current chain is told by the state.
   */
  #startedBefore({ parent, requestId }: protocol.StartRequest): protocol.StartReply | undefined {
    const current = this.#turn.run?.state.identity;
    if (!parent || !current || current.startRequestId === requestId) return undefined;
    this.#wake();
    const first = this.#store.startedBefore(requestId);
    return first && { runId: first.runId, firstExecutionRunId: first.runId, started: false };
  }

  #newUpdates(): WorkflowUpdates {
    return new WorkflowUpdates({
      turn: this.#turn,
      store: this.#store,
      waiters: this.#updateWaiters,
      selected: (selector) => this.#selected(selector),
      wake: () => {
        this.#wake();
        return this.#unknownNamespace();
      },
      isBusy: () => this.#driver.isBusy,
    });
  }

  #newWatchers(): Watchers {
    return new Watchers({
      outcomes: this.#watch,
      stream: this.#stream,
      updates: this.#updateWaiters,
      activities: this.#activityWatch,
      selected: (selector) => this.#selected(selector),
      outcomeOf: (run) => this.#outcome(run),
      isBusy: () => this.#driver.isBusy,
    });
  }

  /** The run a reader means: the current one, or an earlier one by its id. */
  #selected(selector: protocol.RunSelector): Reply<LoadedRun> {
    const { run } = this.#turn;
    const unknown = this.#unknownNamespace();
    if (unknown) return unknown;
    if (!run && selector.runId === undefined) return workflowNotFound();
    const isCurrent = selector.runId === undefined || selector.runId === run?.state.identity.runId;
    const selected = isCurrent ? run : this.#store.loadById(selector.runId);
    if (!selected) return rejected("WorkflowNotFound", `no run ${String(selector.runId)} under this workflow id`);
    const first = selector.firstExecutionRunId;
    if (first !== undefined && first !== selected.state.start.firstExecutionRunId)
      return rejected("WorkflowNotFound", "this workflow id now belongs to another chain of runs than the one meant");
    return accepted(selected);
  }

  #outcome(run: LoadedRun): protocol.WorkflowOutcome {
    const { closeEventId } = run.state;
    const closing = closeEventId === undefined ? undefined : this.#store.readEvent(run.number, closeEventId);
    return outcomeOf(run.state, closing);
  }
}
