/** Activity tasks on their way: together where they may be, and never lost where they have nowhere to go. */
import { describe, expect, it, vi } from "vitest";

import type { ActivityTask, ActivityTaskMessage } from "../../src/core/activity-task.ts";
import { EAGER_MAXIMUM_MS } from "../../src/core/activity-command.ts";
import type { Command } from "../../src/core/command.ts";
import { ActivityDispatcher, type ActivityDispatcherOptions } from "../../src/durable-objects/activity-dispatcher.ts";
import { given, started } from "../core/given.ts";
import * as make from "../core/requests.ts";

type Sent = readonly (readonly [queue: string, scheduledEventIds: readonly number[]])[];

/** A dispatcher whose queues and workers are named after their task queues, or are missing. */
class World {
  readonly sent: [string, number[]][] = [];
  readonly handedOver: [string, string][] = [];
  readonly released: number[] = [];
  readonly #work: Promise<unknown>[] = [];
  readonly #queues = new Map<string, Queue<ActivityTaskMessage>>();
  readonly dispatcher: ActivityDispatcher;

  constructor(queueOf: Readonly<Record<string, string>>, options: Partial<ActivityDispatcherOptions> = {}) {
    this.dispatcher = new ActivityDispatcher({
      queue: (taskQueue) => this.#queue(queueOf[taskQueue]),
      eagerWorker: (taskQueue) => ({
        runActivityTask: async ({ task }: { readonly task: ActivityTask }) => {
          this.handedOver.push([taskQueue, task.activityId]);
          return { accepted: true } as const;
        },
      }),
      release: async ({ scheduledEventId }) => void this.released.push(scheduledEventId),
      keepAlive: (work) => void this.#work.push(work),
      ...options,
    });
  }

  /** Dispatches what these commands schedule. */
  async dispatch(...commands: readonly Command[]): Promise<void> {
    const scenario = given(started());
    const { changes } = scenario.whenCompleted(...commands);
    this.dispatcher.dispatch({ number: 1, state: scenario.run }, changes);
    await Promise.all(this.#work);
  }

  #queue(name: string | undefined): Queue<ActivityTaskMessage> {
    if (name === undefined) throw new Error("no queue binding");
    const sendBatch = async (messages: Iterable<{ readonly body: ActivityTaskMessage }>) => {
      this.sent.push([name, [...messages].map(({ body }) => body.scheduledEventId)]);
    };
    const queue = this.#queues.get(name) ?? ({ sendBatch } as unknown as Queue<ActivityTaskMessage>);
    this.#queues.set(name, queue);
    return queue;
  }
}

function activity(activityId: string, taskQueue: string, startToCloseTimeoutMs = EAGER_MAXIMUM_MS + 1): Command {
  return make.scheduleActivity(activityId, { taskQueue, startToCloseTimeoutMs, allowEagerDispatch: true });
}

describe("by queue", () => {
  it("go those of one queue together, whichever task queues they are of", async () => {
    const world = new World({ a: "main", b: "main", c: "other" });
    await world.dispatch(activity("1", "a"), activity("2", "c"), activity("3", "b"), activity("4", "a"));
    expect(world.sent satisfies Sent).toEqual([
      ["main", [5, 7, 8]],
      ["other", [6]],
    ]);
  });

  it("go all but those that have none, which is said once", async () => {
    const log = vi.spyOn(console, "error").mockReturnValue();
    const world = new World({ a: "main" });
    await world.dispatch(activity("1", "nowhere"), activity("2", "a"), activity("3", "nowhere"));
    expect(world.sent).toEqual([["main", [6]]]);
    expect(log.mock.calls).toEqual([["holdfast: activity tasks wait, they cannot be sent: Error: no queue binding"]]);
    log.mockRestore();
  });
});

describe("by hand", () => {
  it("go the short ones, to the worker of their own task queue", async () => {
    const world = new World({});
    await world.dispatch(activity("1", "a", 1_000), activity("2", "b", 1_000));
    expect(world.handedOver).toEqual([
      ["a", "1"],
      ["b", "2"],
    ]);
    expect(world.released).toEqual([]);
  });

  it("and are given back where there is no worker, or none to be found", async () => {
    const log = vi.spyOn(console, "error").mockReturnValue();
    const eagerWorker = (taskQueue: string): undefined => {
      if (taskQueue === "wrong") throw new Error("no service binding");
    };
    const world = new World({}, { eagerWorker });
    await world.dispatch(activity("1", "none", 1_000), activity("2", "wrong", 1_000));
    expect(world.released).toEqual([5, 6]);
    expect(log).toHaveBeenCalledTimes(1);
    log.mockRestore();
  });
});
