// Retry arithmetic and timeouts to the letter (reference: retries, timeouts, cancellation of activities).
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { normaliseTimeouts } from "../../src/core/activity-command.ts";
import { activityDeadline, nextDispatchMs } from "../../src/core/activity.ts";
import { type Failure, type RetryState, timeoutFailure } from "../../src/core/failure.ts";
import type { RetryPolicy } from "../../src/core/retry-policy.ts";
import { completeRetryPolicy, decideRetry, retryIntervalMs, retryPolicyProblem } from "../../src/core/retry-policy.ts";
import { type Scenario, type Step, claimed, given, passed, responded, started, taskCompleted } from "./given.ts";
import * as make from "./requests.ts";

type Overrides = Parameters<typeof make.scheduleActivity>[1];

const withActivity = (overrides: Overrides = {}, start: Parameters<typeof started>[0] = {}): Step[] => [
  started(start),
  taskCompleted(make.scheduleActivity("a", overrides)),
];

/** Claims the current attempt as soon as it is due, and lets it fail. */
function failAttempt(scenario: Scenario, failure?: Failure): void {
  const { attempt, attemptScheduledTimeMs } = scenario.activity(5).progress;
  scenario.nowMs = Math.max(scenario.nowMs, attemptScheduledTimeMs);
  claimed(5)(scenario);
  responded(make.failed(5, failure, { attempt }))(scenario);
}

/** Waits between the attempts of an activity that always fails. */
function waits(retryPolicy: RetryPolicy, count: number, failure?: Failure): number[] {
  const scenario = given(...withActivity({ retryPolicy }));
  return Array.from({ length: count }, () => {
    failAttempt(scenario, failure);
    return scenario.activity(5).progress.attemptScheduledTimeMs - scenario.nowMs;
  });
}

describe("the wait before a retry", () => {
  it("grows by the coefficient from the initial interval, up to the maximum, without jitter", () => {
    expect(waits({}, 9)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 100_000, 100_000]);
    expect(waits({ initialIntervalMs: 200, backoffCoefficient: 3, maximumIntervalMs: 2_000 }, 5)).toEqual([
      200, 600, 1_800, 2_000, 2_000,
    ]);
    expect(waits({ backoffCoefficient: 1 }, 3)).toEqual([1_000, 1_000, 1_000]);
  });

  it("keeps fractions of a second", () => {
    expect(waits({ initialIntervalMs: 50 }, 3)).toEqual([50, 100, 200]);
    expect(waits({ initialIntervalMs: 10, backoffCoefficient: 1.5 }, 4)).toEqual([10, 15, 22.5, 33.75]);
  });

  it("is what the failure asks for, above the maximum as well", () => {
    const failure = make.failureOf("Busy", { nextRetryDelayMs: 250_000 });
    expect(waits({ maximumIntervalMs: 2_000 }, 2, failure)).toEqual([250_000, 250_000]);
    expect(waits({}, 1, make.failureOf("Busy", { nextRetryDelayMs: 0 }))).toEqual([1]);
  });

  it("never overflows", () => {
    const policy = completeRetryPolicy({ backoffCoefficient: 10 });
    expect(retryIntervalMs(policy, 100_000)).toBe(100_000);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.double({ min: 1, max: 100, noNaN: true }),
        fc.integer({ min: 1, max: 1_000_000 }),
        (attempt, backoffCoefficient, initialIntervalMs) => {
          const complete = completeRetryPolicy({ backoffCoefficient, initialIntervalMs });
          const waitMs = retryIntervalMs(complete, attempt);
          expect(waitMs).toBeGreaterThanOrEqual(initialIntervalMs);
          expect(waitMs).toBeLessThanOrEqual(100 * initialIntervalMs);
          expect(retryIntervalMs(complete, attempt + 1)).toBeGreaterThanOrEqual(waitMs);
        },
      ),
    );
  });

  it("must be a number that can be waited for", () => {
    for (const nextRetryDelayMs of [Number.NaN, Number.POSITIVE_INFINITY, -1])
      given(...withActivity(), claimed(5))
        .when("respondActivity", make.failed(5, make.failureOf("Busy", { nextRetryDelayMs })))
        .thenRejected("InvalidArgument", /nextRetryDelay/);
  });
});

describe("whether there is a retry", () => {
  const base = { policy: {}, attempt: 1, failure: make.failureOf("Broken"), cancelRequested: false, nowMs: 0 };
  const decided = (input: Partial<Parameters<typeof decideRetry>[0]>): RetryState | number => {
    const decision = decideRetry({ ...base, expirationTimeMs: undefined, ...input });
    return decision.kind === "retry" ? decision.delayMs : decision.retryState;
  };

  it("is asked in the server's order", () => {
    const everything = {
      policy: undefined,
      cancelRequested: true,
      failure: make.failureOf("Broken", { nonRetryable: true }),
      attempt: 3,
      expirationTimeMs: 0,
    };
    const policy = { maximumAttempts: 3 };
    expect(decided(everything)).toBe("RETRY_POLICY_NOT_SET");
    expect(decided({ ...everything, policy })).toBe("CANCEL_REQUESTED");
    expect(decided({ ...everything, policy, cancelRequested: false })).toBe("NON_RETRYABLE_FAILURE");
    const failure = make.failureOf("Broken");
    expect(decided({ ...everything, policy, cancelRequested: false, failure })).toBe("MAXIMUM_ATTEMPTS_REACHED");
    expect(decided({ ...everything, policy, cancelRequested: false, failure, attempt: 2 })).toBe("TIMEOUT");
    expect(decided({ policy, failure, attempt: 2 })).toBe(2_000);
  });

  it("counts attempts from one, and zero means no limit", () => {
    expect(decided({ policy: { maximumAttempts: 1 } })).toBe("MAXIMUM_ATTEMPTS_REACHED");
    expect(decided({ policy: { maximumAttempts: 2 } })).toBe(1_000);
    expect(decided({ policy: { maximumAttempts: 0 }, attempt: 1_000_000 })).toBe(100_000);
  });

  it("is a matter of reaching the end of the schedule-to-close time, which may be reached but not passed", () => {
    expect(decided({ nowMs: 500, expirationTimeMs: 1_500 })).toBe(1_000);
    expect(decided({ nowMs: 501, expirationTimeMs: 1_500 })).toBe("TIMEOUT");
  });

  it.each<[string, Failure]>([
    ["a cancellation", { canceledFailureInfo: {} }],
    ["a termination", { terminatedFailureInfo: {} }],
    ["a schedule-to-start timeout", timeoutFailure("SCHEDULE_TO_START", "")],
    ["a schedule-to-close timeout", timeoutFailure("SCHEDULE_TO_CLOSE", "")],
    ["an application failure that says so", make.failureOf("Broken", { nonRetryable: true })],
    ["a server failure that says so", { serverFailureInfo: { nonRetryable: true } }],
  ])("is no for %s", (_name, failure) => {
    expect(decided({ failure })).toBe("NON_RETRYABLE_FAILURE");
  });

  it.each<[string, Failure]>([
    ["a start-to-close timeout", timeoutFailure("START_TO_CLOSE", "")],
    ["a heartbeat timeout", timeoutFailure("HEARTBEAT", "")],
    ["a server failure", { serverFailureInfo: {} }],
    ["a failure of no kind", { message: "?" }],
  ])("is yes for %s", (_name, failure) => {
    expect(decided({ failure })).toBe(1_000);
  });

  it("goes by the failure's type exactly, and the failure keeps what it said of itself", () => {
    const policy = { nonRetryableErrorTypes: ["InsufficientFunds"] };
    expect(decided({ policy, failure: make.failureOf("InsufficientFunds") })).toBe("NON_RETRYABLE_FAILURE");
    for (const type of ["insufficientfunds", "InsufficientFundsError", ""])
      expect(decided({ policy, failure: make.failureOf(type) })).toBe(1_000);
    const failure = make.failureOf("InsufficientFunds", { nonRetryable: false });
    given(...withActivity({ retryPolicy: policy }), claimed(5))
      .when("respondActivity", make.failed(5, failure))
      .thenEvents(
        "ActivityTaskStarted",
        ["ActivityTaskFailed", { failure, retryState: "NON_RETRYABLE_FAILURE" }],
        "WorkflowTaskScheduled",
        "WorkflowTaskStarted",
      );
  });

  it("lets a policy name the two timeouts that are retried otherwise", () => {
    const failure = timeoutFailure("START_TO_CLOSE", "");
    expect(decided({ failure, policy: { nonRetryableErrorTypes: ["TemporalTimeout:StartToClose"] } })).toBe(
      "NON_RETRYABLE_FAILURE",
    );
    expect(decided({ failure, policy: { nonRetryableErrorTypes: ["TemporalTimeout:Heartbeat"] } })).toBe(1_000);
    expect(
      decided({
        failure: timeoutFailure("HEARTBEAT", ""),
        policy: { nonRetryableErrorTypes: ["TemporalTimeout:Heartbeat"] },
      }),
    ).toBe("NON_RETRYABLE_FAILURE");
  });

  it("accepts every policy it completes itself", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), fc.integer({ min: 0 }), (initialIntervalMs, maximumAttempts) => {
        expect(retryPolicyProblem(completeRetryPolicy({ initialIntervalMs, maximumAttempts }))).toBeUndefined();
      }),
    );
  });
});

describe("history", () => {
  it("shows three events for any number of attempts", () => {
    const scenario = given(...withActivity());
    for (let attempt = 1; attempt <= 6; attempt += 1) failAttempt(scenario, make.failureOf(`Broken${attempt}`));
    scenario.nowMs = scenario.activity(5).progress.attemptScheduledTimeMs;
    claimed(5)(scenario);
    scenario
      .when("respondActivity", make.completed(5, { attempt: 7 }))
      .thenEvents(
        ["ActivityTaskStarted", { attempt: 7, lastFailure: make.failureOf("Broken6") }],
        ["ActivityTaskCompleted", { startedEventId: 6 }],
        "WorkflowTaskScheduled",
        "WorkflowTaskStarted",
      );
  });

  it("gets the policy with every field, whatever the command said", () => {
    expect(given(...withActivity()).events[4]).toMatchObject({
      attributes: {
        retryPolicy: {
          initialIntervalMs: 1_000,
          backoffCoefficient: 2,
          maximumIntervalMs: 100_000,
          maximumAttempts: 0,
          nonRetryableErrorTypes: [],
        },
      },
    });
  });
});

describe("the timeouts of an activity", () => {
  const normalised = (overrides: Overrides, runTimeoutMs = 0): unknown => {
    const { startToCloseTimeoutMs: _, ...bare } = make.scheduleActivity("a");
    const timeouts = normaliseTimeouts({ ...bare, ...overrides }, runTimeoutMs);
    if (!timeouts) return undefined;
    const { scheduleToCloseTimeoutMs, scheduleToStartTimeoutMs, startToCloseTimeoutMs, heartbeatTimeoutMs } = timeouts;
    return [scheduleToCloseTimeoutMs, scheduleToStartTimeoutMs, startToCloseTimeoutMs, heartbeatTimeoutMs];
  };

  it("are filled in and capped as the server does: [schedule-to-close, schedule-to-start, start-to-close, heartbeat]", () => {
    expect(normalised({})).toBeUndefined();
    expect(normalised({ scheduleToStartTimeoutMs: 5, heartbeatTimeoutMs: 5 })).toBeUndefined();
    expect(normalised({ scheduleToCloseTimeoutMs: 9 })).toEqual([9, 9, 9, 0]);
    expect(
      normalised({ scheduleToCloseTimeoutMs: 9, startToCloseTimeoutMs: 20, scheduleToStartTimeoutMs: 20 }),
    ).toEqual([9, 9, 9, 0]);
    expect(normalised({ scheduleToCloseTimeoutMs: 9, startToCloseTimeoutMs: 4, scheduleToStartTimeoutMs: 3 })).toEqual([
      9, 3, 4, 0,
    ]);
    expect(normalised({ startToCloseTimeoutMs: 4 })).toEqual([0, 0, 4, 0]);
    expect(normalised({ startToCloseTimeoutMs: 4, heartbeatTimeoutMs: 9 })).toEqual([0, 0, 4, 4]);
    expect(normalised({ scheduleToCloseTimeoutMs: 9, heartbeatTimeoutMs: 20 })).toEqual([9, 9, 9, 9]);
    expect(normalised({ startToCloseTimeoutMs: 4 }, 100)).toEqual([100, 100, 4, 0]);
    expect(normalised({ startToCloseTimeoutMs: 400 }, 100)).toEqual([100, 100, 100, 0]);
    expect(normalised({ scheduleToCloseTimeoutMs: 400 }, 100)).toEqual([100, 100, 100, 0]);
  });

  const timeoutsOf = (overrides: Overrides, steps: Step[] = []): Scenario =>
    given(...withActivity({ startToCloseTimeoutMs: 0, retryPolicy: { maximumAttempts: 1 }, ...overrides }), ...steps);

  const closing = (scenario: Scenario): unknown => {
    const event = scenario.events.find(({ eventType }) => eventType === "ActivityTaskTimedOut");
    return event?.eventType === "ActivityTaskTimedOut" ? event.attributes : undefined;
  };

  const claimAndBeat: Step[] = [
    claimed(5),
    (scenario) =>
      void scenario.take("heartbeatActivity", {
        version: 1,
        taskToken: make.taskToken(5),
        details: make.payloads("7 of 9"),
      }),
  ];

  it.each([
    ["SCHEDULE_TO_START", { startToCloseTimeoutMs: 9_000, scheduleToStartTimeoutMs: 2_000 }, [], 2_000, 0],
    ["SCHEDULE_TO_CLOSE", { scheduleToCloseTimeoutMs: 4_000 }, [passed(1_000), claimed(5)], 4_000, 6],
    ["START_TO_CLOSE", { startToCloseTimeoutMs: 3_000 }, [passed(1_000), claimed(5)], 4_000, 6],
    ["HEARTBEAT", { startToCloseTimeoutMs: 9_000, heartbeatTimeoutMs: 2_000 }, [claimed(5)], 2_000, 6],
  ] as const)("close it at their time and not before: %s", (timeoutType, overrides, steps, atMs, startedEventId) => {
    const scenario = timeoutsOf(overrides, [...steps]);
    expect(activityDeadline(scenario.activity(5))).toEqual({ timeoutType, atMs: make.START_MS + atMs });
    scenario.nowMs = make.START_MS + atMs - 1;
    scenario.whenTicked().thenEvents();
    scenario.after(1).whenTicked();
    expect(closing(scenario)).toMatchObject({
      startedEventId,
      failure: {
        message: {
          SCHEDULE_TO_START: "activity ScheduleToStart timeout",
          SCHEDULE_TO_CLOSE: "activity ScheduleToClose timeout",
          START_TO_CLOSE: "activity StartToClose timeout",
          HEARTBEAT: "activity Heartbeat timeout",
        }[timeoutType],
        source: "HoldfastService",
        timeoutFailureInfo: { timeoutType },
      },
    });
  });

  it("count a heartbeat as a sign of life", () => {
    const overrides = { startToCloseTimeoutMs: 9_000, heartbeatTimeoutMs: 2_000 };
    const scenario = timeoutsOf(overrides, [claimed(5), passed(1_500)]);
    scenario.take("heartbeatActivity", { version: 1, taskToken: make.taskToken(5) });
    expect(activityDeadline(scenario.activity(5))?.atMs).toBe(make.START_MS + 3_500);
  });

  it("report schedule-to-start when nobody ever took a task that has only schedule-to-close", () => {
    const scenario = timeoutsOf({ scheduleToCloseTimeoutMs: 4_000 }, [passed(4_000)]);
    scenario.whenTicked();
    expect(closing(scenario)).toMatchObject({
      startedEventId: 0,
      failure: { timeoutFailureInfo: { timeoutType: "SCHEDULE_TO_START" } },
      retryState: "NON_RETRYABLE_FAILURE",
    });
  });

  it("never retry schedule-to-start, and retry start-to-close and heartbeat", () => {
    const never = given(...withActivity({ scheduleToStartTimeoutMs: 1_000 }), passed(1_000));
    never.whenTicked().thenEvents("ActivityTaskTimedOut", "WorkflowTaskScheduled", "WorkflowTaskStarted");
    const overrides = { startToCloseTimeoutMs: 5_000, heartbeatTimeoutMs: 1_000 };
    const retried = given(...withActivity(overrides), claimed(5), passed(1_000));
    retried.whenTicked().thenEvents();
    expect(retried.activity(5).progress).toMatchObject({
      attempt: 2,
      attemptScheduledTimeMs: make.START_MS + 2_000,
      lastFailure: { timeoutFailureInfo: { timeoutType: "HEARTBEAT" } },
    });
  });

  it("that leave no room for the next attempt end it as schedule-to-close, with the failure before as cause", () => {
    const overrides = { scheduleToCloseTimeoutMs: 10_000, startToCloseTimeoutMs: 4_000, retryPolicy: {} };
    const scenario = timeoutsOf(overrides);
    failAttempt(scenario, make.failureOf("First"));
    scenario.after(1_000);
    claimed(5)(scenario);
    scenario.take("heartbeatActivity", {
      version: 1,
      taskToken: make.taskToken(5, { attempt: 2 }),
      details: make.payloads("7 of 9"),
    });
    scenario.after(8_500).whenTicked();
    expect(closing(scenario)).toMatchObject({
      failure: {
        message: "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying",
        cause: make.failureOf("First"),
        timeoutFailureInfo: { timeoutType: "SCHEDULE_TO_CLOSE", lastHeartbeatDetails: make.payloads("7 of 9") },
      },
      retryState: "TIMEOUT",
    });
  });

  it("leave a failure as it is when there is no room for the next attempt", () => {
    given(...withActivity({ scheduleToCloseTimeoutMs: 1_500 }), claimed(5), passed(501))
      .when("respondActivity", make.failed(5))
      .thenEvents(
        "ActivityTaskStarted",
        ["ActivityTaskFailed", { failure: make.failureOf("Broken"), retryState: "TIMEOUT" }],
        "WorkflowTaskScheduled",
        "WorkflowTaskStarted",
      );
  });

  it("keep the last details and the last failure in the failure that closes it", () => {
    const scenario = timeoutsOf({ startToCloseTimeoutMs: 3_000 }, [...claimAndBeat, passed(3_000)]);
    scenario.whenTicked();
    expect(closing(scenario)).toMatchObject({
      failure: { timeoutFailureInfo: { lastHeartbeatDetails: make.payloads("7 of 9") } },
      retryState: "MAXIMUM_ATTEMPTS_REACHED",
    });
  });

  it("do not pile up: the failure after a thousand timeouts is no bigger than after two", () => {
    const overrides = { startToCloseTimeoutMs: 1_000, retryPolicy: { maximumIntervalMs: 1_000 } };
    const scenario = given(...withActivity(overrides));
    const size = (count: number): number => {
      for (let round = 0; round < count; round += 1) {
        scenario.nowMs = Math.max(scenario.nowMs, scenario.activity(5).progress.attemptScheduledTimeMs);
        claimed(5)(scenario);
        scenario.after(1_000).whenTicked().thenEvents();
      }
      return JSON.stringify(scenario.activity(5).progress.lastFailure).length;
    };
    expect(size(1_000)).toBe(size(2));
  });

  it("end with the run's own", () => {
    const scenario = given(...withActivity({}, { workflowRunTimeoutMs: 5_000 }), passed(5_000));
    scenario.whenTicked().thenEvents("WorkflowExecutionTimedOut");
  });
});

describe("the details of the last heartbeat", () => {
  const beat = (scenario: Scenario, attempt: number): void =>
    void scenario.take("heartbeatActivity", {
      version: 1,
      taskToken: make.taskToken(5, { attempt }),
      details: make.payloads("7 of 9"),
    });

  it("reach the next attempt, after a failure and after a timeout, and any attempt after that", () => {
    for (const end of ["failure", "timeout"]) {
      const scenario = given(...withActivity({ startToCloseTimeoutMs: 1_000 }), claimed(5));
      beat(scenario, 1);
      if (end === "failure") responded(make.failed(5))(scenario);
      else scenario.after(1_000).whenTicked();
      expect(scenario.activity(5).progress).toMatchObject({ attempt: 2, heartbeatDetails: make.payloads("7 of 9") });
      expect(scenario.activity(5).progress.lastHeartbeatTimeMs).toBeUndefined();
      failAttempt(scenario);
      expect(scenario.activity(5).progress).toMatchObject({ attempt: 3, heartbeatDetails: make.payloads("7 of 9") });
    }
  });

  it("may come with the failure itself", () => {
    const scenario = given(...withActivity(), claimed(5));
    scenario.take("respondActivity", {
      ...make.failed(5),
      outcome: { kind: "failed", failure: make.failureOf("Broken"), lastHeartbeatDetails: make.payloads("8 of 9") },
    });
    expect(scenario.activity(5).progress.heartbeatDetails).toEqual(make.payloads("8 of 9"));
  });
});

describe("a task that nobody claims", () => {
  it("is sent again at growing gaps, from what is stored alone", () => {
    const activity = given(...withActivity()).activity(5);
    const times: number[] = [];
    for (let atMs = make.START_MS; times.length < 8; times.push(atMs - make.START_MS))
      atMs = nextDispatchMs(activity, atMs) ?? Number.NaN;
    expect(times.map((ms) => ms / 1_000)).toEqual([10, 30, 70, 150, 310, 610, 910, 1_210]);
  });

  it("has a next time later than any given one, and never a gap above five minutes", () => {
    const activity = given(...withActivity()).activity(5);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 * 86_400_000 }), (ms) => {
        const nextMs = nextDispatchMs(activity, make.START_MS + ms) ?? Number.NaN;
        expect(nextMs).toBeGreaterThan(make.START_MS + ms);
        expect(nextMs - (make.START_MS + ms)).toBeLessThanOrEqual(300_000);
      }),
    );
  });

  it("is not sent once it is claimed", () => {
    expect(nextDispatchMs(given(...withActivity(), claimed(5)).activity(5), make.START_MS)).toBeUndefined();
  });
});
