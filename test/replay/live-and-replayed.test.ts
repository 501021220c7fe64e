// What a session kept alive and one that replays must agree on, where live and replay take different ways: refused
// updates, patches asked for by queries, and what local activities throw.
import { expect, it } from "vitest";

import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  condition,
  defineQuery,
  defineUpdate,
  patched,
  proxyLocalActivities,
  scheduleLocalActivity,
  setHandler,
  sleep,
  TimeoutFailure,
  workflowInfo,
} from "../../src/sdk/workflow/index.ts";
import { settle } from "../activity/manual-timers.ts";
import { updateMessage } from "./history-builder.ts";
import { LocalActivityWorld, told } from "./local-activity-world.ts";
import { bothWays } from "./test-service.ts";

const refuse = defineUpdate<void>("refuse");

function saysNo(): never {
  throw ApplicationFailure.nonRetryable("no");
}

it("a rejected update is answered once, though the task is followed by a heartbeat", async () => {
  const world = new LocalActivityWorld(
    async () => {
      setHandler(refuse, () => undefined, { validator: saysNo });
      return proxyLocalActivities<{ pause(ms: number): Promise<string> }>({ startToCloseTimeout: "1 minute" }).pause(
        20_000,
      );
    },
    { pause: (ms: number) => new Promise((resolve) => world.timers.schedule(() => resolve("rested"), ms)) },
  );
  world.history.taskStarted();
  const running = world.session.run(world.history.events, [updateMessage("u1", "refuse")]);
  await settle();
  await world.timers.advance(8_000);
  const first = await running;
  if (first.kind !== "completed") throw new Error("failed");
  expect(told(first.commands)).toEqual(["RejectUpdate"]);
  world.history.taskCompleted(first.sdkMetadata);
  expect(await world.task(8_000)).toMatchObject({ commands: [] });
});

it("what a rejected update's task did is replayed (condition on workflowInfo)", async () => {
  const workflow = async () => {
    setHandler(refuse, () => undefined, { validator: saysNo });
    await condition(() => workflowInfo().historyLength > 5);
    await sleep(1_000);
    return "done";
  };
  await bothWays(workflow, async (service) => {
    await service.runTask();
    await service.runTask([], [updateMessage("u1", "refuse")]);
    service.fireTimer("1");
    await service.runTask();
  });
});

it("a query gets the same answer of a patch from a kept session and a fresh one", async () => {
  const ask = defineQuery<boolean>("ask");
  const answers: unknown[] = [];
  await bothWays(
    async () => {
      setHandler(ask, () => patched("new"));
      await sleep(5);
    },
    async (service) => {
      await service.runTask();
      const answer = await service.query("ask");
      answers.push(answer);
    },
  );
  expect(answers).toHaveLength(2);
  expect(answers[0]).toEqual(answers[1]);
});

it.each([
  ["a cancellation", () => new CancelledFailure("the other side gave up")],
  ["a timeout", () => new TimeoutFailure("too late", undefined, "START_TO_CLOSE")],
])("a local activity that throws %s is caught in a replay as it was live", async (_, make) => {
  const seen: string[] = [];
  const world = new LocalActivityWorld(
    async () => {
      try {
        await scheduleLocalActivity("act", [], { startToCloseTimeout: "5s", retry: { maximumAttempts: 1 } });
      } catch (error) {
        seen.push(error instanceof Error ? error.name : String(error));
        // What a user would do: compensate only for what is an activity's failure.
        if (error instanceof ActivityFailure) await sleep(1_000);
      }
      return "done";
    },
    {
      act: async () => {
        throw make();
      },
    },
  );
  await world.task();
  await world
    .open()
    .session.replay(world.history.events)
    .catch((e: unknown) => seen.push(String(e).slice(0, 90)));
  expect(seen[1]).toEqual(seen[0]);
  expect(seen).toHaveLength(2);
});

it("an update is rejected though its validator's failure has details that no converter takes", async () => {
  const workflow = async () => {
    let done = false;
    setHandler(refuse, () => undefined, {
      validator: () => {
        throw ApplicationFailure.create({ message: "overdrawn", type: "Overdrawn", details: [-5n] });
      },
    });
    await condition(() => done);
  };
  const [live] = await bothWays(workflow, async (service) => {
    await service.runTask();
    await service.runTask([], [updateMessage("u1", "refuse")]);
  });
  expect(live.commands[0]).toMatch(/^RejectUpdate u1 overdrawn/);
});
