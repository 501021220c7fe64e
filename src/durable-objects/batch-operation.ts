/**
 * BatchOperation: the Durable Object behind one batch job. It works through a list of workflow executions and keeps a
 * report.
 *
 * Owns: the methods callers use (core/batch-protocol.ts), the commits, and the alarm that drives the work. A chunk of
 * executions is acted on, then its results are committed in one go: an object that dies in between does the chunk
 * again, with the same request ids. Everything is decided by core/batch-operation.ts.
 */
import { DurableObject } from "cloudflare:workers";

import {
  type BatchDecision,
  type BatchJob,
  type BatchRequestKind,
  type BatchRequests,
  type BatchValues,
  batchDeadlineMs,
  batchNotFound,
  decideBatch,
  describeBatch,
  nextChunk,
} from "../core/batch-operation.ts";
import * as check from "../core/batch-check.ts";
import type * as protocol from "../core/batch-protocol.ts";
import { BATCH_RETENTION_MS } from "../core/limits.ts";
import { type Reply, accepted } from "../core/rejection.ts";
import { version } from "../core/request-check.ts";
import { AlarmClock } from "./alarm-clock.ts";
import type { BatchExecutionNamespace, BatchOperationEnv } from "./batch-bindings.ts";
import { runChunk } from "./batch-runner.ts";
import { BatchStore } from "./batch-store.ts";
import type { WriteCount } from "./entry-table.ts";

/** If the object dies at work, the alarm finds it no later than this. */
const FALLBACK_ALARM_MS = 60_000;
/** No chunk is begun after so many calls of one alarm. The next has a budget of its own: the platform allows 1,000. */
const CALLS_PER_ALARM = 500;
/** How long one alarm begins new chunks; the platform allows it 15 minutes. */
const ALARM_BUDGET_MS = 30_000;

/**
 * The Durable Object of batch operations. Export it beside `WorkflowExecution`; subclass it to bind the executions
 * otherwise (`executions`) or to keep jobs for another time (`retentionMs`).
 *
 * @example
 * ```ts
 * export { BatchOperation, WorkflowExecution } from "holdfast/durable-objects";
 * ```
 */
export class BatchOperation<Env extends BatchOperationEnv = BatchOperationEnv>
  extends DurableObject<Env>
  implements protocol.BatchOperationRpc
{
  /** Rows this object has written since it was loaded. */
  protected readonly writes: WriteCount = { rows: 0 };
  readonly #store: BatchStore;
  readonly #alarm: AlarmClock;
  #job: BatchJob | undefined;
  #isWorking = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new BatchStore(ctx.storage, this.writes);
    this.#alarm = new AlarmClock(ctx.storage, this.writes);
    void ctx.blockConcurrencyWhile(async () => {
      await this.#alarm.load(Date.now());
      this.#job = this.#store.job();
      this.#arm();
    });
  }

  /** The executions that are acted on. Override to bind them otherwise. */
  protected executions(): BatchExecutionNamespace {
    const exports = this.ctx.exports as { readonly WorkflowExecution?: BatchExecutionNamespace };
    // The binding first: whoever has set one means it.
    const executions = this.env.WORKFLOW_EXECUTION ?? exports.WorkflowExecution;
    if (executions) return executions;
    throw new Error(
      "batch operations cannot reach the workflow executions: export WorkflowExecution from the same Worker, or bind " +
        "it as WORKFLOW_EXECUTION to the Worker that holds it",
    );
  }

  /** How long a job that has ended is kept, in milliseconds. */
  protected retentionMs(): number {
    return BATCH_RETENTION_MS;
  }

  async begin(request: protocol.BeginBatchRequest): Promise<Reply<protocol.BeginBatchReply>> {
    // Asked for now: a list that cannot be worked through need not be sent.
    this.executions();
    return this.#take("begin", { ...request, newRequestId: `batch/${crypto.randomUUID()}` });
  }

  async add(request: protocol.AddBatchTargetsRequest): Promise<Reply<{ readonly received: number }>> {
    return this.#take("add", request);
  }

  async run(request: protocol.RunBatchRequest): Promise<Reply<protocol.BatchDescription>> {
    return this.#take("run", request);
  }

  async stop(request: protocol.StopBatchRequest): Promise<Reply<protocol.BatchDescription>> {
    return this.#take("stop", request);
  }

  async describe(request: protocol.DescribeBatchRequest): Promise<Reply<protocol.BatchDescription>> {
    const refused = version(request.version);
    if (refused) return refused;
    return this.#job ? accepted(describeBatch(this.#job, Date.now())) : batchNotFound();
  }

  async failures(request: protocol.BatchFailuresRequest): Promise<Reply<protocol.BatchFailuresReply>> {
    const refused = check.failuresRequest(request);
    if (refused) return refused;
    if (!this.#job) return batchNotFound();
    const failures = this.#store.failures(request.from);
    const next = request.from + failures.length;
    return accepted({ failures, ...(next < this.#job.failed ? { next } : {}) });
  }

  /** Does what is due. Never throws: the platform gives an alarm up for good after seven failures. */
  override async alarm(): Promise<void> {
    this.#alarm.fired();
    // One set of calls at a time; whoever is at work arms the alarm when it is through.
    if (this.#isWorking) return this.#alarm.arm(Date.now() + FALLBACK_ALARM_MS, Date.now());
    this.#isWorking = true;
    try {
      await this.#work();
    } catch (error) {
      console.error(`holdfast: batch operation ${this.#job?.jobId ?? ""} will go on later: ${String(error)}`);
      this.#alarm.arm(Date.now() + FALLBACK_ALARM_MS, Date.now());
    } finally {
      this.#isWorking = false;
    }
  }

  async #work(): Promise<void> {
    const job = this.#job;
    if (!job) return;
    const expired = decideBatch(job, "expire", { retentionMs: this.retentionMs() }, Date.now());
    if (expired.ok && expired.value.deleted) {
      await this.#store.deleteAll();
      this.#job = undefined;
      return;
    }
    if (job.state === "running") {
      this.#alarm.arm(Date.now() + FALLBACK_ALARM_MS, Date.now());
      await this.#runChunks();
    }
    this.#arm();
  }

  /** Chunk after chunk, until nothing is due or this alarm has done its share. */
  async #runChunks(): Promise<void> {
    const untilMs = Date.now() + ALARM_BUDGET_MS;
    for (let calls = 0; calls < CALLS_PER_ALARM && Date.now() < untilMs;) {
      const job = this.#job;
      const begunMs = Date.now();
      const chunk = job ? nextChunk(job, begunMs) : [];
      if (!job || chunk.length === 0) return;
      const results = await runChunk({
        job,
        chunk,
        target: (index) => this.#store.target(index),
        executions: this.executions(),
        isStopped: () => this.#job?.state !== "running" || Date.now() >= untilMs,
      });
      calls += results.length;
      this.#take("settle", { begunMs, results });
    }
  }

  /** Decides a request and commits what comes of it. The output gate holds the reply back until it is durable. */
  #take<K extends BatchRequestKind>(kind: K, request: BatchRequests[K]): Reply<BatchValues[K]> {
    const decision = decideBatch(this.#job, kind, request, Date.now());
    if (!decision.ok) return decision;
    this.#commit(decision);
    return accepted(decision.value);
  }

  #commit({ job, targets, failures = [] }: Extract<BatchDecision<unknown>, { ok: true }>): void {
    const before = this.#job;
    if (!job || job === before) return;
    const from = before?.failed ?? 0;
    this.#store.write({ job, targets, failures: failures.length > 0 ? { from, failures } : undefined });
    this.#job = job;
    // Whoever is at work arms the alarm when it is through.
    if (!this.#isWorking) this.#arm();
  }

  #arm(): void {
    const job = this.#job;
    if (job) this.#alarm.arm(batchDeadlineMs(job, this.retentionMs(), Date.now()), Date.now());
  }
}
