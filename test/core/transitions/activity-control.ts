/** What operators do with activities: pause, unpause, reset, change of options; and what paused activities answer. */
import { describe, expect, it } from "vitest";

import { nextDeadlineMs } from "../../../src/core/deadlines.ts";
import { describeRun } from "../../../src/core/description.ts";
import type { PendingActivityInfo } from "../../../src/core/protocol.ts";
import {
  claimed,
  given,
  passed,
  responded,
  type Scenario,
  signaled,
  started,
  type Step,
  taskCompleted,
  ticked,
} from "../given.ts";
import * as make from "../requests.ts";

const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;
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
const closed = (): Step[] => [...running(), responded(make.completed(5)), taskCompleted()];
const closeBuffered = (): Step[] => [...running(), signaled("s1"), responded(make.completed(5))];
const beat = { version: 1, taskToken: make.taskToken(5), details: make.payloads("half") } as const;
const hasBeaten = (): Step => (scenario) => void scenario.take("heartbeatActivity", beat);

function described(scenario: Scenario): PendingActivityInfo | undefined {
  return describeRun(scenario.run, scenario.nowMs).pendingActivities[0];
}

describe("pausing an activity", () => {
  it("that waits: no worker gets it, and nothing is sent again", () => {
    const { scenario } = given(...scheduled())
      .when("pauseActivity", { ...a, identity: "carol", reason: "the bank is down" })
      .thenEvents()
      .thenReplies({ runId: make.RUN_ID, activityIds: ["a"] });
    expect(described(scenario)).toMatchObject({
      state: "PAUSED",
      pauseInfo: { pausedTimeMs: make.START_MS, identity: "carol", reason: "the bank is down" },
    });
    expect(nextDeadlineMs(scenario.run)).toBeUndefined();
    scenario
      .when("claimActivity", make.claimRequest(5))
      .thenReplies({ claimed: false, reason: "the activity is paused" })
      .thenNothing();
  });

  it("that backs off: its retry is not sent when it would be due", () => {
    const { scenario } = given(...backingOff())
      .when("pauseActivity", a)
      .thenEvents();
    expect(described(scenario)).toMatchObject({ state: "PAUSED", attempt: 2 });
    expect(described(scenario)).not.toHaveProperty("nextAttemptScheduleTimeMs");
    scenario.after(1_000).whenTicked().thenDispatches();
    scenario.when("claimActivity", make.claimRequest(5, { attempt: 2 })).thenReplies({ claimed: false });
  });

  it("that runs: it is told and goes on", () => {
    const { scenario } = given(...running())
      .when("pauseActivity", a)
      .thenEvents();
    expect(described(scenario)).toMatchObject({ state: "PAUSE_REQUESTED", attempt: 1 });
    scenario.when("heartbeatActivity", beat).thenReplies({ cancelRequested: false, activityPaused: true });
    scenario
      .when("respondActivity", make.completed(5))
      .thenEvents("ActivityTaskStarted", "ActivityTaskCompleted", ...newTask);
  });

  it("does nothing a second time", () => {
    for (const steps of [paused(), pauseRequested()])
      given(...steps, passed(50))
        .when("pauseActivity", a)
        .thenReplies({ activityIds: ["a"] })
        .thenNothing();
  });

  it("is possible by type and for all, and names those it was about", () => {
    const several = [
      started(),
      taskCompleted(
        make.scheduleActivity("a"),
        make.scheduleActivity("b", { activityType: "deposit" }),
        make.scheduleActivity("c"),
      ),
    ];
    const pauseAll = { version: 1, activity: { kind: "all" } } as const;
    given(...several)
      .when("pauseActivity", pauseAll)
      .thenReplies({ activityIds: ["a", "b", "c"] });
    const byType = { version: 1, activity: { kind: "type", activityType: "withdraw" } } as const;
    const { scenario } = given(...several)
      .when("pauseActivity", byType)
      .thenReplies({ activityIds: ["a", "c"] });
    expect(scenario.activity(6).progress.paused).toBeUndefined();
  });
});

describe("an activity that is paused", () => {
  it("has no attempt that could report anything", () => {
    given(...paused())
      .when("heartbeatActivity", beat)
      .thenRejected("ActivityNotFound");
    given(...paused())
      .when("respondActivity", make.completed(5))
      .thenRejected("ActivityNotFound");
    given(...paused())
      .when("reportDeadLetter", { version: 1, runId: make.RUN_ID, scheduledEventId: 5, attempt: 1 })
      .thenReplies({ accepted: false })
      .thenNothing();
    given(...paused())
      .when("releaseEagerClaim", { runId: make.RUN_ID, scheduledEventId: 5 })
      .thenReplies({ released: false })
      .thenNothing();
  });

  it("does not time out, though its time goes on: it does when it is unpaused", () => {
    const timeouts = { scheduleToCloseTimeoutMs: 5_000, scheduleToStartTimeoutMs: 3_000 };
    const { scenario } = given(...paused(timeouts), passed(6_000))
      .whenTicked()
      .thenEvents();
    expect(nextDeadlineMs(scenario.run)).toBeUndefined();
    scenario.when("unpauseActivity", a).thenEvents().thenDispatches();
    scenario.whenTicked().thenEvents(["ActivityTaskTimedOut", { startedEventId: 0 }], ...newTask);
  });

  it("closes at once when its cancellation is asked for", () => {
    given(...paused(), signaled("s1"))
      .whenCompleted(make.cancelActivity(5))
      .thenEvents("WorkflowTaskCompleted", "ActivityTaskCancelRequested", "ActivityTaskCanceled", ...newTask);
  });
});

describe("an activity that runs though it is paused", () => {
  it("is claimed by its worker alone", () => {
    given(...pauseRequested())
      .when("claimActivity", make.claimRequest(5))
      .thenReplies({ claimed: true })
      .thenNothing();
    given(...pauseRequested())
      .when("claimActivity", make.claimRequest(5, { claimId: "another" }))
      .thenReplies({ claimed: false })
      .thenNothing();
    given(...pauseRequested())
      .when("reportDeadLetter", { version: 1, runId: make.RUN_ID, scheduledEventId: 5, attempt: 1 })
      .thenReplies({ accepted: false })
      .thenNothing();
  });

  it("waits when it has failed, even if that was its last attempt", () => {
    const { scenario } = given(...pauseRequested({ retryPolicy: { maximumAttempts: 1 } }))
      .when("respondActivity", make.failed(5))
      .thenEvents()
      .thenDispatches();
    expect(described(scenario)).toMatchObject({ state: "PAUSED", attempt: 2, lastFailure: make.failureOf("Broken") });
    scenario.after(600_000).whenTicked().thenEvents().thenDispatches();
    scenario.when("unpauseActivity", a).thenDispatches(5);
    scenario.when("claimActivity", make.claimRequest(5, { attempt: 2 })).thenReplies({ claimed: true });
  });

  it("closes when its failure is not to be retried", () => {
    given(...pauseRequested())
      .when("respondActivity", make.failed(5, make.failureOf("Broken", { nonRetryable: true })))
      .thenEvents("ActivityTaskStarted", ["ActivityTaskFailed", { retryState: "NON_RETRYABLE_FAILURE" }], ...newTask);
  });

  it("waits when its attempt has timed out, for its worker may have died", () => {
    const { scenario } = given(...pauseRequested({ startToCloseTimeoutMs: 2_000 }), passed(2_000))
      .whenTicked()
      .thenEvents();
    expect(described(scenario)).toMatchObject({ state: "PAUSED", attempt: 2 });
  });

  it("is asked to stop as any other", () => {
    const { scenario } = given(...pauseRequested(), signaled("s1"))
      .whenCompleted(make.cancelActivity(5))
      .thenEvents("WorkflowTaskCompleted", "ActivityTaskCancelRequested");
    expect(described(scenario)).toMatchObject({ state: "CANCEL_REQUESTED" });
    scenario.when("heartbeatActivity", beat).thenReplies({ cancelRequested: true, activityPaused: true });
  });

  it("is paused when the worker it was handed to gives it back", () => {
    const eager = { startToCloseTimeoutMs: 30_000, allowEagerDispatch: true };
    const { scenario } = given(...scheduled(eager), pausedActivity())
      .when("releaseEagerClaim", { runId: make.RUN_ID, scheduledEventId: 5 })
      .thenReplies({ released: true })
      .thenDispatches();
    expect(described(scenario)).toMatchObject({ state: "PAUSED" });
    scenario.when("unpauseActivity", a).thenDispatches(5);
  });
});

describe("unpausing an activity", () => {
  it("sends it at once, and then again only if nobody claims it", () => {
    const { scenario } = given(...paused(), passed(600_000))
      .when("unpauseActivity", a)
      .thenDispatches(5);
    expect(described(scenario)).toMatchObject({ state: "SCHEDULED", attempt: 1 });
    expect(described(scenario)).not.toHaveProperty("pauseInfo");
    scenario.whenTicked().thenDispatches();
    scenario.after(10_000).whenTicked().thenDispatches(5);
    scenario.when("claimActivity", make.claimRequest(5)).thenReplies({ claimed: true });
  });

  it("does not wait for the backoff of its retry, and keeps what is known of the attempts before", () => {
    const steps = [...running(), hasBeaten(), responded(make.failed(5)), pausedActivity()];
    const { scenario } = given(...steps, passed(10))
      .when("unpauseActivity", a)
      .thenDispatches(5);
    expect(scenario.activity(5).progress).toMatchObject({
      attempt: 2,
      heartbeatDetails: make.payloads("half"),
      lastFailure: make.failureOf("Broken"),
    });
    scenario.whenTicked().thenDispatches();
  });

  it("begins at the first attempt, without the last heartbeat, if that is asked for", () => {
    const steps = [...running(), hasBeaten(), responded(make.failed(5)), pausedActivity()];
    const { scenario } = given(...steps)
      .when("unpauseActivity", { ...a, resetAttempts: true, resetHeartbeat: true })
      .thenDispatches(5);
    expect(scenario.activity(5).progress).toMatchObject({ attempt: 1 });
    expect(scenario.activity(5).progress).not.toHaveProperty("heartbeatDetails");
  });

  it("lets an attempt that runs be, which may start over when it fails", () => {
    const { scenario } = given(...pauseRequested())
      .when("unpauseActivity", { ...a, resetAttempts: true })
      .thenDispatches();
    expect(described(scenario)).toMatchObject({ state: "STARTED", attempt: 1 });
    scenario.when("heartbeatActivity", beat).thenReplies({ cancelRequested: false });
    scenario.when("respondActivity", make.failed(5)).thenEvents().thenDispatches(5);
    expect(scenario.activity(5).progress).toMatchObject({ attempt: 1, heartbeatDetails: make.payloads("half") });
  });

  it("does nothing to one that is not paused", () => {
    for (const steps of [scheduled(), backingOff(), running()])
      given(...steps)
        .when("unpauseActivity", a)
        .thenReplies({ activityIds: ["a"] })
        .thenNothing();
  });
});

describe("resetting an activity", () => {
  it("that waits: its first attempt is sent anew", () => {
    const { scenario } = given(...scheduled(), passed(70))
      .when("resetActivity", a)
      .thenEvents()
      .thenDispatches(5);
    expect(scenario.activity(5).progress).toMatchObject({ attempt: 1, attemptScheduledTimeMs: make.START_MS + 70 });
  });

  it("that backs off: its first attempt is sent at once, with or without the last heartbeat", () => {
    const steps = [...running(), hasBeaten(), responded(make.failed(5))];
    const { scenario } = given(...steps)
      .when("resetActivity", a)
      .thenDispatches(5);
    expect(scenario.activity(5).progress).toMatchObject({ attempt: 1, heartbeatDetails: make.payloads("half") });
    expect(scenario.activity(5).progress).not.toHaveProperty("lastFailure");
    scenario.when("claimActivity", make.claimRequest(5)).thenReplies({ claimed: true });
    const forgetting = given(...steps).when("resetActivity", { ...a, resetHeartbeat: true });
    expect(forgetting.scenario.activity(5).progress).not.toHaveProperty("heartbeatDetails");
  });

  it("that runs: it is told, and its failure is followed by a first attempt at once, limits or not", () => {
    const limited = { retryPolicy: { maximumAttempts: 2 } };
    const second = [...running(limited), responded(make.failed(5)), passed(1_000), claimed(5)];
    const token = { attempt: 2 };
    const { scenario } = given(...second)
      .when("resetActivity", { ...a, resetHeartbeat: true })
      .thenEvents()
      .thenDispatches();
    const secondBeat = { ...beat, taskToken: make.taskToken(5, token) };
    scenario.when("heartbeatActivity", secondBeat).thenReplies({ cancelRequested: false, activityReset: true });
    scenario
      .when("respondActivity", make.failed(5, make.failureOf("Broken"), token))
      .thenEvents()
      .thenDispatches(5);
    expect(scenario.activity(5).progress).toEqual({
      attempt: 1,
      attemptScheduledTimeMs: scenario.nowMs,
      identity: "worker-1",
      lastFailure: make.failureOf("Broken"),
    });
    scenario.whenTicked().thenDispatches();
    scenario.when("claimActivity", make.claimRequest(5)).thenReplies({ claimed: true });
    scenario.when("heartbeatActivity", beat).thenReplies({ cancelRequested: false });
  });

  it("that runs: it may complete all the same, or fail for good", () => {
    given(...running(), resetActivity())
      .when("respondActivity", make.completed(5))
      .thenEvents("ActivityTaskStarted", "ActivityTaskCompleted", ...newTask);
    given(...running(), resetActivity())
      .when("respondActivity", make.failed(5, make.failureOf("Broken", { nonRetryable: true })))
      .thenEvents("ActivityTaskStarted", "ActivityTaskFailed", ...newTask);
    const dead = given(...running({ startToCloseTimeoutMs: 2_000 }), resetActivity(), passed(2_000)).whenTicked();
    dead.thenEvents().thenDispatches(5);
    expect(dead.scenario.activity(5).progress).toMatchObject({ attempt: 1 });
  });

  it("that is paused: unpauses it, unless it is to stay so", () => {
    const { scenario } = given(...backingOff(), pausedActivity())
      .when("resetActivity", a)
      .thenDispatches(5);
    expect(described(scenario)).toMatchObject({ state: "SCHEDULED", attempt: 1 });
    const kept = given(...backingOff(), pausedActivity())
      .when("resetActivity", { ...a, keepPaused: true })
      .thenDispatches();
    expect(described(kept.scenario)).toMatchObject({ state: "PAUSED", attempt: 1 });
    kept.scenario.when("unpauseActivity", a).thenDispatches(5);
  });

  it("that is paused and runs: it is told of the reset, and waits after it if it is to stay paused", () => {
    const { scenario } = given(...pauseRequested())
      .when("resetActivity", a)
      .thenEvents();
    scenario.when("heartbeatActivity", beat).thenReplies({ cancelRequested: false, activityReset: true });
    const kept = given(...pauseRequested()).when("resetActivity", { ...a, keepPaused: true });
    const both = { cancelRequested: false, activityReset: true, activityPaused: true };
    kept.scenario.when("heartbeatActivity", beat).thenReplies(both);
    kept.scenario.when("respondActivity", make.failed(5)).thenDispatches();
    expect(described(kept.scenario)).toMatchObject({ state: "PAUSED", attempt: 1 });
  });
});

describe("control of an activity that is not open", () => {
  const requests = [
    ["pauseActivity", a],
    ["unpauseActivity", a],
    ["resetActivity", a],
    ["updateActivityOptions", { ...a, options: { heartbeatTimeoutMs: 1_000 } }],
  ] as const;

  it.each(requests)("is refused: %s", (kind, request) => {
    for (const steps of [closed(), closeBuffered(), [started(), taskCompleted()]])
      given(...steps)
        .when(kind, request)
        .thenRejected("ActivityNotFound", /no activity with the id 'a' is open/);
    given(...closed())
      .when(kind, { ...request, activity: { kind: "type", activityType: "withdraw" } })
      .thenRejected("ActivityNotFound", /no activity of the type 'withdraw' is open/);
    given(...closed())
      .when(kind, { ...request, activity: { kind: "all" } })
      .thenRejected("ActivityNotFound", /no activity is open/);
  });

  it.each(requests)("is refused when it is malformed: %s", (kind, request) => {
    const wrong = [
      { activity: { kind: "id", activityId: "" } },
      { activity: { kind: "type", activityType: "" } },
      { activity: { kind: "some" } },
      { activity: undefined },
      { identity: "a\u0000" },
    ];
    for (const part of wrong)
      given(...scheduled())
        .when(kind, { ...request, ...part } as never)
        .thenRejected("InvalidArgument");
    given(...scheduled())
      .when(kind, { ...request, version: 2 } as never)
      .thenRejected("ProtocolVersionUnsupported");
  });
});

describe("a reload", () => {
  it("finds activities as operators left them", () => {
    // Progress is stored as it is; `properties.test.ts` reloads after every step. Here: what becomes due afterwards.
    const { scenario } = given(...pauseRequested(), responded(make.failed(5)), passed(5_000), ticked()).when(
      "unpauseActivity",
      a,
    );
    expect(scenario.activity(5).progress).toMatchObject({ attempt: 2, sentAtOnce: true });
    expect(nextDeadlineMs(scenario.run)).toBe(scenario.nowMs + 10_000);
  });
});
