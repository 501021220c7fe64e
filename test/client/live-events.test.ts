import { describe, expect, test } from "vitest";

import { encodeValues } from "../../src/codec/index.ts";
import type { EventType, HistoryEvent } from "../../src/core/history-event.ts";
import type { EventsMessage, EventSubscription } from "../../src/core/live-events.ts";
import { type Reply, accepted, rejected } from "../../src/core/rejection.ts";
import type { LiveEvent } from "../../src/sdk/client/index.ts";
import { EVENT_SAMPLES } from "../core/event-samples.ts";
import { codeBlocks, published } from "./examples/doc-examples.ts";
import { encoding, scriptedClient, WORKFLOW_ID } from "./scripted-client.ts";
import { type Script, transportError } from "./scripted-service.ts";

const RUN_ID = "run-1";
const lost = (): Error => new Error("WebSocket closed before the run's end came: 1006");

/** A subscription that gives its messages one by one, and after them what it is told: an error, or nothing for ever. */
class ScriptedSubscription implements EventSubscription {
  readonly runId = RUN_ID;
  readonly acknowledged: number[] = [];
  isClosed = false;
  readonly #messages: Reply<EventsMessage>[];
  readonly #after: Error | undefined;
  readonly #closing = Promise.withResolvers<never>();

  constructor(messages: readonly Reply<EventsMessage>[], after?: Error) {
    this.#messages = [...messages];
    this.#after = after;
    this.#closing.promise.catch(() => undefined);
  }

  async next(): Promise<Reply<EventsMessage>> {
    const message = this.#messages.shift();
    if (message) return message;
    if (this.#after) throw this.#after;
    return await this.#closing.promise;
  }

  acknowledge(nextEventId: number): void {
    this.acknowledged.push(nextEventId);
  }

  close(): void {
    this.isClosed = true;
    this.#closing.reject(lost());
  }
}

function event(eventId: number, eventType: EventType, attributes: object = {}): HistoryEvent {
  return { eventId, eventTimeMs: eventId, eventType, attributes } as HistoryEvent;
}

function page(events: readonly HistoryEvent[], more: { readonly acknowledge?: true; readonly runId?: string } = {}) {
  const { acknowledge, runId = RUN_ID } = more;
  return accepted<EventsMessage>({
    kind: "events",
    runId,
    originalExecutionRunId: runId,
    events,
    nextEventId: (events.at(-1)?.eventId ?? 0) + 1,
    ...(acknowledge ? { acknowledge } : {}),
  });
}

function timers(...eventIds: readonly number[]): HistoryEvent[] {
  return eventIds.map((eventId) => event(eventId, "TimerFired", { timerId: "1", startedEventId: 1 }));
}

function end(nextEventId: number, newExecutionRunId?: string, runId = RUN_ID) {
  const next = newExecutionRunId === undefined ? {} : { newExecutionRunId };
  const outcome = newExecutionRunId === undefined ? "completed" : "continuedAsNew";
  return accepted<EventsMessage>({ kind: "end", runId, nextEventId, outcome, ...next });
}

function subscribed(watchEvents: Script["watchEvents"], script: Script = {}) {
  const { client, service, delaysMs } = scriptedClient({ ...script, ...(watchEvents ? { watchEvents } : {}) });
  const requests = () => service.calls.filter(({ method }) => method === "watchEvents").map(({ request }) => request);
  return { handle: client.workflow.getHandle(WORKFLOW_ID), requests, service, delaysMs };
}

async function all(events: AsyncIterable<LiveEvent>): Promise<LiveEvent[]> {
  const list: LiveEvent[] = [];
  for await (const next of events) list.push(next);
  return list;
}

const idsOf = (events: readonly LiveEvent[]): number[] => events.map(({ eventId }) => eventId);

describe("a subscription", () => {
  test("gives every event with its run and a cursor, and ends with the run", async () => {
    const socket = new ScriptedSubscription([page(timers(1, 2)), page(timers(3)), end(4)]);
    const { handle, requests } = subscribed([socket]);
    const events = await all(handle.subscribe());
    expect(events.map(({ eventId, runId, cursor }) => [eventId, runId, cursor])).toEqual([
      [1, RUN_ID, "run-1/2"],
      [2, RUN_ID, "run-1/3"],
      [3, RUN_ID, "run-1/4"],
    ]);
    expect(requests()).toEqual([{ version: 1, fromEventId: 1 }]);
    expect(socket.isClosed).toBe(true);
  });

  test("asks for nothing before it is iterated", () => {
    const { handle, requests } = subscribed([]);
    handle.subscribe();
    expect(requests()).toEqual([]);
  });

  test("goes on from its cursor when the connection is lost", async () => {
    const { handle, requests, delaysMs } = subscribed([
      transportError("killed", { durableObjectReset: true }),
      new ScriptedSubscription([page(timers(1, 2))], lost()),
      new ScriptedSubscription([], lost()),
      new ScriptedSubscription([page(timers(3)), end(4)]),
    ]);
    expect(idsOf(await all(handle.subscribe()))).toEqual([1, 2, 3]);
    expect(requests()).toEqual([
      { version: 1, fromEventId: 1 },
      { version: 1, fromEventId: 1 },
      { version: 1, runId: RUN_ID, fromEventId: 3 },
      { version: 1, runId: RUN_ID, fromEventId: 3 },
    ]);
    expect(delaysMs).toEqual([50, 50, 100]);
  });

  test("gives no event twice, even if it is sent twice", async () => {
    const { handle } = subscribed([
      new ScriptedSubscription([page(timers(1, 2))], lost()),
      new ScriptedSubscription([page(timers(1, 2, 3)), end(4)]),
    ]);
    expect(idsOf(await all(handle.subscribe()))).toEqual([1, 2, 3]);
  });

  test("acknowledges a page when all of it was taken", async () => {
    const socket = new ScriptedSubscription([page(timers(1, 2), { acknowledge: true }), page(timers(3)), end(4)]);
    const events = subscribed([socket]).handle.subscribe();
    await events.next();
    await events.next();
    expect(socket.acknowledged).toEqual([]);
    await events.next();
    expect(socket.acknowledged).toEqual([3]);
    await all(events);
    expect(socket.acknowledged).toEqual([3]);
  });

  test("follows the chain of runs, unless told not to", async () => {
    const sockets = () => [
      new ScriptedSubscription([page(timers(1)), end(2, "run-2")]),
      new ScriptedSubscription([page(timers(1, 2), { runId: "run-2" }), end(3, undefined, "run-2")]),
    ];
    const { handle, requests } = subscribed(sockets());
    const events = await all(handle.subscribe());
    expect(events.map(({ cursor }) => cursor)).toEqual(["run-1/2", "run-2/2", "run-2/3"]);
    expect(requests()[1]).toEqual({ version: 1, runId: "run-2", fromEventId: 1 });
    expect(idsOf(await all(subscribed(sockets()).handle.subscribe({ followRuns: false })))).toEqual([1]);
  });

  test("begins at an event, or where a cursor says", async () => {
    const { handle, requests } = subscribed([new ScriptedSubscription([end(8)]), new ScriptedSubscription([end(8)])]);
    await all(handle.subscribe({ fromEventId: 7 }));
    await all(handle.subscribe({ cursor: "run-0/5" }));
    expect(requests()).toEqual([
      { version: 1, fromEventId: 7 },
      { version: 1, runId: "run-0", fromEventId: 5 },
    ]);
  });

  test.each([
    { fromEventId: 0 },
    { fromEventId: 1.5 },
    { cursor: "" },
    { cursor: "run-1" },
    { cursor: "run-1/0" },
    { cursor: "run-1/2", fromEventId: 2 },
  ])("refuses %o", (options) => {
    const { handle } = subscribed([]);
    expect(() => handle.subscribe(options)).toThrow(expect.objectContaining({ name: "ValueError" }));
  });

  test("rejects with what the service says, and with ServiceError when there is none", async () => {
    const unknown = new ScriptedSubscription([rejected("WorkflowNotFound", "no such workflow")]);
    await expect(all(subscribed([unknown]).handle.subscribe())).rejects.toMatchObject({
      name: "WorkflowNotFoundError",
    });
    expect(unknown.isClosed).toBe(true);
    const { handle, requests } = subscribed([new Error("Network connection lost.")]);
    await expect(all(handle.subscribe())).rejects.toMatchObject({ name: "ServiceError" });
    expect(requests()).toHaveLength(8);
    const odd = new ScriptedSubscription([], new Error("The service sent events as something other than text."));
    await expect(all(subscribed([odd]).handle.subscribe())).rejects.toMatchObject({ name: "ServiceError" });
  });
});

describe("leaving a subscription", () => {
  test("closes the connection, whether an event was just taken or is waited for", async () => {
    const taken = new ScriptedSubscription([page(timers(1, 2))]);
    for await (const { eventId } of subscribed([taken]).handle.subscribe()) if (eventId === 1) break;
    expect(taken.isClosed).toBe(true);

    const awaited = new ScriptedSubscription([]);
    const events = subscribed([awaited]).handle.subscribe();
    const next = events.next();
    await Promise.resolve();
    await events.return();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(awaited.isClosed).toBe(true);
  });

  test("by a signal rejects with its reason", async () => {
    const socket = new ScriptedSubscription([page(timers(1))]);
    const abort = new AbortController();
    const events = subscribed([socket]).handle.subscribe({ signal: abort.signal });
    await events.next();
    const next = events.next();
    abort.abort(new Error("enough"));
    await expect(next).rejects.toThrow("enough");
    expect(socket.isClosed).toBe(true);
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });
});

describe("payloads of events", () => {
  const activity = { kind: "activity-result", runId: RUN_ID, activityId: "a-1" } as const;

  async function completedActivity(eventId: number, scheduledEventId: number): Promise<HistoryEvent> {
    const result = await encodeValues(encoding, activity, ["paid"]);
    return event(eventId, "ActivityTaskCompleted", { scheduledEventId, startedEventId: 6, result });
  }

  const scheduled = (eventId: number): HistoryEvent => {
    const sample = EVENT_SAMPLES.find(({ eventType }) => eventType === "ActivityTaskScheduled");
    if (sample?.eventType !== "ActivityTaskScheduled") throw new Error("there is a sample of every event");
    const { input: _, header: __, ...attributes } = sample.attributes;
    return {
      eventId,
      eventTimeMs: 1,
      eventType: "ActivityTaskScheduled",
      attributes: { ...attributes, activityId: "a-1" },
    };
  };

  const resultOf = (found: LiveEvent | undefined): string | undefined =>
    found?.eventType === "ActivityTaskCompleted" ? atob(found.attributes.result?.payloads[0]?.data ?? "") : undefined;

  test("are decoded, those of an activity by what an earlier page said of it", async () => {
    const { handle, service } = subscribed([
      new ScriptedSubscription([page([scheduled(5)]), page([await completedActivity(6, 5)]), end(7)]),
    ]);
    expect(resultOf((await all(handle.subscribe()))[1])).toBe('"paid"');
    expect(service.requests("history")).toEqual([]);
  });

  test("of an activity that was scheduled before the first event wanted are decoded too", async () => {
    const { handle, service } = subscribed(
      [new ScriptedSubscription([page([await completedActivity(8, 5), await completedActivity(9, 6)]), end(10)])],
      { history: [accepted({ runId: RUN_ID, events: [scheduled(5), scheduled(6)] })] },
    );
    const events = await all(handle.subscribe({ fromEventId: 8 }));
    expect(events.map(resultOf)).toEqual(['"paid"', '"paid"']);
    expect(service.requests("history")).toMatchObject([{ runId: RUN_ID, fromEventId: 5 }]);
  });
});

describe("the example of docs/concepts/live-events.md", () => {
  test("is the one in the page", () => {
    expect(codeBlocks("docs/concepts/live-events.md")).toContain(published("test/client/examples/event-route.ts"));
  });
});
