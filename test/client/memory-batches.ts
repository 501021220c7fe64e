/**
 * Batch operations in memory: the real decisions, without an object around them and without anybody who does the work.
 *
 * Owns: the jobs, and the recording of pages. An answer can be lost: then the request was taken all the same.
 */
import { type BatchJob, decideBatch, describeBatch } from "../../src/core/batch-operation.ts";
import type {
  AddBatchTargetsRequest,
  BatchFailure,
  BatchOperationRpc,
  BatchTarget,
  BeginBatchRequest,
} from "../../src/core/batch-protocol.ts";
import { accepted, type Reply } from "../../src/core/rejection.ts";
import { transportError } from "./scripted-service.ts";

const FAILURES_PER_PAGE = 2;

export class MemoryBatches {
  readonly jobs = new Map<string, BatchJob>();
  readonly begins: BeginBatchRequest[] = [];
  readonly pages: AddBatchTargetsRequest[] = [];
  /** Of all jobs together: the tests have one each. */
  readonly list: BatchTarget[] = [];
  readonly failures: BatchFailure[] = [];
  nowMs = Date.UTC(2026, 10, 21, 5, 0, 0);
  /** Answers that get lost from now on. */
  answersLost = 0;
  /** Called before each `describe`: what happens meanwhile. */
  meanwhile: (() => void) | undefined;

  readonly batchOperation = (_namespace: string, jobId: string): BatchOperationRpc => {
    const take: BatchTake = async (kind, request) => {
      const decision = decideBatch(this.jobs.get(jobId), kind, request, this.nowMs);
      if (!decision.ok) return decision;
      if (decision.job) this.jobs.set(jobId, decision.job);
      this.list.push(...(decision.targets?.targets ?? []));
      return this.#answer(accepted(decision.value));
    };
    return {
      begin: async (request) => {
        this.begins.push(request);
        return await take("begin", { ...request, newRequestId: `batch/${jobId}` });
      },
      add: async (request) => {
        this.pages.push(request);
        return await take("add", request);
      },
      run: async (request) => await take("run", request),
      stop: async (request) => await take("stop", request),
      describe: async () => {
        this.meanwhile?.();
        const job = this.jobs.get(jobId);
        if (job) return accepted(describeBatch(job, this.nowMs));
        return { ok: false, rejection: { code: "BatchOperationNotFound", message: "there is none" } };
      },
      failures: async ({ from }) => {
        const failures = this.failures.slice(from, from + FAILURES_PER_PAGE);
        const next = from + failures.length;
        return accepted({ failures, ...(next < this.failures.length ? { next } : {}) });
      },
    };
  };

  #answer<T>(reply: Reply<T>): Reply<T> {
    if (this.answersLost === 0) return reply;
    this.answersLost -= 1;
    throw transportError("Network connection lost.", { retryable: true });
  }
}

type BatchTake = <K extends "begin" | "add" | "run" | "stop">(
  kind: K,
  request: Parameters<typeof decideBatch<K>>[2],
) => Promise<Reply<Extract<ReturnType<typeof decideBatch<K>>, { ok: true }>["value"]>>;
