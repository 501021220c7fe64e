/**
 * A batch operation in the caller's hand.
 *
 * Owns: the interface, and the waiting for the end. A handle holds an id and no connection; keep it as long as you
 * like.
 */
import type { BatchFailure, BatchOperationRpc } from "../../core/batch-protocol.ts";
import { PROTOCOL_VERSION } from "../../core/protocol.ts";
import type { Reply } from "../../core/rejection.ts";
import { batchDescription, type BatchOperationDescription } from "./batch-options.ts";
import type { RetryTiming } from "./transient-retry.ts";

const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 2_000;

/** An execution on which the operation could not be carried out, and why. */
export type BatchOperationFailure = BatchFailure;

/**
 * What can be done with a batch operation.
 *
 * Every method rejects with `BatchOperationNotFoundError` if there is none with this job id, and with `ServiceError` if
 * the service stays out of reach.
 *
 * @example
 * const batch = client.batch.getHandle("approve-2026-11-21");
 * await batch.result();
 * for await (const { workflowId, message } of batch.report()) console.log(workflowId, message);
 */
export interface BatchOperationHandle {
  readonly jobId: string;
  /** Where it stands. */
  describe(): Promise<BatchOperationDescription>;
  /** The failures so far, in the order they were found out; read page by page. */
  report(): AsyncIterable<BatchOperationFailure>;
  /** Begins nothing more; what is under way is finished and counted. The reason is readable by the service. */
  stop(reason: string): Promise<BatchOperationDescription>;
  /** Waits for the end, however long it takes. Resolves also when it was stopped: `state` is FAILED then. */
  result(): Promise<BatchOperationDescription>;
}

export interface BatchHandleOptions {
  readonly jobId: string;
  readonly identity: string;
  readonly timing: RetryTiming;
  readonly call: <T>(operation: (job: BatchOperationRpc) => Promise<Reply<T>>) => Promise<T>;
}

/** Makes a handle. */
export function batchOperationHandle({ jobId, identity, timing, call }: BatchHandleOptions): BatchOperationHandle {
  const describe = async (): Promise<BatchOperationDescription> =>
    batchDescription(await call((job) => job.describe({ version: PROTOCOL_VERSION })));
  return {
    jobId,
    describe,
    report: () => failures(call),
    stop: async (reason) =>
      batchDescription(await call((job) => job.stop({ version: PROTOCOL_VERSION, reason, identity }))),
    result: async () => {
      for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(MAX_WAIT_MS, waitMs * 2)) {
        const description = await describe();
        if (description.closeTime !== undefined) return description;
        await timing.sleep(waitMs);
      }
    },
  };
}

async function* failures(call: BatchHandleOptions["call"]): AsyncGenerator<BatchOperationFailure> {
  for (let from: number | undefined = 0; from !== undefined;) {
    const at: number = from;
    const page = await call((job) => job.failures({ version: PROTOCOL_VERSION, from: at }));
    yield* page.failures;
    from = page.next;
  }
}
