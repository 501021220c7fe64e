import { describe, expect, it } from "vitest";

import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  sleep,
  Trigger,
} from "../../src/sdk/workflow/index.ts";
import { ALL_FLAGS, brief, history, replay } from "./history-builder.ts";

const cancelledAfterTimer = () => history("workflow").task().timerStarted("1").cancelRequested().taskStarted();

describe("a cancelled workflow", () => {
  it("is cancelled when it lets the error through", async () => {
    expect(brief(await replay(() => sleep("1 day"), cancelledAfterTimer()))).toEqual(["CancelTimer 1", "Cancel"]);
  });

  it("may complete instead", async () => {
    const workflow = () => sleep("1 day").catch((error: unknown) => String(isCancellation(error)));
    expect(brief(await replay(workflow, cancelledAfterTimer()))).toEqual(["CancelTimer 1", 'Complete "true"']);
  });

  it("may fail instead", async () => {
    const workflow = () =>
      sleep("1 day").catch(() => {
        throw ApplicationFailure.nonRetryable("gave up");
      });
    expect(brief(await replay(workflow, cancelledAfterTimer()))).toEqual(["CancelTimer 1", "Fail gave up"]);
  });

  it("gets the reason that the workflow was cancelled", async () => {
    const workflow = () => sleep("1 day").catch((error: unknown) => (error as Error).message);
    expect(brief(await replay(workflow, cancelledAfterTimer())).at(-1)).toBe('Complete "Workflow cancelled"');
  });

  it("before its first task starts no operation", async () => {
    const workflow = () => sleep("1 day");
    const builder = history("workflow").cancelRequested().taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["Cancel"]);
  });

  it("fails when it throws a cancellation that nobody asked for", async () => {
    const workflow = () => Promise.reject(new CancelledFailure("by itself"));
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual(["Fail by itself"]);
  });

  it("can clean up where it is shielded", async () => {
    const workflow = async () => {
      try {
        await sleep("1 day");
      } finally {
        await CancellationScope.nonCancellable(() => sleep(50));
      }
    };
    const builder = cancelledAfterTimer();
    expect(brief(await replay(workflow, builder))).toEqual(["CancelTimer 1", "StartTimer 2"]);
    builder.taskCompleted(ALL_FLAGS).timerCanceled("1").timerStarted("2").timerFired("2").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["Cancel"]);
  });
});

describe("cancellation scopes", () => {
  const start = () => history("workflow").taskStarted();

  it("refuse operations once they are cancelled", async () => {
    const workflow = async () => {
      const scope = new CancellationScope();
      scope.cancel();
      const ends = await Promise.allSettled([
        scope.run(() => sleep(1)),
        scope.run(() => condition(() => false)),
        scope.run(async () => await new Trigger()),
      ]);
      return ends.map((end) => end.status === "rejected" && (end.reason as Error).message);
    };
    const message = "Cancellation scope cancelled";
    expect(brief(await replay(workflow, start()))).toEqual([`Complete ${JSON.stringify([message, message, message])}`]);
  });

  it("hand cancellation down, and not up or aside", async () => {
    const workflow = async () => {
      const outer = new CancellationScope();
      const inner = await outer.run(() => Promise.resolve(new CancellationScope()));
      const sibling = new CancellationScope();
      const scopes = [outer, inner, sibling];
      const before = scopes.map((scope) => scope.consideredCancelled);
      outer.cancel();
      await Promise.resolve();
      return [before, scopes.map((scope) => scope.consideredCancelled)];
    };
    expect(brief(await replay(workflow, start()))).toEqual(["Complete [[false,false,false],[true,true,false]]"]);
  });

  it("bind a promise where it is made, not where it is awaited", async () => {
    const workflow = async () => {
      const scope = new CancellationScope();
      const outside = sleep(100);
      const waiting = scope.run(() => outside);
      scope.cancel();
      await waiting;
    };
    expect(brief(await replay(workflow, start()))).toEqual(["StartTimer 1"]);
  });

  it("shield, but let the code notice", async () => {
    const workflow = async () => {
      const shield = new CancellationScope({ cancellable: false });
      const inside = shield.run(() => sleep(100)).then(() => "slept");
      const noticed = shield.cancelRequested.catch((error: unknown) => (error as Error).message);
      return Promise.race([inside, noticed]);
    };
    expect(brief(await replay(workflow, cancelledAfterTimer()))).toEqual(['Complete "Workflow cancelled"']);
  });

  it("that shield protect their children from their own cancellation", async () => {
    const workflow = async () => {
      const shield = new CancellationScope({ cancellable: false });
      const child = shield.run(() => CancellationScope.cancellable(() => sleep(100)));
      shield.cancel();
      await child;
    };
    expect(brief(await replay(workflow, start()))).toEqual(["StartTimer 1"]);
  });

  it("that shield did not do so in histories without the flag", async () => {
    const workflow = async () => {
      const shield = new CancellationScope({ cancellable: false });
      const child = shield.run(() => CancellationScope.cancellable(() => sleep(100)));
      shield.cancel();
      await child.catch(() => undefined);
      await sleep(5);
      return "late";
    };
    const builder = history("workflow").taskStarted().taskCompleted().timerStarted("2").timerFired("2").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(['Complete "late"']);
  });

  it("with a timeout cancel their content when it is over", async () => {
    const workflow = () =>
      CancellationScope.withTimeout(1_000, () => sleep(60_000)).catch((error: unknown) => (error as Error).message);
    expect(brief(await replay(workflow, start()))).toEqual(["StartTimer 1", "StartTimer 2"]);
    const builder = history("workflow").task().timerStarted("1").timerStarted("2").timerFired("1").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual([
      "CancelTimer 2",
      'Complete "Cancellation scope cancelled"',
    ]);
  });

  it("with a timeout end their timer with their content", async () => {
    const workflow = () => CancellationScope.withTimeout(1_000, () => sleep(10));
    const builder = history("workflow").task().timerStarted("1").timerStarted("2").timerFired("2").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["CancelTimer 1", "Complete undefined"]);
  });

  it("know which one is current", async () => {
    const workflow = async () => {
      const root = CancellationScope.current();
      const scope = new CancellationScope();
      const inside = await scope.run(async () => {
        await Promise.resolve();
        return CancellationScope.current();
      });
      return [inside === scope, CancellationScope.current() === root, scope.parent === root];
    };
    expect(brief(await replay(workflow, start()))).toEqual(["Complete [true,true,true]"]);
    expect(() => CancellationScope.current()).toThrow("there is no workflow here");
  });
});

describe("triggers", () => {
  it("can be awaited, settled, and rejected without a listener", async () => {
    const workflow = async () => {
      const trigger = new Trigger<number>();
      new Trigger().reject(new Error("nobody cares"));
      trigger.resolve(5);
      return (await trigger) + (await trigger);
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual(["Complete 10"]);
  });
});
