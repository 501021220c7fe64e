/**
 * The client's door to batch operations: one request carried out on every execution of a list.
 *
 * Owns: the calls to a job's object, each tried again while its answer is lost, and the handle. Every request can be
 * repeated: a job is known by its id, a page by its place.
 */
import {
  encodeValues,
  type LoadedDataConverter,
  loadDataConverter,
  PayloadEncoding,
  ValueError,
} from "../../codec/index.ts";
import {
  type BatchAction,
  type BatchOperationRpc,
  batchRequestId,
  type BatchTarget,
  type BeginBatchReply,
} from "../../core/batch-protocol.ts";
import { namespaceProblem } from "../../core/identifiers.ts";
import type { Payloads } from "../../core/payload.ts";
import { PROTOCOL_VERSION } from "../../core/protocol.ts";
import type { Reply } from "../../core/rejection.ts";
import { batchValueOf } from "./batch-errors.ts";
import { batchOperationHandle, type BatchOperationHandle } from "./batch-handle.ts";
import { batchAction, type BatchOperation, type BatchOperationOptions } from "./batch-options.ts";
import { checkTargets, uploadTargets } from "./batch-upload.ts";
import { unreachable } from "./service-caller.ts";
import { retryTransient } from "./transient-retry.ts";
import {
  type ClientPorts,
  DEFAULT_IDENTITY,
  DEFAULT_NAMESPACE,
  platformPorts,
  type WorkflowClientOptions,
} from "./workflow-client.ts";
import { checkId } from "./workflow-options.ts";

/** What the client of batch operations needs; the same as that of workflows. */
export type BatchClientOptions = Pick<WorkflowClientOptions, "service" | "dataConverter" | "namespace" | "identity">;

/**
 * Starts batch operations and finds them again.
 *
 * @example
 * const batch = await client.batch.start({
 *   operation: { type: "cancel" },
 *   executions: ["transfer-1", "transfer-2"],
 *   reason: "the bank is closed",
 * });
 * const { failureOperationCount } = await batch.result();
 */
export class BatchClient {
  readonly #options: BatchClientOptions;
  readonly #ports: ClientPorts;
  readonly #namespace: string;
  readonly #identity: string;
  readonly #dataConverter: LoadedDataConverter;

  /** Throws `ValueError` for a malformed namespace or data converter. */
  constructor(options: BatchClientOptions, ports: ClientPorts = platformPorts) {
    const { namespace = DEFAULT_NAMESPACE, identity = DEFAULT_IDENTITY } = options;
    const problem = namespaceProblem(namespace);
    if (problem !== undefined) throw new ValueError(problem);
    this.#options = options;
    this.#ports = ports;
    this.#namespace = namespace;
    this.#identity = identity;
    this.#dataConverter = loadDataConverter(options.dataConverter);
  }

  /**
   * Sends the list and starts the operation; resolves once the service has the whole list. Called again with the same
   * job id and the same list, it goes on where it was cut off, and is the same operation ever after.
   *
   * Rejects with `BatchOperationAlreadyStartedError` when the job id belongs to something else, `ValueError` for
   * malformed ids or options, `PayloadTooLargeError`, and `ServiceError` when there are too many executions (code
   * `ResourceExhausted`) or no answer came.
   *
   * @example
   * const batch = await client.batch.start({
   *   operation: { type: "signal", signalName: approve, args: ["carol"] },
   *   executions: transferIds,
   *   reason: "approved in one go",
   *   jobId: "approve-2026-11-21",
   * });
   */
  async start<Args extends readonly unknown[] = readonly unknown[]>(
    options: BatchOperationOptions<Args>,
  ): Promise<BatchOperationHandle> {
    const { jobId = this.#ports.newId(), executions, concurrency, requestsPerSecond } = options;
    checkId("jobId", jobId);
    const operation: BatchOperation = options.operation;
    const action = batchAction(operation);
    const begun = await this.#call(jobId, (job) =>
      job.begin({
        version: PROTOCOL_VERSION,
        namespace: this.#namespace,
        jobId,
        action,
        reason: reasonOf(operation, options.reason),
        identity: this.#identity,
        ...(concurrency === undefined ? {} : { concurrency }),
        ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
      }),
    );
    if (begun.state === "created") {
      const total = await uploadTargets({
        jobId,
        executions,
        begun,
        encode: (target) => this.#encode(operation, action, begun, target),
        send: async (from, targets) =>
          void (await this.#call(jobId, (job) => job.add({ version: PROTOCOL_VERSION, from, targets }))),
      });
      await this.#call(jobId, (job) => job.run({ version: PROTOCOL_VERSION, total }));
    } else await checkTargets({ jobId, executions, begun });
    return this.getHandle(jobId);
  }

  /**
   * A handle of a batch operation that was started before; asks nobody whether it is there. Throws `ValueError` for a
   * malformed id.
   *
   * @example
   * const { state } = await client.batch.getHandle("approve-2026-11-21").describe();
   */
  getHandle(jobId: string): BatchOperationHandle {
    checkId("jobId", jobId);
    return batchOperationHandle({
      jobId,
      identity: this.#identity,
      timing: this.#ports.timing,
      call: (operation) => this.#call(jobId, operation),
    });
  }

  async #encode(
    operation: BatchOperation,
    action: BatchAction,
    { requestId }: BeginBatchReply,
    target: BatchTarget,
  ): Promise<Payloads | undefined> {
    const { workflowId } = target;
    const encoding = new PayloadEncoding(this.#dataConverter, { namespace: this.#namespace, workflowId });
    if (operation.type === "terminate")
      return await encodeValues(encoding, { kind: "termination" }, operation.details ?? []);
    if (operation.type !== "signal" || action.kind !== "signal") return undefined;
    const channel = {
      kind: "signal",
      signalName: action.signalName,
      requestId: batchRequestId(requestId, target),
    } as const;
    return await encodeValues(encoding, channel, operation.args ?? []);
  }

  async #call<T>(jobId: string, operation: (job: BatchOperationRpc) => Promise<Reply<T>>): Promise<T> {
    const { service } = this.#options;
    if (!service.batchOperation)
      throw new Error("This client's service has no batch operations: make it with `createWorker` of holdfast/worker.");
    // Outside the tries: a service without the class is not mended by asking again.
    const job = service.batchOperation(this.#namespace, jobId);
    const reply = await retryTransient(() => operation(job), this.#ports.timing).catch((error: unknown) => {
      throw unreachable(error);
    });
    return batchValueOf(reply, jobId);
  }
}

function reasonOf(operation: BatchOperation, reason: string): string {
  return operation.type === "terminate" ? (operation.reason ?? reason) : reason;
}
