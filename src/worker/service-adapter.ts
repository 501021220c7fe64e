/**
 * The service as a Durable Object namespace: the port `WorkflowService` over stubs of WorkflowExecution objects.
 *
 * Owns: how an object is addressed, one new stub for each call (a stub stays broken once its object was reset), and the
 * WebSocket on which the end of a run or of an update is awaited. Wire values cross; nothing is decoded, retried or
 * judged here.
 */
import { workflowObjectName } from "../core/identifiers.ts";
import type { UpdateReply, WorkflowExecutionRpc, WorkflowOutcome, WorkflowService } from "../core/protocol.ts";
import type { Reply } from "../core/rejection.ts";

/** The addresses on which an object takes watchers, up to the JSON of what they wait for. */
const OUTCOME_URL = "https://holdfast/outcome?request=";
const UPDATE_URL = "https://holdfast/update?update=";
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
      return await watched<WorkflowOutcome>(stub(namespace, workflowId), OUTCOME_URL, request);
    },
    watchUpdate: async (namespace, workflowId, request) =>
      await watched<UpdateReply>(stub(namespace, workflowId), UPDATE_URL, request),
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
    update: async (request) => await rpc().update(request),
    pollUpdate: async (request) => await rpc().pollUpdate(request),
    updateWithStart: async (request) => await rpc().updateWithStart(request),
    describe: async (request) => await rpc().describe(request),
    history: async (request) => await rpc().history(request),
    outcome: async (request) => await rpc().outcome(request),
    childClosed: async (request) => await rpc().childClosed(request),
    claimActivity: async (request) => await rpc().claimActivity(request),
    heartbeatActivity: async (request) => await rpc().heartbeatActivity(request),
    respondActivity: async (request) => await rpc().respondActivity(request),
    reportDeadLetter: async (request) => await rpc().reportDeadLetter(request),
  };
}

/** The one reply that a watcher gets, whenever it comes. `url` ends where the request's JSON begins. */
async function watched<T>(stub: ExecutionStub, url: string, request: object): Promise<Reply<T>> {
  const response = await stub.fetch(url + encodeURIComponent(JSON.stringify(request)), {
    headers: { Upgrade: "websocket" },
  });
  const socket = response.webSocket;
  if (!socket) throw new Error(`The service opened no WebSocket for the outcome; it answered ${response.status}.`);
  const text = await firstMessage(socket);
  return JSON.parse(text) as Reply<T>;
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
