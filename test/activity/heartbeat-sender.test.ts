import { describe, expect, test } from "vitest";

import { type Heartbeat, heartbeatIntervalMs, HeartbeatSender } from "../../src/sdk/activity/heartbeat-sender.ts";
import { ManualTimers, settle } from "./manual-timers.ts";

const beat = (name: string): Heartbeat => ({ details: { payloads: [{ data: name }] } });
const nameOf = ({ details }: Heartbeat): string | undefined => details?.payloads[0]?.data;

function recorded(send?: (heartbeat: Heartbeat) => Promise<void>) {
  const timers = new ManualTimers();
  const sent: { readonly atMs: number; readonly name: string | undefined }[] = [];
  const sender = new HeartbeatSender({
    intervalMs: 1_000,
    timers,
    send: async (heartbeat) => {
      sent.push({ atMs: timers.nowMs, name: nameOf(heartbeat) });
      await send?.(heartbeat);
    },
  });
  return { timers, sent, sender };
}

describe("the interval between heartbeats", () => {
  test.each([
    [0, 30_000],
    [10_000, 8_000],
    [60_000, 48_000],
    [75_000, 60_000],
    [3_600_000, 60_000],
  ])("of a heartbeat timeout of %d ms is %d ms", (timeoutMs, intervalMs) => {
    expect(heartbeatIntervalMs(timeoutMs)).toBe(intervalMs);
  });

  test("is bounded, and given where there is no timeout, as the worker says", () => {
    const throttle = { maximumMs: 5_000, defaultMs: 2_000 };
    expect([0, 1_000, 60_000].map((timeoutMs) => heartbeatIntervalMs(timeoutMs, throttle))).toEqual([
      2_000, 800, 5_000,
    ]);
    expect(heartbeatIntervalMs(0, { maximumMs: 5_000 })).toBe(5_000);
  });
});

describe("HeartbeatSender", () => {
  test("sends the first at once, and of those within the interval the last one when it is over", async () => {
    const { timers, sent, sender } = recorded();
    for (const name of ["1", "2", "3", "4"]) sender.record(beat(name));
    await timers.advance(999);
    expect(sent).toEqual([{ atMs: 0, name: "1" }]);
    await timers.advance(1);
    expect(sent).toEqual([
      { atMs: 0, name: "1" },
      { atMs: 1_000, name: "4" },
    ]);
  });

  test("sends at once again after a quiet interval", async () => {
    const { timers, sent, sender } = recorded();
    sender.record(beat("1"));
    await timers.advance(1_500);
    sender.record(beat("2"));
    await settle();
    expect(sent).toEqual([
      { atMs: 0, name: "1" },
      { atMs: 1_500, name: "2" },
    ]);
  });

  test("has one heartbeat in flight, however long it takes", async () => {
    const arrived = Promise.withResolvers<void>();
    const { timers, sent, sender } = recorded(() => arrived.promise);
    sender.record(beat("1"));
    sender.record(beat("2"));
    await timers.advance(5_000);
    expect(sent).toHaveLength(1);
    arrived.resolve();
    await settle();
    expect(sent.map(({ name }) => name)).toEqual(["1", "2"]);
  });

  test("sends a heartbeat that got lost again when its turn comes", async () => {
    let isDown = true;
    const { timers, sent, sender } = recorded(() => (isDown ? Promise.reject(new Error("lost")) : Promise.resolve()));
    sender.record(beat("1"));
    await timers.advance(999);
    isDown = false;
    await timers.advance(1);
    expect(sent).toEqual([
      { atMs: 0, name: "1" },
      { atMs: 1_000, name: "1" },
    ]);
    expect(sender.stop()).toBeUndefined();
  });

  test("does not send a lost heartbeat that a newer one has overtaken", async () => {
    const { timers, sent, sender } = recorded(() => Promise.reject(new Error("lost")));
    sender.record(beat("1"));
    sender.record(beat("2"));
    await timers.advance(1_000);
    expect(sent.map(({ name }) => name)).toEqual(["1", "2"]);
  });

  test("stopped, gives back what waits, and sends nothing more", async () => {
    const { timers, sent, sender } = recorded();
    sender.record(beat("1"));
    sender.record(beat("2"));
    await settle();
    expect(nameOf(sender.stop() ?? { details: undefined })).toBe("2");
    sender.record(beat("3"));
    await timers.advance(10_000);
    expect(sent).toHaveLength(1);
    expect(timers.pending).toBe(0);
  });

  test("stopped with one in flight, gives that one back: nobody saw it arrive", async () => {
    const { sender } = recorded(() => new Promise<void>(() => undefined));
    sender.record(beat("1"));
    await settle();
    expect(nameOf(sender.stop() ?? { details: undefined })).toBe("1");
  });

  test("stopped after everything arrived, gives nothing back", async () => {
    const { sender } = recorded();
    sender.record(beat("1"));
    await settle();
    expect(sender.stop()).toBeUndefined();
  });
});
