// The courier by itself: the order of deliveries, how many at once, and what happens to those that fail or get no answer.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Command } from "../../src/core/command.ts";
import type { Reply } from "../../src/core/rejection.ts";
import { OutboxCourier } from "../../src/durable-objects/outbox-courier.ts";
import type { LoadedRun } from "../../src/durable-objects/run-store.ts";
import type { ExecutionStub } from "../../src/durable-objects/service-env.ts";
import { type Scenario, given, started, taskCompleted, terminated } from "../core/given.ts";
import * as make from "../core/requests.ts";

interface Call {
  readonly what: string;
  readonly answer: (reply: Reply<{ readonly runId: string; readonly firstExecutionRunId: string }>) => void;
  readonly fail: (error: Error) => void;
}

/** A courier over one run, and every call that it has made. */
class Desk {
  readonly calls: Call[] = [];
  readonly scenario: Scenario;
  readonly redeliveries: number[] = [];
  settled = 0;
  readonly courier: OutboxCourier;

  /** `earlier` are runs under the same workflow id that are not through with their deliveries. */
  constructor(scenario: Scenario, earlier: readonly LoadedRun[] = []) {
    this.scenario = scenario;
    const run: LoadedRun = { number: earlier.length + 1, state: scenario.run };
    this.courier = new OutboxCourier({
      turn: {
        get unsettled() {
          return run.state.outboxSettled ? earlier : [...earlier, run];
        },
        committed: undefined,
        redeliverAt: (_, atMs) => void this.redeliveries.push(atMs),
        settleOutbox: () => {
          this.settled += 1;
          scenario.take("settleOutbox", {});
        },
        take: (kind, request) => {
          const decision = scenario.take(kind, request);
          return decision.ok ? { ok: true, value: decision.value } : decision;
        },
      },
      readEvent: (_, eventId) => scenario.events[eventId - 1],
      target: (_namespace, workflowId) => this.#stub(workflowId),
      keepAlive: () => undefined,
    });
  }

  /** What is under way or was, in order. */
  get made(): readonly string[] {
    return this.calls.map((call) => call.what);
  }

  /** Answers a call that was made, and lets the courier go on. */
  async answer(index: number): Promise<void> {
    this.calls[index]?.answer({ ok: true, value: { runId: "r", firstExecutionRunId: "r" } });
    await vi.advanceTimersByTimeAsync(0);
  }

  async fail(index: number): Promise<void> {
    this.calls[index]?.fail(new Error("lost by a test"));
    await vi.advanceTimersByTimeAsync(0);
  }

  #stub(workflowId: string): ExecutionStub {
    const call =
      (method: string) =>
      async <T>(): Promise<T> => {
        const { promise, resolve, reject } = Promise.withResolvers<T>();
        this.calls.push({ what: `${method} ${workflowId}`, answer: (reply) => resolve(reply as T), fail: reject });
        return await promise;
      };
    return {
      start: call("start"),
      signal: call("signal"),
      requestCancel: call("requestCancel"),
      terminate: call("terminate"),
      childClosed: call("childClosed"),
      keepsHistory: call("keepsHistory"),
    };
  }
}

function desk(...commands: readonly Command[]): Desk {
  return new Desk(given(started(), taskCompleted(...commands)));
}

beforeEach(() => {
  vi.useFakeTimers({ now: make.START_MS });
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("the courier", () => {
  it("delivers to one target in order and to several at once", async () => {
    const all = desk(make.startChild("a"), make.signalExternal("a"), make.startChild("b"));
    all.courier.deliver();
    all.courier.deliver();
    expect(all.made).toEqual(["start a", "start b"]);
    await all.answer(0);
    expect(all.made).toEqual(["start a", "start b", "signal a"]);
    expect(all.scenario.run.children[5]?.runId).toBe("r");
  });

  it("has no more than 32 under way", async () => {
    const all = desk(...Array.from({ length: 40 }, (_, index) => make.startChild(`c${index}`)));
    all.courier.deliver();
    expect(all.made).toHaveLength(32);
    await all.answer(0);
    await all.answer(1);
    expect(all.made).toHaveLength(34);
  });

  it("tries again what has failed, later each time, and asks for the alarm", async () => {
    const one = desk(make.startChild("a"), make.signalExternal("a"));
    one.courier.deliver();
    await one.fail(0);
    expect(one.redeliveries.at(-1)).toBe(make.START_MS + 1_000);
    one.courier.deliver();
    expect(one.made).toEqual(["start a"]);
    await vi.advanceTimersByTimeAsync(1_000);
    one.courier.deliver();
    expect(one.made).toEqual(["start a", "start a"]);
    await one.fail(1);
    expect(one.redeliveries.at(-1)).toBe(make.START_MS + 3_000);
    await vi.advanceTimersByTimeAsync(2_000);
    one.courier.deliver();
    await one.answer(2);
    expect(one.made).toEqual(["start a", "start a", "start a", "signal a"]);
  });

  it("gives up waiting for an answer after half a minute, and tries again", async () => {
    const one = desk(make.startChild("a"));
    one.courier.deliver();
    await vi.advanceTimersByTimeAsync(29_999);
    one.courier.deliver();
    expect(one.made).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_001);
    one.courier.deliver();
    expect(one.made).toHaveLength(2);
    // The answer that comes after all is nobody's.
    await one.answer(0);
    expect(one.scenario.run.children[5]?.startedEventId).toBeUndefined();
    await one.answer(1);
    expect(one.scenario.run.children[5]?.startedEventId).toBe(6);
  });

  it("notes that a closed run is through when everything has arrived", async () => {
    const policies = ["TERMINATE", "REQUEST_CANCEL", "ABANDON"] as const;
    const commands = policies.map((parentClosePolicy) => make.startChild(parentClosePolicy, { parentClosePolicy }));
    const all = new Desk(given(started(), taskCompleted(...commands), terminated()));
    all.courier.deliver();
    expect(all.made).toEqual(["start ABANDON", "terminate TERMINATE", "requestCancel REQUEST_CANCEL"]);
    await all.answer(0);
    await all.answer(1);
    expect(all.settled).toBe(0);
    await all.answer(2);
    expect(all.settled).toBe(1);
    expect(all.scenario.run.outboxSettled).toBe(true);
    all.courier.deliver();
    expect(all.made).toHaveLength(3);
  });

  it("lets no run overtake one before it on the way to the same target", async () => {
    const first = given(started(), taskCompleted(make.signalExternal("x"), make.COMPLETE));
    const second = given(started(), taskCompleted(make.signalExternal("x")));
    const both = new Desk(second, [{ number: 1, state: first.run }]);
    both.courier.deliver();
    await both.fail(0);
    both.courier.deliver();
    expect(both.made).toEqual(["signal x"]);
  });

  it("tells a child whose start is under way when its parent closes only after that start", async () => {
    const one = desk(make.startChild("a"));
    one.courier.deliver();
    one.scenario.take("terminate", { version: 1 });
    one.courier.deliver();
    expect(one.made).toEqual(["start a"]);
    await one.answer(0);
    expect(one.made).toEqual(["start a", "terminate a"]);
    await one.answer(1);
    expect(one.settled).toBe(1);
  });
});
