/** Subscribers on scripted sockets: whatever happens, each has every event once, in order, and then the end. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { stateFromEvents } from "../../src/core/apply.ts";
import { evolve } from "../../src/core/evolve.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { EventsMessage } from "../../src/core/live-events.ts";
import type { WorkflowOutcome } from "../../src/core/protocol.ts";
import { type Reply, accepted, rejected } from "../../src/core/rejection.ts";
import { EventStream, type StreamSocket } from "../../src/durable-objects/event-stream.ts";
import type { LoadedRun } from "../../src/durable-objects/run-store.ts";
import { EVENT_SAMPLES } from "../core/event-samples.ts";
import { given, started } from "../core/given.ts";

const WINDOW = 3_000;

class ScriptedSocket implements StreamSocket {
  readonly texts: string[] = [];
  isOpen = true;
  acknowledged = 0;
  #attachment: unknown;

  send(text: string): void {
    if (!this.isOpen) throw new TypeError("the socket is closed");
    this.texts.push(text);
  }

  close(): void {
    this.isOpen = false;
  }

  serializeAttachment(value: unknown): void {
    const text = JSON.stringify(value);
    expect(text.length).toBeLessThan(2_048);
    this.#attachment = JSON.parse(text);
  }

  deserializeAttachment(): unknown {
    return this.#attachment ?? null;
  }

  get messages(): Reply<EventsMessage>[] {
    return this.texts.map((text) => JSON.parse(text) as Reply<EventsMessage>);
  }

  get eventIds(): number[] {
    return this.messages.flatMap((reply) =>
      reply.ok && reply.value.kind === "events" ? reply.value.events.map(({ eventId }) => eventId) : [],
    );
  }
}

/** One object: its history, its sockets, and a stream that can be loaded anew. */
class World {
  readonly run: LoadedRun;
  readonly events: HistoryEvent[];
  readonly #sockets: { readonly socket: ScriptedSocket; readonly tags: readonly string[] }[] = [];
  reads = 0;
  stream: EventStream;
  outcome: WorkflowOutcome;
  isForgotten = false;

  constructor(windowCharacters = WINDOW) {
    const scenario = given(started());
    this.events = [...scenario.events];
    this.run = { number: 1, state: stateFromEvents(scenario.run.identity, this.events) };
    this.outcome = { kind: "pending", runId: this.runId };
    this.#windowCharacters = windowCharacters;
    this.stream = this.#newStream();
  }

  readonly #windowCharacters: number;

  get runId(): string {
    return this.run.state.identity.runId;
  }

  /** Commits signals; `characters` is roughly how long each event is. */
  commit(count: number, characters = 100): void {
    for (let index = 0; index < count; index += 1) this.#append(`signal of ${"x".repeat(characters)}`);
    this.stream.committed(this.run);
  }

  /** The last commit of the run. */
  end(): void {
    this.#append("last");
    this.outcome = {
      kind: "continuedAsNew",
      runId: this.runId,
      originalExecutionRunId: this.runId,
      newExecutionRunId: "run-next",
    };
    this.stream.committed(this.run);
  }

  #append(signalName: string): void {
    const sample = EVENT_SAMPLES.find((event) => event.eventType === "WorkflowExecutionSignaled");
    if (sample?.eventType !== "WorkflowExecutionSignaled") throw new Error("there is a sample of every event");
    const attributes = { ...sample.attributes, signalName, requestId: `request ${this.events.length}` };
    const event: HistoryEvent = { ...sample, eventId: this.run.state.nextEventId, attributes };
    this.events.push(event);
    evolve(this.run.state, event);
  }

  subscribe(fromEventId = 1): ScriptedSocket {
    const socket = new ScriptedSocket();
    this.stream.follow(socket, this.run, fromEventId);
    return socket;
  }

  awaitEnd(): ScriptedSocket {
    const socket = new ScriptedSocket();
    this.stream.awaitEnd(socket, this.run);
    return socket;
  }

  acknowledge(socket: ScriptedSocket): void {
    const last = socket.messages.at(-1);
    if (
      !last?.ok ||
      last.value.kind !== "events" ||
      !last.value.acknowledge ||
      socket.acknowledged === last.value.nextEventId
    )
      return;
    socket.acknowledged = last.value.nextEventId;
    this.stream.received(socket, JSON.stringify({ acknowledged: socket.acknowledged }));
  }

  /** Another object takes over the sockets, as after an eviction. */
  reload(): void {
    this.stream = this.#newStream();
    this.stream.loaded();
  }

  #newStream(): EventStream {
    return new EventStream({
      windowCharacters: this.#windowCharacters,
      sockets: {
        acceptWebSocket: (socket, tags) => void this.#sockets.push({ socket: socket as ScriptedSocket, tags }),
        getWebSockets: (tag) =>
          this.#sockets.filter(({ socket, tags }) => socket.isOpen && tags.includes(tag)).map(({ socket }) => socket),
      },
      selected: ({ runId }) =>
        runId === this.runId && !this.isForgotten ? accepted(this.run) : rejected("WorkflowNotFound", "no such run"),
      outcomeOf: () => this.outcome,
      readEvents: (_run, fromEventId, maxCharacters) => {
        this.reads += 1;
        let characters = 0;
        return this.events.filter((event) => {
          if (event.eventId < fromEventId || characters > maxCharacters) return false;
          characters += JSON.stringify(event).length;
          return true;
        });
      },
    });
  }
}

const allOf = (world: World): number[] => world.events.map(({ eventId }) => eventId);

describe("a subscriber of events", () => {
  test("is sent what is there, then each commit, then the end, and is let go", () => {
    const world = new World();
    const socket = world.subscribe();
    const before = world.events.length;
    expect(socket.messages).toEqual([
      accepted({
        kind: "events",
        runId: world.runId,
        originalExecutionRunId: world.run.state.start.originalExecutionRunId,
        nextEventId: before + 1,
        events: world.events,
      }),
    ]);
    world.commit(2, 10);
    expect(socket.messages).toHaveLength(2);
    world.end();
    expect(socket.messages.at(-1)).toEqual(
      accepted({
        kind: "end",
        runId: world.runId,
        nextEventId: before + 4,
        outcome: "continuedAsNew",
        newExecutionRunId: "run-next",
      }),
    );
    expect(socket.eventIds).toEqual(allOf(world));
    expect(socket.isOpen).toBe(false);
  });

  test("is sent nothing before there is something to send", () => {
    const world = new World();
    const socket = world.subscribe(world.run.state.nextEventId);
    expect(socket.messages).toEqual([]);
    world.commit(1);
    expect(socket.eventIds).toEqual([world.events.length]);
  });

  test("of a run that has ended is sent the rest and the end", () => {
    const world = new World();
    world.end();
    const last = world.events.length;
    expect(world.subscribe(last).messages).toMatchObject([
      { value: { kind: "events", nextEventId: last + 1 } },
      { value: { kind: "end" } },
    ]);
    expect(world.subscribe(last + 1).messages).toMatchObject([{ value: { kind: "end", nextEventId: last + 1 } }]);
  });

  test("that asks for events which cannot be there yet is told so", () => {
    const world = new World();
    const socket = world.subscribe(world.run.state.nextEventId + 1);
    expect(socket.messages).toMatchObject([{ ok: false, rejection: { code: "InvalidArgument" } }]);
    expect(socket.isOpen).toBe(false);
  });

  test("gets a long history page by page, the next when it has acknowledged the last", () => {
    const world = new World();
    world.commit(50, 200);
    const socket = world.subscribe();
    const held = socket.texts.length;
    expect(held).toBe(1);
    world.commit(5, 200);
    expect(socket.texts).toHaveLength(held);
    for (let turn = 0; turn < 100; turn += 1) world.acknowledge(socket);
    expect(socket.eventIds).toEqual(allOf(world));
    for (const text of socket.texts) expect(text.length).toBeLessThan(WINDOW + 300);
    const asked = socket.messages.map((reply) => reply.ok && "acknowledge" in reply.value);
    expect(asked.slice(0, -1).every(Boolean)).toBe(true);
    expect(asked.at(-1)).toBe(false);
  });

  test("that is slow with what is new is waited for as well, and nothing is read for it meanwhile", () => {
    const world = new World();
    const socket = world.subscribe();
    for (let commit = 0; commit < 100; commit += 1) world.commit(1, 100);
    const characters = socket.texts.reduce((sum, text) => sum + text.length, 0);
    expect(characters).toBeLessThan(4 * WINDOW);
    const { reads } = world;
    world.commit(100);
    expect(world.reads).toBe(reads);
    world.end();
    expect(socket.isOpen).toBe(true);
    for (let turn = 0; turn < 200; turn += 1) world.acknowledge(socket);
    expect(socket.eventIds).toEqual(allOf(world));
    expect(socket.isOpen).toBe(false);
  });

  test("an event longer than a page is a message of its own", () => {
    const world = new World();
    world.commit(1, 5 * WINDOW);
    world.commit(1, 10);
    const socket = world.subscribe();
    for (let turn = 0; turn < 5; turn += 1) world.acknowledge(socket);
    expect(socket.eventIds).toEqual(allOf(world));
  });

  test.each([
    ["nonsense", "nonsense"],
    ["another event", JSON.stringify({ acknowledged: 1 })],
    ["no number", JSON.stringify({ acknowledged: "2" })],
    ["nothing", "null"],
  ])("that acknowledges %s is told so and let go", (_what, text) => {
    const world = new World();
    world.commit(50, 200);
    const socket = world.subscribe();
    world.stream.received(socket, text);
    expect(socket.messages.at(-1)).toMatchObject({ ok: false, rejection: { code: "InvalidArgument" } });
    expect(socket.isOpen).toBe(false);
  });

  test("that acknowledges in bytes, or what nobody asked it to, is told so", () => {
    const world = new World();
    for (const message of [new ArrayBuffer(4), JSON.stringify({ acknowledged: world.run.state.nextEventId })]) {
      const socket = world.subscribe();
      world.stream.received(socket, message);
      expect(socket.messages.at(-1)).toMatchObject({ ok: false, rejection: { code: "InvalidArgument" } });
    }
  });

  test("of a run that is gone meanwhile is told so", () => {
    const world = new World();
    world.commit(50, 200);
    const socket = world.subscribe();
    world.isForgotten = true;
    world.acknowledge(socket);
    expect(socket.messages.at(-1)).toMatchObject({ ok: false, rejection: { code: "WorkflowNotFound" } });
    expect(socket.isOpen).toBe(false);
  });

  test("that has gone away hinders nobody", () => {
    const world = new World();
    const [gone, stays] = [world.subscribe(), world.subscribe()];
    gone.send = () => {
      throw new TypeError("the socket is closed");
    };
    world.commit(1);
    world.end();
    expect(stays.eventIds).toEqual(allOf(world));
  });

  test("sockets of others that speak are left alone", () => {
    const world = new World();
    const other = new ScriptedSocket();
    other.serializeAttachment({ runId: world.runId, updateId: "u-1" });
    world.stream.received(other, "hello");
    expect(other.texts).toEqual([]);
    expect(other.isOpen).toBe(true);
  });
});

describe("an object that is loaded anew", () => {
  test("sends what was committed and not sent, once", () => {
    const world = new World();
    const socket = world.subscribe();
    world.reload();
    expect(socket.eventIds).toEqual(allOf(world));
    // The commit is made, and the object gone before it told anybody.
    world.stream.committed = () => undefined;
    world.commit(2);
    expect(socket.eventIds).not.toEqual(allOf(world));
    world.reload();
    expect(socket.eventIds).toEqual(allOf(world));
  });

  test("still waits for those who have not acknowledged", () => {
    const world = new World();
    world.commit(50, 200);
    const socket = world.subscribe();
    world.reload();
    expect(socket.texts).toHaveLength(1);
    for (let turn = 0; turn < 100; turn += 1) world.acknowledge(socket);
    expect(socket.eventIds).toEqual(allOf(world));
  });
});

describe("those who wait for the end alone", () => {
  test("are told it once, however often the object was loaded, and nothing before", () => {
    const world = new World();
    const sockets = Array.from({ length: 3 }, () => world.awaitEnd());
    world.commit(5);
    world.reload();
    for (const socket of sockets) expect(socket.texts).toEqual([]);
    const { reads } = world;
    world.end();
    expect(world.reads).toBe(reads);
    for (const socket of [...sockets, world.awaitEnd()]) {
      expect(socket.messages).toEqual([accepted(world.outcome)]);
      expect(socket.isOpen).toBe(false);
    }
  });
});

describe("whatever happens", () => {
  type Step = (world: World, client: Client) => void;

  /** A subscriber that loses its connection and goes on from its cursor. */
  class Client {
    socket: ScriptedSocket;
    readonly seen: number[] = [];
    hasEnded = false;
    #taken = 0;
    #next = 1;
    readonly #world: World;

    constructor(world: World) {
      this.#world = world;
      this.socket = world.subscribe();
    }

    take(): void {
      for (const reply of this.socket.messages.slice(this.#taken)) {
        this.#taken += 1;
        if (!reply.ok) throw new Error(reply.rejection.message);
        this.#next = reply.value.nextEventId;
        if (reply.value.kind === "end") this.hasEnded = true;
        else this.seen.push(...reply.value.events.map(({ eventId }) => eventId));
      }
    }

    lose(): void {
      this.socket.close();
      this.socket = this.#world.subscribe(this.#next);
      this.#taken = 0;
    }
  }

  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 600 })).map(
      ([count, characters]): Step =>
        (world) =>
          world.commit(count, characters),
    ),
    fc.constant<Step>((world) => world.reload()),
    fc.constant<Step>((_world, client) => client.lose()),
    fc.constant<Step>((_world, client) => client.take()),
    fc.constant<Step>((world, client) => world.acknowledge(client.socket)),
  );

  test("every event comes once, in order, and then the end", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const world = new World();
        const client = new Client(world);
        for (const take of steps) take(world, client);
        world.end();
        for (let turn = 0; turn < 500 && !client.hasEnded; turn += 1) {
          client.take();
          world.acknowledge(client.socket);
        }
        client.take();
        expect(client.seen).toEqual(allOf(world));
        expect(client.hasEnded).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
