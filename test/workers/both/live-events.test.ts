/**
 * Following a run on a WebSocket, on the real runtime: long histories, news, lost connections, objects that sleep and
 * die, and what waiting costs.
 */
import { evictDurableObject } from "cloudflare:test";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";

import type { HistoryEvent } from "../../../src/core/history-event.ts";
import type { EventsMessage } from "../../../src/core/live-events.ts";
import type { Reply } from "../../../src/core/rejection.ts";
import type { LiveEvent, LiveEvents } from "../../../src/sdk/client/index.ts";
import { eventRoute } from "../../client/examples/event-route.ts";
import { addend, addNumber, addsUp, countsDown, finish, inSequence, sums } from "../fixtures/workflows.ts";
import { client, eventTypes, freshId, objectOf, rejectionOf, storedHistory, until } from "./kit.ts";
import { crash } from "./update-kit.ts";

/** Takes events until one satisfies, or all there are. */
async function taken(events: LiveEvents, isLast?: (event: LiveEvent) => boolean): Promise<LiveEvent[]> {
  const all: LiveEvent[] = [];
  for (let next = await events.next(); !next.done; next = await events.next()) {
    all.push(next.value);
    if (isLast?.(next.value)) break;
  }
  return all;
}

const idsOf = (events: readonly Pick<HistoryEvent, "eventId">[]): number[] => events.map(({ eventId }) => eventId);

/** Ids from one on, without a gap. */
const upTo = (last: number, from = 1): number[] => Array.from({ length: last - from + 1 }, (_, index) => from + index);

/** Starts a workflow that waits for signals, and waits until it does. */
async function waiting(what: string) {
  const workflowId = freshId(what);
  const handle = await client.workflow.start(sums, { workflowId });
  await until(
    () => eventTypes(workflowId),
    (types) => types.includes("WorkflowTaskCompleted"),
  );
  return { workflowId, handle };
}

/** A socket of the service itself, as any client would open it. */
async function socketOf(workflowId: string, query: string) {
  const response = await objectOf(workflowId).fetch(`https://holdfast/watch?${query}`, {
    headers: { Upgrade: "websocket" },
  });
  const { webSocket } = response;
  if (!webSocket) throw new Error(`no WebSocket: ${response.status} ${await response.text()}`);
  const texts: string[] = [];
  let isClosed = false;
  webSocket.addEventListener("message", ({ data }) => void texts.push(String(data)));
  webSocket.addEventListener("close", () => {
    isClosed = true;
  });
  webSocket.accept();
  return {
    webSocket,
    texts,
    runId: response.headers.get("Holdfast-Run-Id"),
    messages: (): Reply<EventsMessage>[] => texts.map((text) => JSON.parse(text) as Reply<EventsMessage>),
    isClosed: () => isClosed,
    /** Acknowledges the last message if it asks for that. */
    acknowledge(): boolean {
      const last = this.messages().at(-1);
      if (!last?.ok || last.value.kind !== "events" || !last.value.acknowledge) return false;
      webSocket.send(JSON.stringify({ acknowledged: last.value.nextEventId }));
      return true;
    },
  };
}

function eventsQuery(request: object): string {
  return `events=${encodeURIComponent(JSON.stringify({ version: 1, ...request }))}`;
}

const isClosing = (event: LiveEvent): boolean => event.eventType === "WorkflowExecutionCompleted";

describe("a subscription", () => {
  it("gives the events that are there, then each as it happens, decoded, and ends with the run", async () => {
    const { workflowId, handle } = await waiting("live");
    const subscription = handle.subscribe();
    const past = await taken(subscription, (event) => event.eventType === "WorkflowTaskCompleted");
    expect(idsOf(past)).toEqual(upTo(past.length));
    const news = taken(subscription);
    await handle.signal(addNumber, 41);
    await handle.signal(finish);
    const events = [...past, ...(await news)];
    const stored = await storedHistory(workflowId);
    expect(events.map(({ eventType }) => eventType)).toEqual(stored.map(({ eventType }) => eventType));
    expect(idsOf(events)).toEqual(idsOf(stored));
    expect(new Set(events.map(({ runId }) => runId))).toEqual(new Set([handle.firstExecutionRunId]));
    const signal = events.find((event) => event.eventType === "WorkflowExecutionSignaled");
    if (signal?.eventType !== "WorkflowExecutionSignaled") throw new Error("the signal is an event");
    expect(atob(signal.attributes.input?.payloads[0]?.data ?? "")).toBe("41");
    const last = events.at(-1);
    if (last?.eventType !== "WorkflowExecutionCompleted") throw new Error("the end is the last event");
    expect(atob(last.attributes.result?.payloads[0]?.data ?? "")).toBe("41");
  });

  it("goes on in the middle, from a cursor or an event, activities that began before included", async () => {
    const workflowId = freshId("resumed");
    const handle = await client.workflow.start(inSequence, { workflowId, args: [3] });
    await handle.result();
    const all = await taken(handle.subscribe());
    expect(idsOf(all)).toEqual(idsOf(await storedHistory(workflowId)));
    for (const event of all) {
      const rest = all.slice(event.eventId);
      expect(await taken(handle.subscribe({ cursor: event.cursor }))).toEqual(rest);
      expect(await taken(handle.subscribe({ fromEventId: event.eventId + 1 }))).toEqual(rest);
    }
    const error = await rejectionOf(taken(handle.subscribe({ fromEventId: all.length + 2 })));
    expect(error).toMatchObject({ name: "ValueError" });
  });

  it("follows the runs of a chain", async () => {
    const workflowId = freshId("chain");
    const handle = await client.workflow.start(countsDown, { workflowId, args: [3] });
    const events = await taken(handle.subscribe());
    const runIds = await handle.result();
    expect([...new Set(events.map(({ runId }) => runId))]).toEqual(runIds);
    for (const runId of runIds) {
      const ofRun = events.filter((event) => event.runId === runId);
      expect(idsOf(ofRun)).toEqual(upTo(ofRun.length));
    }
    const secondRun = events.filter(({ runId }) => runId === runIds[1]);
    const [cursor, from] = [events.find(({ runId }) => runId === runIds[1])?.cursor, secondRun[1]];
    const rest = await taken(handle.subscribe({ cursor }));
    expect(rest).toEqual(events.slice(events.findIndex((event) => event === from)));
    const alone = await taken(handle.subscribe({ cursor, followRuns: false }));
    expect(alone).toEqual(secondRun.slice(1));
  });

  it("follows a run that goes on while it is watched", async () => {
    const workflowId = freshId("chain-live");
    const handle = await client.workflow.start(addsUp, { workflowId, args: [12] });
    const events = taken(handle.subscribe());
    for (let value = 1; value <= 12; value += 1) await handle.signal(addend, value);
    expect(await handle.result()).toBe(78);
    const signals = (await events).filter((event) => event.eventType === "WorkflowExecutionSignaled");
    expect(signals).toHaveLength(12);
    expect(new Set((await events).map(({ runId }) => runId)).size).toBeGreaterThan(2);
  });

  it("is the same for two at once, one of whom leaves early", async () => {
    const { handle } = await waiting("two");
    const [stays, leaves] = [handle.subscribe(), handle.subscribe()];
    const all = taken(stays);
    await taken(leaves, ({ eventId }) => eventId === 2);
    expect(await leaves.return()).toEqual({ done: true, value: undefined });
    expect(await leaves.next()).toEqual({ done: true, value: undefined });
    await handle.signal(finish);
    const events = await all;
    expect(idsOf(events)).toEqual(upTo(events.length));
    expect(events.at(-1)?.eventType).toBe("WorkflowExecutionCompleted");
  });

  it("ends at once when it is returned or aborted while nothing happens", async () => {
    const { handle, workflowId } = await waiting("returned");
    const subscription = handle.subscribe({ fromEventId: (await storedHistory(workflowId)).length + 1 });
    const next = subscription.next();
    await scheduler.wait(20);
    await subscription.return();
    expect(await next).toEqual({ done: true, value: undefined });

    const abort = new AbortController();
    const aborted = taken(handle.subscribe({ signal: abort.signal }));
    await scheduler.wait(20);
    abort.abort(new Error("enough"));
    expect(await rejectionOf(aborted)).toMatchObject({ message: "enough" });
    expect(await rejectionOf(taken(handle.subscribe({ signal: abort.signal })))).toMatchObject({ message: "enough" });
    await handle.terminate();
  });

  it("of a workflow that is not there rejects", async () => {
    const error = await rejectionOf(taken(client.workflow.getHandle(freshId("nobody")).subscribe()));
    expect(error).toMatchObject({ name: "WorkflowNotFoundError" });
  });
});

describe("a subscription and an object that dies or sleeps", () => {
  it("goes on after an eviction that keeps the sockets, and after one that closes them", async () => {
    const { workflowId, handle } = await waiting("evicted");
    const events = taken(handle.subscribe());
    for (const webSockets of ["hibernate", "close", "hibernate"] as const) {
      await scheduler.wait(20);
      await evictDurableObject(objectOf(workflowId), { webSockets });
      await handle.signal(addNumber, 1);
    }
    await handle.signal(finish);
    expect(idsOf(await events)).toEqual(idsOf(await storedHistory(workflowId)));
  });

  it("goes on after crashes", async () => {
    const { workflowId, handle } = await waiting("crashed");
    const events = taken(handle.subscribe());
    for (let turn = 0; turn < 3; turn += 1) {
      await handle.signal(addNumber, 1);
      await crash(workflowId);
    }
    await handle.signal(finish);
    expect(idsOf(await events)).toEqual(idsOf(await storedHistory(workflowId)));
  });

  it.each(["after", "before"])(
    "has what was committed and nothing else when it dies right %s a commit",
    async (when) => {
      for (const commit of [2, 3, 4]) {
        const workflowId = freshId(`crash-${when}-commit-${commit}-`);
        const handle = await client.workflow.start(sums, { workflowId });
        const events = taken(handle.subscribe(), isClosing);
        await handle.signal(addNumber, 5);
        await handle.signal(finish);
        expect(await handle.result()).toBe(5);
        expect(idsOf(await events)).toEqual(idsOf(await storedHistory(workflowId)));
      }
    },
  );
});

describe("a long history", () => {
  const LONG = "x".repeat(300_000);

  async function longHistory(what: string) {
    const { workflowId, handle } = await waiting(what);
    for (let count = 0; count < 12; count += 1) await handle.signal("noise", LONG);
    await handle.signal(finish);
    await handle.result();
    return { workflowId, handle, stored: await storedHistoryPages(workflowId) };
  }

  async function storedHistoryPages(workflowId: string): Promise<number> {
    const reply = await objectOf(workflowId).describe({ version: 1 });
    if (!reply.ok) throw new Error(reply.rejection.message);
    return reply.value.historyLength;
  }

  it("comes whole", async () => {
    const { handle, stored } = await longHistory("long");
    expect(idsOf(await taken(handle.subscribe()))).toEqual(upTo(stored));
  });

  it("comes page by page, and no faster than its reader reads, evictions or not", async () => {
    const { workflowId, stored } = await longHistory("slow");
    const socket = await socketOf(workflowId, eventsQuery({}));
    let pages = 1;
    for (;;) {
      await until(
        async () => socket.texts.length,
        (count) => count >= pages,
      );
      await scheduler.wait(20);
      const before = socket.texts.length;
      if (!socket.acknowledge()) break;
      expect(before).toBe(pages);
      if (pages === 2) await evictDurableObject(objectOf(workflowId));
      pages += 1;
    }
    expect(pages).toBeGreaterThan(4);
    for (const text of socket.texts) expect(text.length).toBeLessThan(1_100_000);
    const ids = socket
      .messages()
      .flatMap((reply) => (reply.ok && reply.value.kind === "events" ? idsOf(reply.value.events) : []));
    expect(ids).toEqual(upTo(stored));
    expect(socket.messages().at(-1)).toMatchObject({
      value: { kind: "end", outcome: "completed", nextEventId: stored + 1 },
    });
    await until(
      async () => socket.isClosed(),
      (isClosed) => isClosed,
    );
  });

  it("that is live is held back for a reader who acknowledges nothing", async () => {
    const { workflowId, handle } = await waiting("held");
    const socket = await socketOf(workflowId, eventsQuery({}));
    for (let count = 0; count < 12; count += 1) await handle.signal("noise", LONG);
    await handle.signal(finish);
    await handle.result();
    await scheduler.wait(50);
    const characters = socket.texts.reduce((sum, text) => sum + text.length, 0);
    expect(characters).toBeLessThan(2_500_000);
    for (let count = socket.texts.length; socket.acknowledge(); count = socket.texts.length)
      await until(
        async () => socket.texts.length,
        (now) => now > count,
      );
    expect(socket.messages().at(-1)).toMatchObject({ value: { kind: "end" } });
  });
});

describe("the socket", () => {
  it.each([
    ["events=nonsense", "InvalidArgument"],
    [eventsQuery({ version: 9 }), "ProtocolVersionUnsupported"],
    [eventsQuery({ fromEventId: 0 }), "InvalidArgument"],
    [eventsQuery({ fromEventId: "1" }), "InvalidArgument"],
    [eventsQuery({ runId: 7 }), "InvalidArgument"],
    [eventsQuery({ fromEventId: 1_000 }), "InvalidArgument"],
    [eventsQuery({ runId: "another" }), "WorkflowNotFound"],
    [eventsQuery({ firstExecutionRunId: "another" }), "WorkflowNotFound"],
  ])("answers %s with %s and closes", async (query, code) => {
    const { workflowId, handle } = await waiting("bad");
    const socket = await socketOf(workflowId, query);
    await until(
      async () => socket.isClosed(),
      (isClosed) => isClosed,
    );
    expect(socket.messages()).toMatchObject([{ ok: false, rejection: { code } }]);
    await handle.terminate();
  });

  it("is kept in use without a wake, and told of the end by an object that slept", async () => {
    const { workflowId, handle } = await waiting("pinged");
    const length = (await storedHistory(workflowId)).length;
    const socket = await socketOf(workflowId, eventsQuery({ fromEventId: length + 1 }));
    expect(socket.runId).toBe(handle.firstExecutionRunId);
    await evictDurableObject(objectOf(workflowId));
    for (let turn = 1; turn <= 5; turn += 1) {
      socket.webSocket.send("ping");
      await until(
        async () => socket.texts.length,
        (count) => count === turn,
      );
    }
    expect(socket.texts).toEqual(Array.from({ length: 5 }, () => "pong"));
    // It was loaded to begin with, and by this question.
    expect(await objectOf(workflowId).invocations()).toMatchObject({ loads: 2, messages: 0 });
    await handle.terminate("enough");
    await until(
      async () => socket.isClosed(),
      (isClosed) => isClosed,
    );
    expect(JSON.parse(socket.texts.at(-1) ?? "")).toMatchObject({ value: { kind: "end", outcome: "terminated" } });
  });
});

describe("waiting for the result", () => {
  it("costs one request for each who waits, and no wake", async () => {
    const { workflowId, handle } = await waiting("hundred");
    const before = await objectOf(workflowId).invocations();
    const results = Promise.all(Array.from({ length: 100 }, () => handle.result()));
    await until(
      async () => (await objectOf(workflowId).invocations()).fetches,
      (fetches) => fetches === before.fetches + 100,
    );
    await evictDurableObject(objectOf(workflowId));
    await scheduler.wait(200);
    await handle.signal(addNumber, 7);
    await handle.signal(finish);
    expect(await results).toEqual(Array.from({ length: 100 }, () => 7));
    const after = await objectOf(workflowId).invocations();
    // One load for the signals that woke it, and none for those who waited.
    expect({ ...after, fetches: after.fetches - before.fetches }).toEqual({
      ...before,
      loads: before.loads + 1,
      fetches: 100,
    });
  });

  it("costs one request when the workflow ends before the object rests", async () => {
    const workflowId = freshId("quick");
    const handle = await client.workflow.start(inSequence, { workflowId, args: [2] });
    expect(await handle.result()).toBe(1);
    expect(await objectOf(workflowId).invocations()).toMatchObject({ fetches: 1, loads: 1 });
  });

  it("costs none to who starts the workflow with execute, when it ends before the object rests", async () => {
    const workflowId = freshId("executed");
    expect(await client.workflow.execute(inSequence, { workflowId, args: [2] })).toBe(1);
    expect(await objectOf(workflowId).invocations()).toMatchObject({ fetches: 0, loads: 1 });
  });

  it("is answered on a socket to those who know no other way", async () => {
    const { workflowId, handle } = await waiting("older");
    const query = `request=${encodeURIComponent(JSON.stringify({ version: 1, wait: true }))}`;
    const early = await socketOf(workflowId, query);
    await evictDurableObject(objectOf(workflowId));
    expect(early.texts).toEqual([]);
    await handle.signal(finish);
    await handle.result();
    const late = await socketOf(workflowId, query);
    for (const socket of [early, late]) {
      await until(
        async () => socket.isClosed(),
        (isClosed) => isClosed,
      );
      expect(socket.messages()).toMatchObject([{ ok: true, value: { kind: "completed" } }]);
    }
  });
});

describe("the example of docs/concepts/live-events.md", () => {
  const app = new Hono()
    .use(async (c, next) => {
      c.set("client" as never, client as never);
      await next();
    })
    .route("/", eventRoute);

  function fields(text: string, name: string): string[] {
    return [...text.matchAll(new RegExp(`^${name}: (.*)$`, "gm"))].map((match) => match[1] ?? "");
  }

  it("streams events to a browser, which goes on where it was", async () => {
    const number = freshId("sse");
    const handle = await client.workflow.start(sums, { workflowId: `transfer-${number}` });
    const response = await app.request(`/transfers/${number}/events`);
    expect(response.headers.get("Content-Type")).toContain("text/event-stream");
    await handle.signal(addNumber, 3);
    await handle.signal(finish);
    const text = await response.text();
    const types = fields(text, "data").flatMap((data) => (data ? [(JSON.parse(data) as HistoryEvent).eventType] : []));
    expect(types).toEqual(await eventTypes(`transfer-${number}`));
    const ids = fields(text, "id");
    const later = await app.request(`/transfers/${number}/events`, { headers: { "Last-Event-ID": ids[2] ?? "" } });
    expect(fields(await later.text(), "id")).toEqual(ids.slice(3));
  });

  it("lets go of the workflow when the browser leaves", async () => {
    const number = freshId("sse-left");
    const handle = await client.workflow.start(sums, { workflowId: `transfer-${number}` });
    const response = await app.request(`/transfers/${number}/events`);
    const reader = response.body?.getReader();
    expect((await reader?.read())?.done).toBe(false);
    await reader?.cancel();
    await handle.signal(finish);
    expect(await handle.result()).toBe(0);
  });
});
