/**
 * The service as a Durable Object namespace: the port `WorkflowService` over stubs of WorkflowExecution objects.
 *
 * Owns: how an object is addressed, one new stub for each call (a stub stays broken once its object was reset), and the
 * WebSocket on which an outcome is awaited. Wire values cross; nothing is decoded, retried or judged here.
 */
import { workflowObjectName } from "../core/identifiers.ts";
import type { OutcomeRequest, WorkflowExecutionRpc, WorkflowOutcome, WorkflowService } from "../core/protocol.ts";
import type { Reply } from "../core/rejection.ts";

const OUTCOME_URL = "https://holdfast/outcome";
const NORMAL_CLOSURE = 1_000;

/** The part of a Durable Object namespace that is used; every `DurableObjectNamespace` has it. */
export interface ExecutionNamespace {
  getByName(name: string): ExecutionStub;
}

/** The part of a stub that is known before its object's methods are: the door for requests. */
export interface ExecutionStub {
  fetch(input: string, init?: { headers?: Record<string, string> }): Promise<ExecutionResponse>;
}

/** The part of a response that an upgrade needs. */
export interface ExecutionResponse {
  readonly status: number;
  readonly webSocket: OutcomeSocket | null;
}

/** The part of a Workers WebSocket that is used. */
export interface OutcomeSocket {
  accept(): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { readonly code: number; readonly reason: string }) => void): void;
  addEventListener(type: "error", listener: () => void): void;
}

/**
 * Makes the port from a namespace of WorkflowExecution objects.
 *
 * @example
 * const service = workflowService(env.WORKFLOW_EXECUTION);
 */
export function workflowService(objects: ExecutionNamespace): WorkflowService {
  const stub = (namespace: string, workflowId: string): ExecutionStub =>
    objects.getByName(workflowObjectName(namespace, workflowId));
  return {
    execution: (namespace, workflowId) => executionRpc(() => stub(namespace, workflowId)),
    watchOutcome: async (namespace, workflowId, request, signal) => {
      if (signal?.aborted) throw new Error("Waiting for the workflow's outcome was given up.");
      return await awaitOutcome(stub(namespace, workflowId), request);
    },
  };
}

function executionRpc(newStub: () => ExecutionStub): WorkflowExecutionRpc {
  // A stub takes any method name and the class behind it is in another bundle, so only the contract knows its methods.
  const rpc = (): WorkflowExecutionRpc => newStub() as unknown as WorkflowExecutionRpc;
  return {
    start: async (request) => await rpc().start(request),
    signal: async (request) => await rpc().signal(request),
    signalWithStart: async (request) => await rpc().signalWithStart(request),
    requestCancel: async (request) => await rpc().requestCancel(request),
    terminate: async (request) => await rpc().terminate(request),
    query: async (request) => await rpc().query(request),
    describe: async (request) => await rpc().describe(request),
    history: async (request) => await rpc().history(request),
    outcome: async (request) => await rpc().outcome(request),
    claimActivity: async (request) => await rpc().claimActivity(request),
    heartbeatActivity: async (request) => await rpc().heartbeatActivity(request),
    respondActivity: async (request) => await rpc().respondActivity(request),
    reportDeadLetter: async (request) => await rpc().reportDeadLetter(request),
  };
}

async function awaitOutcome(stub: ExecutionStub, request: OutcomeRequest): Promise<Reply<WorkflowOutcome>> {
  const url = `${OUTCOME_URL}?request=${encodeURIComponent(JSON.stringify(request))}`;
  const response = await stub.fetch(url, { headers: { Upgrade: "websocket" } });
  const socket = response.webSocket;
  if (!socket) throw new Error(`The service opened no WebSocket for the outcome; it answered ${response.status}.`);
  const text = await firstMessage(socket);
  return JSON.parse(text) as Reply<WorkflowOutcome>;
}

/** Rejects with "WebSocket closed …", which the client knows for a lost connection and follows with a new one. */
async function firstMessage(socket: OutcomeSocket): Promise<string> {
  try {
    return await new Promise<string>((resolve, reject) => {
      socket.addEventListener("message", ({ data }) => {
        if (typeof data === "string") resolve(data);
        else reject(new Error("The service sent the outcome as something other than text."));
      });
      socket.addEventListener("close", ({ code, reason }) => {
        reject(new Error(`WebSocket closed before the outcome came: ${code} ${reason}`.trimEnd()));
      });
      socket.addEventListener("error", () => reject(new Error("WebSocket closed before the outcome came: it broke.")));
      socket.accept();
    });
  } finally {
    closeQuietly(socket);
  }
}

function closeQuietly(socket: OutcomeSocket): void {
  try {
    socket.close(NORMAL_CLOSURE);
  } catch {
    // It was closed from the other side already, which is as good.
  }
}
