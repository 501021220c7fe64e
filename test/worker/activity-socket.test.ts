import { describe, expect, test } from "vitest";

import type { HeartbeatActivityReply } from "../../src/core/activity-task.ts";
import { accepted, type Reply, rejected } from "../../src/core/rejection.ts";
import { activityWatching, type NewsSocket } from "../../src/worker/activity-socket.ts";
import { workflowService } from "../../src/worker/service-adapter.ts";
import { settle } from "../activity/manual-timers.ts";

/** The worker's end of a WebSocket, of which the test is the service's. */
class TestSocket implements NewsSocket {
  readonly #listeners = new Map<string, (event: never) => void>();
  isAccepted = false;
  closes = 0;

  accept(): void {
    this.isAccepted = true;
  }

  close(): void {
    this.closes += 1;
    if (this.closes > 1) throw new TypeError("Can't call close() twice");
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, listener);
  }

  emit(type: string, event: object = {}): void {
    this.#listeners.get(type)?.(event as never);
  }
}

function watching(open: () => Promise<NewsSocket>) {
  const told: Reply<HeartbeatActivityReply>[] = [];
  const watch = activityWatching(open, (news) => told.push(news));
  return { told, watch };
}

describe("the socket of an attempt", () => {
  test("tells what comes, until the service closes it", async () => {
    const socket = new TestSocket();
    const { told, watch } = watching(async () => socket);
    await settle();
    expect(socket.isAccepted).toBe(true);
    const news = [accepted({ cancelRequested: true }), rejected("ActivityNotFound", "gone")];
    for (const reply of news) socket.emit("message", { data: JSON.stringify(reply) });
    socket.emit("message", { data: new ArrayBuffer(1) });
    expect(told).toEqual(news);
    socket.emit("close");
    await watch.ended;
    expect(socket.closes).toBe(1);
    socket.emit("message", { data: JSON.stringify(news[0]) });
    expect(told).toHaveLength(2);
  });

  test("ends when it breaks, and when it is closed from here", async () => {
    const broken = new TestSocket();
    const first = watching(async () => broken);
    await settle();
    broken.emit("error");
    await first.watch.ended;
    const left = new TestSocket();
    const second = watching(async () => left);
    await settle();
    second.watch.close();
    second.watch.close();
    await second.watch.ended;
    expect(left.closes).toBeGreaterThan(0);
  });

  test("is closed as soon as it is open if that came too late", async () => {
    const socket = new TestSocket();
    const opening = Promise.withResolvers<NewsSocket>();
    const { watch, told } = watching(() => opening.promise);
    watch.close();
    await watch.ended;
    opening.resolve(socket);
    await settle();
    expect(socket.closes).toBe(1);
    expect(told).toEqual([]);
  });

  test("rejects when it cannot be opened", async () => {
    const { watch } = watching(() => Promise.reject(new Error("Network connection lost")));
    await expect(watch.ended).rejects.toThrow("lost");
  });
});

describe("watchActivity", () => {
  test("opens a WebSocket to the workflow's object with the request in its address", async () => {
    const socket = new TestSocket();
    const urls: URL[] = [];
    const names: string[] = [];
    const service = workflowService({
      getByName: (name) => {
        names.push(name);
        return {
          fetch: async (url) => {
            urls.push(new URL(url));
            return { status: 101, webSocket: socket as never };
          },
        };
      },
    });
    const request = { version: 1, taskToken: "hf1.token/&" } as const;
    const watch = service.watchActivity("default", "transfer-1", request, () => undefined);
    await settle();
    expect(JSON.parse(urls[0]?.searchParams.get("activity") ?? "")).toEqual(request);
    expect(names).toEqual(["default/transfer-1"]);
    watch.close();
    await watch.ended;
  });

  test("rejects when the service opens none", async () => {
    const service = workflowService({ getByName: () => ({ fetch: async () => ({ status: 426, webSocket: null }) }) });
    const request = { version: 1, taskToken: "hf1.token" } as const;
    await expect(service.watchActivity("default", "a", request, () => undefined).ended).rejects.toThrow("426");
  });
});
