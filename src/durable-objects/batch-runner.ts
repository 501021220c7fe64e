/**
 * The runner: acts on the executions of one chunk, so many at once, and says what came of each.
 *
 * Owns: the calls and how long an answer may take. Each is a call of its own on a stub of its own. It decides nothing
 * and writes nothing. An overloaded service, or a job that was stopped, ends the chunk early: what was not begun has no
 * result.
 */
import { type BatchJob, type BatchOutcome, type BatchResult, batchOutcome } from "../core/batch-operation.ts";
import { type BatchTarget, batchRequestId } from "../core/batch-protocol.ts";
import { workflowObjectName } from "../core/identifiers.ts";
import { PROTOCOL_VERSION } from "../core/protocol.ts";
import type { Reply } from "../core/rejection.ts";
import type { BatchExecutionNamespace, BatchExecutionStub } from "./batch-bindings.ts";

/** A call that has no answer after this counts as lost. Longer than an execution takes to commit. */
const ANSWER_WITHIN_MS = 30_000;

export interface BatchRunnerOptions {
  readonly job: BatchJob;
  readonly chunk: readonly { readonly index: number; readonly attempts: number }[];
  readonly target: (index: number) => BatchTarget;
  readonly executions: BatchExecutionNamespace;
  /** Asked before each call; once it says yes, no other is begun. */
  readonly isStopped: () => boolean;
}

/** Acts on the executions of a chunk, in its order. Never rejects for what an execution does. */
export async function runChunk({
  job,
  chunk,
  target: targetAt,
  executions,
  isStopped,
}: BatchRunnerOptions): Promise<readonly BatchResult[]> {
  const results: BatchResult[] = [];
  let begun = 0;
  let isCutShort = false;
  const lane = async (): Promise<void> => {
    for (;;) {
      const entry = chunk[begun];
      if (!entry || isCutShort || isStopped()) return;
      begun += 1;
      const { index, attempts } = entry;
      const target = targetAt(index);
      const outcome = await act(executions, job, target);
      if (outcome.kind === "unanswered" && outcome.overloaded) isCutShort = true;
      const { workflowId, runId } = target;
      const named = { workflowId, ...(runId === undefined ? {} : { runId }) };
      results.push({ index, target: named, attempts: attempts + 1, outcome });
    }
  };
  await Promise.all(Array.from({ length: Math.min(job.concurrency, chunk.length) }, lane));
  return results;
}

async function act(executions: BatchExecutionNamespace, job: BatchJob, target: BatchTarget): Promise<BatchOutcome> {
  try {
    const stub = executions.getByName(workflowObjectName(job.namespace, target.workflowId));
    return batchOutcome(job.action, await within(ANSWER_WITHIN_MS, send(stub, job, target)));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "unanswered", message, overloaded: isOverloaded(error) };
  }
}

function isOverloaded(error: unknown): boolean {
  return (
    typeof error === "object" && error !== null && (error as { readonly overloaded?: unknown }).overloaded === true
  );
}

async function send(stub: BatchExecutionStub, job: BatchJob, target: BatchTarget): Promise<Reply<unknown>> {
  const { action, reason } = job;
  const { runId, payloads } = target;
  const request = {
    version: PROTOCOL_VERSION,
    ...(runId === undefined ? {} : { runId }),
    ...(job.identity === undefined ? {} : { identity: job.identity }),
  } as const;
  const requestId = batchRequestId(job.requestId, target);
  switch (action.kind) {
    case "signal": {
      const { signalName } = action;
      return await stub.signal({ ...request, signalName, requestId, ...(payloads ? { input: payloads } : {}) });
    }
    case "cancel":
      return await stub.requestCancel({ ...request, requestId, reason });
    case "terminate":
      return await stub.terminate({ ...request, reason, ...(payloads ? { details: payloads } : {}) });
    case "reset": {
      const { kind: _, ...options } = action;
      return await stub.reset({ ...request, ...options, requestId, reason });
    }
    case "delete":
      return await stub.deleteExecution(request);
  }
}

/** Rejects when an answer takes too long: its receiver may hang, and is asked again later. */
async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer after ${ms} ms`)), ms);
  try {
    return await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
  }
}
