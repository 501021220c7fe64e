import { describe, expect, test } from "vitest";

import type { OutcomeRequest, WorkflowOutcome } from "../../src/core/protocol.ts";
import { accepted } from "../../src/core/rejection.ts";
import { isTransient } from "../../src/sdk/client/transient-retry.ts";
import {
  type ExecutionResponse,
  type ExecutionStub,
  type OutcomeSocket,
  workflowService,
} from "../../src/worker/service-adapter.ts";
import { findService } from "../../src/worker/service-lookup.ts";

/** One side of a WebSocket, of which the test is the other. */
class TestSocket implements OutcomeSocket {
  readonly #listeners = new Map<string, (event: never) => void>();
  readonly sent: string[] = [];
  isAccepted = false;
  isClosed = false;

  accept(): void {
    this.isAccepted = true;
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    if (this.isClosed) throw new TypeError("Can't call close() twice");
    this.isClosed = true;
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, listener);
  }

  emit(type: "message" | "close" | "error", event: object = {}): void {
    this.#listeners.get(type)?.(event as never);
  }
}

const outcome = accepted<WorkflowOutcome>({ kind: "timedOut", runId: "run-1", originalExecutionRunId: "run-1" });
const request: OutcomeRequest = { version: 1, runId: "run-1", wait: true };

function watched(socket: TestSocket | null, status = 101) {
  const requests: { readonly url: URL; readonly upgrade: string | undefined }[] = [];
  const service = workflowService({
    getByName: () => ({
      fetch: async (url, init) => {
        requests.push({ url: new URL(url), upgrade: init?.headers?.["Upgrade"] });
        return { status, webSocket: socket };
      },
    }),
  });
  return { requests, watch: service.watchOutcome("default", "transfer-1", request) };
}

/** Lets the fetch be answered. */
const answered = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
};

describe("calls", () => {
  test("go to the object of the workflow id, through a new stub each", async () => {
    const stubs: { readonly name: string; readonly asked: object[] }[] = [];
    const service = workflowService({
      getByName: (name) => {
        const asked: object[] = [];
        stubs.push({ name, asked });
        const stub = {
          outcome: async (given: object) => {
            asked.push(given);
            return outcome;
          },
          fetch: () => Promise.reject(new Error("not asked for")),
        };
        return stub satisfies ExecutionStub;
      },
    });
    const execution = service.execution("default", "a/b");
    expect(await execution.outcome(request)).toEqual(outcome);
    await execution.outcome(request);
    expect(stubs).toEqual([
      { name: "default/a/b", asked: [request] },
      { name: "default/a/b", asked: [request] },
    ]);
  });

  test("reach every method of the service under its own name", async () => {
    const methods: string[] = [];
    const stub = new Proxy({} as ExecutionStub, {
      get: (_target, name) => async () => void methods.push(String(name)),
    });
    const execution = workflowService({ getByName: () => stub }).execution("default", "a");
    for (const method of Object.values(execution) as ((given: never) => Promise<unknown>)[]) await method({} as never);
    expect(methods).toEqual(Object.keys(execution));
    expect(methods).toContain("respondActivity");
  });
});

describe("watchOutcome", () => {
  test("opens a WebSocket with the request in its address, and resolves with the first message", async () => {
    const socket = new TestSocket();
    const { requests, watch } = watched(socket);
    await answered();
    expect(socket.isAccepted).toBe(true);
    socket.emit("message", { data: JSON.stringify(outcome) });
    expect(await watch).toEqual(outcome);
    expect(socket.isClosed).toBe(true);
    const [asked] = requests;
    expect(asked?.upgrade).toBe("websocket");
    expect(JSON.parse(asked?.url.searchParams.get("request") ?? "")).toEqual({ ...request, plainResponse: true });
  });

  test("rejects, as a lost connection, when it closes without a message", async () => {
    const socket = new TestSocket();
    const { watch } = watched(socket);
    await answered();
    socket.isClosed = true;
    socket.emit("close", { code: 1006, reason: "" });
    const error: unknown = await watch.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ message: "WebSocket closed before the outcome came: 1006" });
    expect(isTransient(error)).toBe(true);
  });

  test("rejects, as a lost connection, when it breaks", async () => {
    const socket = new TestSocket();
    const { watch } = watched(socket);
    await answered();
    socket.emit("error");
    expect(isTransient(await watch.catch((reason: unknown) => reason))).toBe(true);
  });

  test("rejects when the service opens no WebSocket", async () => {
    await expect(watched(null, 426).watch).rejects.toThrow("it answered 426");
  });

  test("is not begun when it was given up before", async () => {
    const service = workflowService({ getByName: () => Promise.reject(new Error("asked")) as never });
    const watch = service.watchOutcome("default", "a", request, { aborted: true });
    await expect(watch).rejects.toThrow("given up");
  });
});

describe("watchOutcome of a service that names the run", () => {
  const answering = (response: Partial<ExecutionResponse>) =>
    workflowService({ getByName: () => ({ fetch: async () => ({ status: 101, webSocket: null, ...response }) }) });

  test("takes a plain answer for the outcome", async () => {
    const service = answering({ status: 200, text: async () => JSON.stringify(outcome) });
    expect(await service.watchOutcome("default", "a", request)).toEqual(outcome);
  });

  test("is pending, with the run, when the connection is lost", async () => {
    const socket = new TestSocket();
    const headers = new Headers({ "Holdfast-Run-Id": "run-1" });
    const watch = answering({ webSocket: socket, headers }).watchOutcome("default", "a", { version: 1 });
    await answered();
    socket.emit("error");
    expect(await watch).toEqual(accepted({ kind: "pending", runId: "run-1" }));
  });
});

describe("watchEvents", () => {
  const asked = { version: 1, runId: "run-1", fromEventId: 4 } as const;
  const end = accepted({ kind: "end", runId: "run-1", nextEventId: 4, outcome: "completed" });

  async function subscription() {
    const socket = new TestSocket();
    const urls: URL[] = [];
    const service = workflowService({
      getByName: () => ({
        fetch: async (url) => {
          urls.push(new URL(url));
          return { status: 101, webSocket: socket, headers: new Headers({ "Holdfast-Run-Id": "run-1" }) };
        },
      }),
    });
    return { socket, urls, subscription: await service.watchEvents("default", "transfer-1", asked) };
  }

  test("gives the messages in order, those that have come and those that come", async () => {
    const { socket, urls, subscription: watch } = await subscription();
    expect(JSON.parse(urls[0]?.searchParams.get("events") ?? "")).toEqual(asked);
    expect(watch.runId).toBe("run-1");
    for (const nextEventId of [5, 6]) socket.emit("message", { data: JSON.stringify(accepted({ nextEventId })) });
    expect([await watch.next(), await watch.next()]).toEqual([
      accepted({ nextEventId: 5 }),
      accepted({ nextEventId: 6 }),
    ]);
    const next = watch.next();
    watch.acknowledge(6);
    expect(socket.sent).toEqual(['{"acknowledged":6}']);
    socket.emit("message", { data: JSON.stringify(end) });
    expect(await next).toEqual(end);
  });

  test("rejects as a lost connection once it is closed, from either side, and after what had come", async () => {
    const { socket, subscription: watch } = await subscription();
    socket.emit("message", { data: JSON.stringify(end) });
    socket.emit("close", { code: 1006, reason: "" });
    expect(await watch.next()).toEqual(end);
    expect(isTransient(await watch.next().catch((reason: unknown) => reason))).toBe(true);

    const own = (await subscription()).subscription;
    const next = own.next();
    own.close();
    own.close();
    expect(isTransient(await next.catch((reason: unknown) => reason))).toBe(true);
  });

  test("does not take an acknowledgement that could not be sent for one that was", async () => {
    const { socket, subscription: watch } = await subscription();
    socket.send = () => {
      throw new TypeError("Can't call send() after close()");
    };
    watch.acknowledge(5);
    expect(isTransient(await watch.next().catch((reason: unknown) => reason))).toBe(true);
  });

  test("rejects messages that are no text", async () => {
    const { socket, subscription: watch } = await subscription();
    socket.emit("message", { data: new ArrayBuffer(1) });
    await expect(watch.next()).rejects.toThrow("something other than text");
  });
});

describe("watchUpdate", () => {
  const update = { version: 1, runId: "run-1", updateId: "u-1", waitForStage: "COMPLETED" } as const;

  test("opens a WebSocket with the request in its address, and resolves with the first message", async () => {
    const socket = new TestSocket();
    const urls: URL[] = [];
    const service = workflowService({
      getByName: () => ({
        fetch: async (url) => {
          urls.push(new URL(url));
          return { status: 101, webSocket: socket };
        },
      }),
    });
    const watch = service.watchUpdate("default", "transfer-1", update);
    await answered();
    const reply = accepted({ runId: "run-1", originalExecutionRunId: "run-1", updateId: "u-1", stage: "COMPLETED" });
    socket.emit("message", { data: JSON.stringify(reply) });
    expect(await watch).toEqual(reply);
    expect(JSON.parse(urls[0]?.searchParams.get("update") ?? "")).toEqual(update);
    expect(urls[0]?.searchParams.get("request")).toBeNull();
  });

  test("rejects, as a lost connection, when it closes without a message", async () => {
    const socket = new TestSocket();
    const service = workflowService({ getByName: () => ({ fetch: async () => ({ status: 101, webSocket: socket }) }) });
    const watch = service.watchUpdate("default", "transfer-1", update);
    await answered();
    socket.emit("close", { code: 1006, reason: "" });
    expect(isTransient(await watch.catch((reason: unknown) => reason))).toBe(true);
  });
});

describe("where the service is found", () => {
  const namespace = { getByName: () => ({ fetch: () => Promise.reject(new Error("not asked for")) }) };
  const other = { ...namespace };

  test("in the binding first, then in the Worker's own exports", () => {
    const ctx = { exports: { WorkflowExecution: namespace } };
    expect(findService({ WORKFLOW_EXECUTION: other }, ctx)).toBe(other);
    expect(findService({}, ctx)).toBe(namespace);
    expect(findService({ WORKFLOW_EXECUTION: other }, { exports: {} })).toBe(other);
    expect(findService({ WORKFLOW_EXECUTION: other }, {})).toBe(other);
  });

  test("or nowhere, with what to set", () => {
    expect(() => findService({}, { exports: {} })).toThrow("durable_objects binding named WORKFLOW_EXECUTION");
    expect(() => findService({ WORKFLOW_EXECUTION: "a text" }, {})).toThrow("was not found");
    expect(() => findService({ WORKFLOW_EXECUTION: null }, {})).toThrow("was not found");
  });
});
