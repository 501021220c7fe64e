/**
 * Updates on their way to a workflow, and the waiting for what becomes of them.
 *
 * Owns: the requests and the waiting. An update that the workflow has not accepted yet is held in the service's memory
 * only, so it is sent again, under the same id, until it is; from then on it is stored, and is watched for as long as
 * it takes. Rejected updates come back as completed ones with a failure.
 */
import { decodeError, decodeValues, encodeValues, type PayloadEncoding } from "../../codec/index.ts";
import type { UpdateOutcome } from "../../core/history-event.ts";
import {
  type PollUpdateRequest,
  PROTOCOL_VERSION,
  type RunSelector,
  type StartReply,
  type StartRequest,
  type UpdateReply,
  type UpdateRequest,
  type UpdateWithStartReply,
  type WorkflowExecutionRpc,
  type WorkflowService,
} from "../../core/protocol.ts";
import type { RejectionCode, Reply } from "../../core/rejection.ts";
import type { Headers } from "../common/index.ts";
import { ServiceError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from "./errors.ts";
import { encodeHeaders } from "./header-encoding.ts";
import { type AskedWorkflow, valueOf } from "./rejection-errors.ts";
import { type ServiceCaller, unreachable } from "./service-caller.ts";
import { isTransient, type RetryTiming, transportDelayMs } from "./transient-retry.ts";
import { checkId } from "./workflow-options.ts";

/** How often an update is sent again that the service took back, or has forgotten, before it was accepted. */
const MAX_FORGOTTEN_UPDATES = 3;
const FORGOTTEN: ReadonlySet<RejectionCode> = new Set(["UpdateAborted", "UpdateNotFound"]);

/** How long to wait at most before an update that is not accepted yet is sent again. */
const MAX_RESEND_DELAY_MS = 5_000;

export interface UpdatePorts {
  readonly service: WorkflowService;
  readonly caller: ServiceCaller;
  readonly timing: RetryTiming;
  readonly namespace: string;
  readonly identity: string;
}

/** An update as it was asked for. */
export interface UpdateCall {
  readonly updateId: string;
  readonly updateName: string;
  readonly args: readonly unknown[];
  readonly headers: Headers;
  readonly waitForStage: "ACCEPTED" | "COMPLETED";
}

/** An update of which the outcome is wanted. */
export interface UpdateRef {
  readonly workflowId: string;
  readonly updateId: string;
  readonly runId?: string | undefined;
}

/** An outcome, and the run that its payloads are bound to. */
export interface BoundOutcome {
  readonly outcome: UpdateOutcome;
  readonly originalExecutionRunId: string;
}

/** The part of a request for an update that does not say which run is meant; its payloads encoded. */
async function updateRequest(
  encoding: PayloadEncoding,
  call: UpdateCall,
  identity: string,
): Promise<Omit<UpdateRequest, keyof RunSelector>> {
  const { updateId, updateName, waitForStage } = call;
  checkId("updateId", updateId);
  checkId("updateName", updateName);
  const [args, header] = await Promise.all([
    encodeValues(encoding, { kind: "update", updateName, updateId }, call.args),
    encodeHeaders(encoding, call.headers),
  ]);
  return {
    version: PROTOCOL_VERSION,
    updateId,
    updateName,
    ...(args ? { args } : {}),
    ...(header ? { header } : {}),
    waitForStage,
    identity,
  };
}

export class UpdateCalls {
  readonly #ports: UpdatePorts;

  constructor(ports: UpdatePorts) {
    this.#ports = ports;
  }

  /**
   * Sends an update; answers when it is accepted, or rejected.
   *
   * Throws the error of a rejection of the call itself, and `WorkflowUpdateRPCTimeoutOrCancelledError` when no answer
   * came.
   */
  async send(encoding: PayloadEncoding, run: RunSelector, call: UpdateCall): Promise<UpdateReply> {
    const { workflowId } = encoding.place;
    const request = { ...(await updateRequest(encoding, call, this.#ports.identity)), ...run };
    return await this.#untilAccepted(
      { workflowId, runId: run.runId },
      (execution) => execution.update(request),
      (reply) => reply,
    );
  }

  /**
   * Starts a workflow and sends it an update; answers when that is accepted, or rejected. `onStart` is told as soon as
   * the start is known. Throws as `send` does.
   */
  async sendWithStart(
    encoding: PayloadEncoding,
    start: StartRequest,
    call: UpdateCall,
    onStart: (start: StartReply) => void,
  ): Promise<UpdateWithStartReply> {
    const { workflowId, workflowType } = start;
    const update = await updateRequest(encoding, call, this.#ports.identity);
    const request = { version: PROTOCOL_VERSION, start, update } as const;
    return await this.#untilAccepted(
      { workflowId, workflowType },
      async (execution) => {
        const reply = await execution.updateWithStart(request);
        if (reply.ok) onStart(reply.value.start);
        return reply;
      },
      (reply) => reply.update,
    );
  }

  /**
   * Waits until an update has ended, however long it takes. `isAccepted`: the service has said so already.
   *
   * Throws as `send` does.
   */
  async outcome(ref: UpdateRef, isAccepted: boolean): Promise<BoundOutcome> {
    const { updateId, runId } = ref;
    let request: PollUpdateRequest = {
      version: PROTOCOL_VERSION,
      updateId,
      waitForStage: "COMPLETED",
      ...(runId === undefined ? {} : { runId }),
    };
    let isStored = isAccepted;
    for (let tries = 1; ; tries += 1) {
      const reply = isStored ? await this.#watch(ref, request) : await this.#poll(ref, request);
      if (reply?.outcome) return { outcome: reply.outcome, originalExecutionRunId: reply.originalExecutionRunId };
      // From here on the run that has the update is meant, even if a later one takes the workflow id.
      if (reply) request = { ...request, runId: reply.runId };
      // A watch that broke is followed by a question, so that an object that cannot hold a connection still answers.
      const wasWatched = isStored;
      isStored = !wasWatched && reply !== undefined && reply.stage !== "ADMITTED";
      if (!isStored) await this.#pause(tries);
    }
  }

  /** Sends the same request until the update is accepted. Each wait is longer than the one before. */
  async #untilAccepted<T>(
    asked: AskedWorkflow,
    send: (execution: WorkflowExecutionRpc) => Promise<Reply<T>>,
    updateOf: (reply: T) => UpdateReply,
  ): Promise<T> {
    let forgotten = 0;
    for (let tries = 1; ; tries += 1) {
      const reply = await this.#call(asked.workflowId, send);
      if (!reply.ok && FORGOTTEN.has(reply.rejection.code) && forgotten < MAX_FORGOTTEN_UPDATES) {
        forgotten += 1;
      } else {
        const value = valueOf(reply, asked);
        if (updateOf(value).stage !== "ADMITTED") return value;
      }
      await this.#pause(tries);
    }
  }

  async #poll(ref: UpdateRef, request: PollUpdateRequest): Promise<UpdateReply> {
    return valueOf(await this.#call(ref.workflowId, (execution) => execution.pollUpdate(request)), ref);
  }

  /** What the watch brought, or undefined when the connection was lost before. */
  async #watch(ref: UpdateRef, request: PollUpdateRequest): Promise<UpdateReply | undefined> {
    let reply: Reply<UpdateReply>;
    try {
      reply = await this.#ports.service.watchUpdate(this.#ports.namespace, ref.workflowId, request);
    } catch (error) {
      if (isTransient(error)) return undefined;
      throw noAnswer(unreachable(error));
    }
    return valueOf(reply, ref);
  }

  async #call<T>(
    workflowId: string,
    operation: (execution: WorkflowExecutionRpc) => Promise<Reply<T>>,
  ): Promise<Reply<T>> {
    try {
      return await this.#ports.caller.call(workflowId, operation);
    } catch (error) {
      throw noAnswer(error);
    }
  }

  async #pause(tries: number): Promise<void> {
    const { sleep, random } = this.#ports.timing;
    await sleep(transportDelayMs(tries, random, MAX_RESEND_DELAY_MS));
  }
}

/** The error of a call about an update that got no answer. */
function noAnswer(error: unknown): unknown {
  if (!(error instanceof ServiceError)) return error;
  return new WorkflowUpdateRPCTimeoutOrCancelledError(error.message, { cause: error });
}

/**
 * The value that an outcome holds; undefined for a handler that returned nothing.
 *
 * Throws `WorkflowUpdateFailedError` for an update that was rejected or failed, and what the codecs throw.
 */
export async function updateResult(
  encoding: PayloadEncoding,
  updateId: string,
  { outcome, originalExecutionRunId: runId }: BoundOutcome,
): Promise<unknown> {
  if ("failure" in outcome) {
    const cause = await decodeError(encoding, { kind: "update-failure", runId, updateId }, outcome.failure);
    throw new WorkflowUpdateFailedError("Workflow Update failed", cause);
  }
  const [result] = await decodeValues(encoding, { kind: "update-result", runId, updateId }, outcome.success);
  return result;
}
