/**
 * WorkflowExecution: the Durable Object behind one workflow id. It remembers, and it never runs user code or sees data.
 *
 * Owns: the methods callers use (core/protocol.ts), and the wiring of what does the work: the turn (decide, commit,
 * evolve), the store, the alarm, the workflow task driver, the queue, the watchers. Payloads cross it encoded.
 *
 * Requests that change something are turns. Reads look at the state and the store. Nothing here awaits application code
 * except a query's answer.
 */
import { DurableObject } from "cloudflare:workers";
import type {
  ActivityTaskMessage,
  ClaimActivityReply,
  ClaimActivityRequest,
  DeadLetterRequest,
  HeartbeatActivityReply,
  HeartbeatActivityRequest,
  RespondActivityRequest,
} from "../core/activity-task.ts";
import { type RequestKind, type Requests, type Values, workflowNotFound } from "../core/decide.ts";
import { describeRun, outcomeOf } from "../core/description.ts";
import type { Changes } from "../core/draft.ts";
import type { EventOf } from "../core/history-event.ts";
import { workflowObjectName } from "../core/identifiers.ts";
import type * as protocol from "../core/protocol.ts";
import { type Reply, accepted, rejected } from "../core/rejection.ts";
import * as check from "../core/request-check.ts";
import { completedEventIdOf, isKnownUpdate, updateReply } from "../core/update.ts";
import { activityMessages, activityTask, refusesTask, sendActivityTasks } from "./activity-dispatch.ts";
import { AlarmClock } from "./alarm-clock.ts";
import { EntryTable, type WriteCount } from "./entry-table.ts";
import { ExecutionTurn } from "./execution-turn.ts";
import { OutboxCourier } from "./outbox-courier.ts";
import { OutcomeWatch, watched } from "./outcome-watch.ts";
import { type LoadedRun, RunStore } from "./run-store.ts";
import type { ExecutionNamespace, ServiceEnv, WorkflowWorkerStub } from "./service-env.ts";
import { UpdateWaiters } from "./update-waiters.ts";
import { WorkflowQueries } from "./workflow-queries.ts";
import { WorkflowSessions } from "./workflow-sessions.ts";
import { WorkflowTaskDriver } from "./workflow-task-driver.ts";

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
  extends DurableObject<Env>
  implements protocol.WorkflowExecutionRpc
{
  /** Rows this object has written since it was loaded. */
  protected readonly writes: WriteCount = { rows: 0 };
  readonly #store: RunStore;
  readonly #alarm: AlarmClock;
  readonly #watch: OutcomeWatch;
  readonly #updates: UpdateWaiters;
  readonly #sessions: WorkflowSessions;
  readonly #driver: WorkflowTaskDriver;
  readonly #turn: ExecutionTurn;
  readonly #queries: WorkflowQueries;
  readonly #courier: OutboxCourier;
  #isAwake = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const table = new EntryTable(ctx.storage.sql, this.writes);
    this.#store = new RunStore(table);
    this.#alarm = new AlarmClock(ctx.storage, this.writes);
    this.#watch = new OutcomeWatch(ctx);
    this.#updates = new UpdateWaiters(ctx, ({ runId, updateId }) => this.#updateReply(runId, updateId));
    this.#sessions = new WorkflowSessions(
      () => this.workflowWorker(),
      () => {
        this.#watch.atRest();
        this.#updates.atRest();
      },
    );
    this.#turn = new ExecutionTurn({
      storage: ctx.storage,
      table,
      store: this.#store,
      alarm: this.#alarm,
      effects: {
        dispatch: (run, due) => this.#dispatch(run, due),
        foresee: (run, events, updates) => this.#driver.foresee(run, events, updates),
        changed: (run, changes) => this.#updates.changed(run, changes),
        closed: (run) => this.#watch.closed(this.#outcome(run)),
        drive: (run) => {
          this.#driver.drive(run);
          this.#courier.deliver();
        },
      },
      abort: (reason) => ctx.abort(reason),
      defersCommits: true,
    });
    this.#driver = new WorkflowTaskDriver(this.#turn, this.#store, this.#sessions);
    this.#queries = new WorkflowQueries(this.#driver, this.#sessions);
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

  /** The application's workflow worker. Override to bind it otherwise. */
  protected workflowWorker(): WorkflowWorkerStub {
    // The binding first: whoever has set one means it.
    const exports = this.ctx.exports as { readonly WorkflowWorker?: WorkflowWorkerStub };
    const worker = this.env.WORKFLOW_WORKER ?? exports.WorkflowWorker;
    if (worker) return worker;
    throw new Error(
      "the service has no workflow worker: export `WorkflowWorker` from the same Worker, or bind the application's " +
        "entrypoint WorkflowWorker as the service binding WORKFLOW_WORKER",
    );
  }

  /** The worker that short activities are handed to directly. Override to return undefined: all go through the queue. */
  protected eagerActivityWorker(): Pick<WorkflowWorkerStub, "runActivityTask"> | undefined {
    return this.workflowWorker();
  }

  /** The queue that activity tasks are sent to. Override to bind it otherwise. */
  protected activityQueue(): Queue<ActivityTaskMessage> {
    return this.env.ACTIVITY_TASKS;
  }

  /** The service's own objects, by which workflows reach each other. Override to bind them otherwise. */
  protected executions(): ExecutionNamespace {
    const exports = this.ctx.exports as { readonly WorkflowExecution?: ExecutionNamespace };
    const executions = this.env.WORKFLOW_EXECUTION ?? exports.WorkflowExecution;
    if (executions) return executions;
    throw new Error(
      "the service cannot reach its own objects: export the class as `WorkflowExecution`, or bind it as " +
        "WORKFLOW_EXECUTION to the Worker that holds it",
    );
  }

  async start(request: protocol.StartRequest): Promise<Reply<protocol.StartReply>> {
    const known = this.#startedBefore(request);
    if (known) return accepted(known);
    return this.#take("start", { ...request, newRunId: crypto.randomUUID() });
  }

  async signal(request: protocol.SignalRequest): Promise<Reply<{ readonly runId: string }>> {
    return this.#take("signal", request);
  }

  async signalWithStart(request: protocol.SignalWithStartRequest): Promise<Reply<protocol.StartReply>> {
    return this.#take("signalWithStart", { ...request, newRunId: crypto.randomUUID() });
  }

  async requestCancel(request: protocol.CancelRequest): Promise<Reply<{ readonly runId: string }>> {
    return this.#take("requestCancel", request);
  }

  async terminate(request: protocol.TerminateRequest): Promise<Reply<{ readonly runId: string }>> {
    return this.#take("terminate", request);
  }

  async update(request: protocol.UpdateRequest): Promise<Reply<protocol.UpdateReply>> {
    this.#wake();
    const reply = this.#takeUpdate(request);
    // Before anything is awaited, so that no news of it can be missed.
    const answer = reply.ok ? this.#answer(reply.value.runId, request) : reply;
    await this.#turn.committed;
    return await answer;
  }

  async pollUpdate(request: protocol.PollUpdateRequest): Promise<Reply<protocol.UpdateReply>> {
    this.#wake();
    const refused = check.pollUpdateRequest(request);
    if (refused) return refused;
    const run = this.#selected(request);
    if (!run.ok) return run;
    return await this.#answer(run.value.state.identity.runId, request);
  }

  async updateWithStart(request: protocol.UpdateWithStartRequest): Promise<Reply<protocol.UpdateWithStartReply>> {
    const first = await this.#updateWithStart(request);
    const hasClosed = !first.ok && first.rejection.code === "WorkflowAlreadyCompleted";
    // The workflow ended before it took the update: now that it has, the policies may allow another.
    return hasClosed ? await this.#updateWithStart(request) : first;
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
    return run.ok ? accepted(describeRun(run.value.state, Date.now())) : run;
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

  /**
   * A WebSocket that is sent one message when what it waits for is there: with `?request=` (an OutcomeRequest) the
   * outcome of a run, with `?update=` (a PollUpdateRequest) what has become of an update.
   */
  override async fetch(request: Request): Promise<Response> {
    this.#wake();
    if (request.headers.get("Upgrade") !== "websocket")
      return new Response("holdfast: only WebSockets that wait for an outcome are served here", { status: 426 });
    const wanted = watched(request.url);
    if (!wanted) return new Response("holdfast: the request of the watcher is missing or malformed", { status: 400 });
    const isUpdate = wanted.kind === "update";
    const refused = isUpdate ? check.pollUpdateRequest(wanted.request) : check.version(wanted.request.version);
    const run = refused ?? this.#selected(wanted.request);
    if (!run.ok) return this.#watch.accept(run);
    if (!isUpdate) return this.#watch.accept(accepted(this.#outcome(run.value)));
    const { updateId, waitForStage } = wanted.request;
    return this.#updates.accept({ runId: run.value.state.identity.runId, updateId, waitForStage });
  }

  async childClosed(request: protocol.ChildClosedRequest): Promise<Reply<{ readonly accepted: true }>> {
    return this.#take("childClosed", request);
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

  async heartbeatActivity(request: HeartbeatActivityRequest): Promise<Reply<HeartbeatActivityReply>> {
    return this.#take("heartbeatActivity", request);
  }

  async respondActivity(request: RespondActivityRequest): Promise<Reply<{ readonly accepted: true }>> {
    return this.#take("respondActivity", request);
  }

  async reportDeadLetter(request: DeadLetterRequest): Promise<Reply<{ readonly accepted: boolean }>> {
    return this.#take("reportDeadLetter", request);
  }

  /** Does what is due. Never throws: the platform gives an alarm up for good after seven failures. */
  override async alarm(): Promise<void> {
    this.#alarm.fired();
    try {
      this.#wake();
      this.#turn.tick();
    } catch (error) {
      console.error(`holdfast: alarm of ${this.ctx.id.name ?? this.ctx.id.toString()} failed: ${String(error)}`);
      this.#alarm.arm(Date.now() + ALARM_RETRY_MS, Date.now());
    }
  }

  #dispatch(run: LoadedRun, changes: Changes): void {
    const queued = activityMessages(run, changes.dispatch);
    if (queued.length > 0) this.ctx.waitUntil(sendActivityTasks(this.activityQueue(), queued));
    const eager = new Set(changes.eagerDispatch);
    for (const event of changes.events)
      if (event.eventType === "ActivityTaskScheduled" && eager.has(event.eventId)) this.#handOver(run, event);
  }

  /** Hands a claimed activity to the worker, each in a call of its own: they share no limits and no fate. */
  #handOver(run: LoadedRun, scheduled: EventOf<"ActivityTaskScheduled">): void {
    const activity = run.state.activities[scheduled.eventId];
    if (!activity) return;
    const claimed = { runId: run.state.identity.runId, scheduledEventId: scheduled.eventId };
    const task = activityTask(run, activity, scheduled);
    const handOver = async (): Promise<void> => {
      const worker = this.eagerActivityWorker();
      const isRefused = worker === undefined || (await refusesTask(worker, task));
      if (isRefused) await this.#take("releaseEagerClaim", claimed);
    };
    this.ctx.waitUntil(handOver());
  }

  /** Takes a request through a turn; the answer is given when its commit is made. */
  async #take<K extends RequestKind>(kind: K, request: Requests[K]): Promise<Reply<Values[K]>> {
    this.#wake();
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
    this.#updates.loaded();
    const { run, deadlineMs } = this.#turn;
    if (!run || (run.state.status !== "RUNNING" && deadlineMs === undefined)) return;
    this.#alarm.arm(deadlineMs, Date.now());
    if (deadlineMs !== undefined && deadlineMs <= Date.now()) this.#turn.tick();
    this.#driver.drive(run);
    this.#courier.deliver();
  }

  /** Takes an update, by the current run or, if it is known there, by the earlier one that is meant. */
  #takeUpdate(request: protocol.UpdateRequest): Reply<{ readonly runId: string }> {
    const reply = this.#turn.take("update", request);
    if (reply.ok || request.runId === undefined || reply.rejection.code !== "WorkflowNotFound") return reply;
    const earlier = this.#selected(request);
    const isKnown = earlier.ok && isKnownUpdate(earlier.value.state, request.updateId);
    return isKnown ? accepted({ runId: request.runId }) : reply;
  }

  async #updateWithStart(request: protocol.UpdateWithStartRequest): Promise<Reply<protocol.UpdateWithStartReply>> {
    this.#wake();
    const reply = this.#turn.take("updateWithStart", { ...request, newRunId: crypto.randomUUID() });
    if (!reply.ok) return reply;
    const answer = this.#answer(reply.value.update.runId, request.update);
    await this.#turn.committed;
    const update = await answer;
    return update.ok ? accepted({ start: reply.value.start, update: update.value }) : update;
  }

  #answer(
    runId: string,
    { updateId, waitForStage }: Pick<protocol.UpdateRequest, "updateId" | "waitForStage">,
  ): Promise<Reply<protocol.UpdateReply>> {
    return this.#updates.answer({ runId, updateId, waitForStage }, this.#driver.isBusy);
  }

  #updateReply(runId: string, updateId: string): protocol.UpdateReply | undefined {
    const run = this.#selected({ runId });
    if (!run.ok) return undefined;
    const { state, number } = run.value;
    const completedEventId = completedEventIdOf(state, updateId);
    const completing = completedEventId === undefined ? undefined : this.#store.readEvent(number, completedEventId);
    return updateReply(state, updateId, completing);
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

  /** The run a reader means: the current one, or an earlier one by its id. */
  #selected(selector: protocol.RunSelector): Reply<LoadedRun> {
    const { run } = this.#turn;
    if (!run) return workflowNotFound();
    const isCurrent = selector.runId === undefined || selector.runId === run.state.identity.runId;
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
