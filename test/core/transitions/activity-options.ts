/** Changing what an activity is run with while it is open. */
import { describe, expect, it } from "vitest";

import { nextDeadlineMs } from "../../../src/core/deadlines.ts";
import { describeRun } from "../../../src/core/description.ts";
import type { PendingActivityInfo } from "../../../src/core/protocol.ts";
import { claimed, given, passed, responded, type Scenario, started, type Step, taskCompleted } from "../given.ts";
import * as make from "../requests.ts";

const a = { version: 1, activity: { kind: "id", activityId: "a" } } as const;
type Overrides = Parameters<typeof make.scheduleActivity>[1];

/** Activity `a`, scheduled by event 5. */
const scheduled = (overrides: Overrides = {}): Step[] => [
  started(),
  taskCompleted(make.scheduleActivity("a", overrides)),
];
const running = (overrides: Overrides = {}): Step[] => [...scheduled(overrides), claimed(5)];
/** The first attempt has failed, the second is due in a second. */
const backingOff = (overrides: Overrides = {}): Step[] => [...running(overrides), responded(make.failed(5))];
const pausedActivity = (): Step => (scenario) => void scenario.take("pauseActivity", a);
const resetActivity = (): Step => (scenario) => void scenario.take("resetActivity", a);
/** Paused before anybody claimed it. */
const paused = (overrides: Overrides = {}): Step[] => [...scheduled(overrides), pausedActivity()];
/** Paused while its first attempt runs. */
const pauseRequested = (overrides: Overrides = {}): Step[] => [...running(overrides), pausedActivity()];

function described(scenario: Scenario): PendingActivityInfo | undefined {
  return describeRun(scenario.run, scenario.nowMs).pendingActivities[0];
}

describe("changing the options of an activity", () => {
  const options = { startToCloseTimeoutMs: 90_000, heartbeatTimeoutMs: 5_000, retryPolicy: { maximumAttempts: 7 } };

  it("that waits: it is sent anew, and run with them", () => {
    const { scenario } = given(...scheduled())
      .when("updateActivityOptions", { ...a, options: { ...options, taskQueue: "others" } })
      .thenEvents()
      .thenDispatches(5)
      .thenReplies({ activityIds: ["a"] });
    expect(described(scenario)?.options).toEqual({
      taskQueue: "others",
      scheduleToCloseTimeoutMs: 0,
      scheduleToStartTimeoutMs: 0,
      startToCloseTimeoutMs: 90_000,
      heartbeatTimeoutMs: 5_000,
      retryPolicy: {
        initialIntervalMs: 1_000,
        backoffCoefficient: 2,
        maximumIntervalMs: 100_000,
        maximumAttempts: 7,
        nonRetryableErrorTypes: [],
      },
    });
    expect(described(scenario)).toMatchObject({ maximumAttempts: 7 });
    scenario.when("claimActivity", make.claimRequest(5)).thenReplies({ claimed: true });
    expect(nextDeadlineMs(scenario.run)).toBe(make.START_MS + 5_000);
    scenario.atDeadline().whenTicked().thenEvents();
    expect(scenario.activity(5).progress).toMatchObject({ attempt: 2, options: { taskQueue: "others" } });
  });

  it("that backs off: it waits as long as the new policy says, counted from its failure", () => {
    const longer = { retryPolicy: { initialIntervalMs: 4_000 } };
    const { scenario } = given(...backingOff(), passed(300))
      .when("updateActivityOptions", { ...a, options: longer })
      .thenDispatches();
    expect(described(scenario)).toMatchObject({ nextAttemptScheduleTimeMs: make.START_MS + 4_000 });
    const shorter = { retryPolicy: { initialIntervalMs: 200 } };
    given(...backingOff(), passed(300))
      .when("updateActivityOptions", { ...a, options: shorter })
      .thenDispatches(5);
    const asked = make.failureOf("Busy", { nextRetryDelayMs: 9_000 });
    const told = given(...running(), responded(make.failed(5, asked))).when("updateActivityOptions", {
      ...a,
      options: shorter,
    });
    expect(described(told.scenario)).toMatchObject({ nextAttemptScheduleTimeMs: make.START_MS + 9_000 });
  });

  it("that runs: its timeouts are the new ones from now on", () => {
    const { scenario } = given(...running({ startToCloseTimeoutMs: 2_000 }), passed(1_000))
      .when("updateActivityOptions", { ...a, options: { startToCloseTimeoutMs: 30_000 } })
      .thenDispatches();
    scenario.after(1_000).whenTicked().thenEvents();
    expect(described(scenario)).toMatchObject({ state: "STARTED", attempt: 1 });
    expect(nextDeadlineMs(scenario.run)).toBe(make.START_MS + 30_000);
  });

  it("that is paused: it waits with them", () => {
    for (const steps of [
      paused({ scheduleToCloseTimeoutMs: 5_000 }),
      pauseRequested({ scheduleToCloseTimeoutMs: 5_000 }),
    ])
      given(...steps)
        .when("updateActivityOptions", { ...a, options: { scheduleToCloseTimeoutMs: 600_000 } })
        .thenDispatches();
    const { scenario } = given(...paused({ scheduleToCloseTimeoutMs: 5_000 }), passed(6_000))
      .when("updateActivityOptions", { ...a, options: { scheduleToCloseTimeoutMs: 600_000 } })
      .thenDispatches();
    scenario.when("unpauseActivity", a).thenDispatches(5);
    expect(described(scenario)).toMatchObject({ expirationTimeMs: make.START_MS + 600_000 });
  });

  it("can be taken back, by itself and with a reset", () => {
    const changed: Step = (scenario) => void scenario.take("updateActivityOptions", { ...a, options });
    const { scenario } = given(...scheduled(), changed)
      .when("updateActivityOptions", { ...a, restoreOriginal: true })
      .thenDispatches(5);
    expect(scenario.activity(5).progress).not.toHaveProperty("options");
    expect(described(scenario)?.options).toMatchObject({ startToCloseTimeoutMs: 60_000, heartbeatTimeoutMs: 0 });
    const relaid = given(...scheduled(), changed).when("updateActivityOptions", {
      ...a,
      restoreOriginal: true,
      options: { heartbeatTimeoutMs: 1_000 },
    });
    expect(described(relaid.scenario)?.options).toMatchObject({
      startToCloseTimeoutMs: 60_000,
      heartbeatTimeoutMs: 1_000,
    });
    for (const steps of [scheduled(), running()]) {
      const reset = given(...steps, changed).when("resetActivity", { ...a, restoreOriginalOptions: true });
      expect(reset.scenario.activity(5).progress).not.toHaveProperty("options");
    }
    const kept = given(...backingOff(), changed, resetActivity());
    expect(kept.activity(5).progress).toMatchObject({ options: { heartbeatTimeoutMs: 5_000 } });
  });

  it("fills in and caps timeouts as when it is scheduled, and takes one away for zero", () => {
    const both = { scheduleToCloseTimeoutMs: 50_000, startToCloseTimeoutMs: 20_000, heartbeatTimeoutMs: 3_000 };
    const { scenario } = given(...scheduled(both)).when("updateActivityOptions", {
      ...a,
      options: { startToCloseTimeoutMs: 0, heartbeatTimeoutMs: 90_000 },
    });
    expect(described(scenario)?.options).toMatchObject({ startToCloseTimeoutMs: 50_000, heartbeatTimeoutMs: 50_000 });
  });

  it("is refused when an activity could not be run with them, and then changes none", () => {
    const two = [
      started(),
      taskCompleted(make.scheduleActivity("a", { scheduleToCloseTimeoutMs: 9_000 }), make.scheduleActivity("b")),
    ];
    const all = { version: 1, activity: { kind: "all" } } as const;
    const { scenario } = given(...two)
      .when("updateActivityOptions", { ...all, options: { startToCloseTimeoutMs: 0 } })
      .thenRejected("InvalidArgument", /activity b: a startToCloseTimeout or a scheduleToCloseTimeout/);
    expect(scenario.activity(5).progress).not.toHaveProperty("options");
    const wrong = [
      { startToCloseTimeoutMs: -1 },
      { heartbeatTimeoutMs: Number.NaN },
      { taskQueue: "" },
      { retryPolicy: { backoffCoefficient: 0 } },
      { retryPolicy: { initialIntervalMs: 200_000 } },
      {},
    ];
    for (const change of wrong)
      given(...scheduled())
        .when("updateActivityOptions", { ...a, options: change })
        .thenRejected("InvalidArgument");
    given(...scheduled())
      .when("updateActivityOptions", a)
      .thenRejected("InvalidArgument", /options must name/);
  });
});
