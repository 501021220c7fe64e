/**
 * The service as a Durable Object namespace: the port `WorkflowService` over stubs of WorkflowExecution objects.
 *
 * Owns: how an object is addressed, one new stub for each call (a stub stays broken once its object was reset), and the
 * WebSocket on which the end of a run or of an update is awaited, or events are followed. Wire values cross; nothing is decoded, retried or
 * judged here.
 */
import { workflowObjectName } from "../core/identifiers.ts";
import type {
  OutcomeRequest,
  UpdateReply,
  WorkflowExecutionRpc,
  WorkflowOutcome,
  WorkflowService,
} from "../core/protocol.ts";
import { type Reply, accepted } from "../core/rejection.ts";
import { activityWatching } from "./activity-socket.ts";
import { type EventsSocket, eventSubscription } from "./event-socket.ts";

/** The addresses on which an object takes watchers, up to the JSON of what they wait for. */
const OUTCOME_URL = "https://holdfast/outcome?request=";
const EVENTS_URL = "https://holdfast/events?events=";
const UPDATE_URL = "https://holdfast/update?update=";
const ACTIVITY_URL = "https://holdfast/activity?activity=";
/** In the answer that opens a WebSocket: the run that it waits for. */
const RUN_HEADER = "Holdfast-Run-Id";
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
  readonly headers?: { get(name: string): string | null };
  text?(): Promise<string>;
}

/** The part of a Workers WebSocket that is used. */
export type OutcomeSocket = EventsSocket;

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
      return await watchedOutcome(stub(namespace, workflowId), request);
    },
    watchEvents: async (namespace, workflowId, request) => {
      const response = await upgrade(stub(namespace, workflowId), EVENTS_URL, request);
      return eventSubscription(socketOf(response), response.headers?.get(RUN_HEADER));
    },
    watchUpdate: async (namespace, workflowId, request) =>
      await watched<UpdateReply>(stub(namespace, workflowId), UPDATE_URL, request),
    watchActivity: (namespace, workflowId, request, tell) =>
      activityWatching(() => opened(stub(namespace, workflowId), ACTIVITY_URL, request), tell),
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
    pause: async (request) => await rpc().pause(request),
    unpause: async (request) => await rpc().unpause(request),
    pauseActivity: async (request) => await rpc().pauseActivity(request),
    unpauseActivity: async (request) => await rpc().unpauseActivity(request),
    resetActivity: async (request) => await rpc().resetActivity(request),
    updateActivityOptions: async (request) => await rpc().updateActivityOptions(request),
    reset: async (request) => await rpc().reset(request),
    deleteExecution: async (request) => await rpc().deleteExecution(request),
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
    respondActivityById: async (request) => await rpc().respondActivityById(request),
    heartbeatActivityById: async (request) => await rpc().heartbeatActivityById(request),
  };
}

/** The outcome, from the answer itself or from the WebSocket that it opens. */
async function watchedOutcome(stub: ExecutionStub, request: OutcomeRequest): Promise<Reply<WorkflowOutcome>> {
  const response = await upgrade(stub, OUTCOME_URL, { ...request, plainResponse: true });
  if (!response.webSocket && response.status === 200 && response.text)
    return JSON.parse(await response.text()) as Reply<WorkflowOutcome>;
  const runId = response.headers?.get(RUN_HEADER);
  const socket = socketOf(response);
  let text: string;
  try {
    text = await firstMessage(socket);
  } catch (error) {
    if (typeof runId !== "string") throw error;
    return accepted({ kind: "pending", runId });
  }
  return JSON.parse(text) as Reply<WorkflowOutcome>;
}

/** The one reply that a watcher gets, whenever it comes. `url` ends where the request's JSON begins. */
async function watched<T>(stub: ExecutionStub, url: string, request: object): Promise<Reply<T>> {
  const text = await firstMessage(await opened(stub, url, request));
  return JSON.parse(text) as Reply<T>;
}

/** The socket of a watcher, not accepted yet. */
async function opened(stub: ExecutionStub, url: string, request: object): Promise<OutcomeSocket> {
  return socketOf(await upgrade(stub, url, request));
}

async function upgrade(stub: ExecutionStub, url: string, request: object): Promise<ExecutionResponse> {
  return await stub.fetch(url + encodeURIComponent(JSON.stringify(request)), { headers: { Upgrade: "websocket" } });
}

function socketOf(response: ExecutionResponse): OutcomeSocket {
  const socket = response.webSocket;
  if (!socket) throw new Error(`The service opened no WebSocket for the outcome; it answered ${response.status}.`);
  return socket;
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
