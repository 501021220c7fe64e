/** The activity's table: claims, heartbeats, responses, timeouts, cancellation, dead letters. */
import { describe, expect, it } from "vitest";

import {
  type Step,
  cancelRequested,
  claimed,
  given,
  passed,
  responded,
  signaled,
  started,
  taskCompleted,
  ticked,
} from "../given.ts";
import * as make from "../requests.ts";

const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;

/** Activity `a`, scheduled by event 5. */
const scheduled = (overrides: Parameters<typeof make.scheduleActivity>[1] = {}): Step[] => [
  started(),
  taskCompleted(make.scheduleActivity("a", overrides)),
];
const running = (overrides: Parameters<typeof make.scheduleActivity>[1] = {}): Step[] => [
  ...scheduled(overrides),
  claimed(5),
];
/** The first attempt has failed, the second is due in a second. */
const backingOff = (overrides: Parameters<typeof make.scheduleActivity>[1] = {}): Step[] => [
  ...running(overrides),
  responded(make.failed(5)),
];
const asked = (): Step[] => [...running(), signaled("s1"), taskCompleted(make.cancelActivity(5))];
const closed = (): Step[] => [...running(), responded(make.completed(5)), taskCompleted()];
/** Completed while a workflow task is with the worker. */
const closeBuffered = (): Step[] => [...running(), signaled("s1"), responded(make.completed(5))];
const deadLetter = { version: 1, runId: make.RUN_ID, scheduledEventId: 5, attempt: 1 } as const;

describe("an activity that is scheduled", () => {
  it("is sent by the turn that schedules it", () => {
    given(started()).whenCompleted(make.scheduleActivity("a")).thenDispatches(5);
  });

  it("starts when it is claimed, and history does not show it yet", () => {
    const { scenario } = given(...scheduled(), passed(40))
      .when("claimActivity", make.claimRequest(5))
      .thenEvents()
      .thenReplies({ claimed: true, scheduledEventId: 5, startedTimeMs: make.START_MS + 40 });
    expect(scenario.activity(5).progress).toMatchObject({ startedTimeMs: make.START_MS + 40, identity: "worker-1" });
  });

  it("refuses a claim for another attempt, another run, and an event that scheduled nothing", () => {
    for (const wrong of [{ attempt: 2 }, { attempt: 0 }, { runId: "run-0" }, { scheduledEventId: 4 }])
      given(...scheduled())
        .when("claimActivity", make.claimRequest(5, wrong))
        .thenReplies({ claimed: false })
        .thenNothing();
  });

  it("knows no heartbeat and no outcome before a claim", () => {
    given(...scheduled())
      .when("heartbeatActivity", { version: 1, taskToken: make.taskToken(5) })
      .thenRejected("ActivityNotFound");
    for (const outcome of [make.completed(5), make.failed(5), make.canceled(5)])
      given(...scheduled())
        .when("respondActivity", outcome)
        .thenRejected("ActivityNotFound");
  });

  it("closes without a start when nobody claims it in time", () => {
    given(...scheduled({ scheduleToStartTimeoutMs: 3_000 }), passed(3_000))
      .whenTicked()
      .thenEvents(["ActivityTaskTimedOut", { scheduledEventId: 5, startedEventId: 0 }], ...newTask);
  });

  it("closes at once when its cancellation is asked for", () => {
    given(...scheduled(), signaled("s1"))
      .whenCompleted(make.cancelActivity(5))
      .thenEvents(
        "WorkflowTaskCompleted",
        ["ActivityTaskCancelRequested", { scheduledEventId: 5 }],
        ["ActivityTaskCanceled", { scheduledEventId: 5, startedEventId: 0, latestCancelRequestedEventId: 10 }],
        ...newTask,
      );
  });

  it("frees its id for another one in the same task when it is cancelled", () => {
    const { scenario } = given(...scheduled(), signaled("s1"))
      .whenCompleted(make.cancelActivity(5), make.scheduleActivity("a"))
      .thenReplies({ kept: true });
    expect(Object.keys(scenario.run.activities)).toEqual(["11"]);
  });

  it("fails as an attempt when the queue gives its message up, and shows a start so that others can replay it", () => {
    given(...scheduled({ retryPolicy: { maximumAttempts: 1 } }))
      .when("reportDeadLetter", deadLetter)
      .thenEvents(
        ["ActivityTaskStarted", { attempt: 1 }],
        ["ActivityTaskFailed", { startedEventId: 6, retryState: "MAXIMUM_ATTEMPTS_REACHED" }],
        ...newTask,
      );
    const { scenario } = given(...scheduled())
      .when("reportDeadLetter", deadLetter)
      .thenReplies({ accepted: true });
    expect(scenario.activity(5).progress).toMatchObject({
      attempt: 2,
      attemptScheduledTimeMs: make.START_MS + 1_000,
      lastFailure: { applicationFailureInfo: { type: "ActivityTaskDeadLettered" } },
    });
  });
});

describe("an activity that backs off", () => {
  it("cannot be claimed before its time, and can from then on", () => {
    const early = given(...backingOff(), passed(999)).when("claimActivity", make.claimRequest(5, { attempt: 2 }));
    early.thenReplies({ claimed: false }).thenNothing();
    given(...backingOff(), passed(1_000))
      .when("claimActivity", make.claimRequest(5, { attempt: 2 }))
      .thenReplies({ claimed: true });
  });

  it("is sent when its time has come, once", () => {
    given(...backingOff())
      .atDeadline()
      .whenTicked()
      .thenEvents()
      .thenDispatches(5);
    given(...backingOff(), passed(1_000), ticked(), passed(9_999))
      .whenTicked()
      .thenDispatches();
    given(...backingOff(), passed(1_000), ticked(), passed(10_000))
      .whenTicked()
      .thenDispatches(5);
  });

  it("does not know the attempt before", () => {
    given(...backingOff())
      .when("heartbeatActivity", { version: 1, taskToken: make.taskToken(5) })
      .thenRejected("ActivityNotFound");
    given(...backingOff())
      .when("respondActivity", make.completed(5))
      .thenRejected("ActivityNotFound");
    given(...backingOff())
      .when("claimActivity", make.claimRequest(5))
      .thenReplies({ claimed: false })
      .thenNothing();
    given(...backingOff())
      .when("reportDeadLetter", deadLetter)
      .thenReplies({ accepted: false })
      .thenNothing();
    given(...backingOff())
      .when("reportDeadLetter", { ...deadLetter, attempt: 2 })
      .thenReplies({ accepted: false })
      .thenNothing();
  });

  it("closes when its whole time is over", () => {
    const policy = { scheduleToCloseTimeoutMs: 5_000, retryPolicy: { initialIntervalMs: 5_000 } };
    given(...backingOff(policy), passed(5_000))
      .whenTicked()
      .thenEvents(["ActivityTaskTimedOut", { startedEventId: 0, retryState: "TIMEOUT" }], ...newTask);
  });

  it("closes at once when its cancellation is asked for", () => {
    given(...backingOff(), signaled("s1"))
      .whenCompleted(make.cancelActivity(5))
      .thenEvents("WorkflowTaskCompleted", "ActivityTaskCancelRequested", "ActivityTaskCanceled", ...newTask);
  });
});

describe("an activity that runs", () => {
  it("answers its own claimant again, so that a lost reply costs nothing", () => {
    given(...running(), passed(500))
      .when("claimActivity", make.claimRequest(5, { claimId: "claim-1" }))
      .thenReplies({ claimed: true, startedTimeMs: make.START_MS })
      .thenNothing();
    given(...running())
      .when("claimActivity", make.claimRequest(5, { claimId: "another" }))
      .thenReplies({ claimed: false })
      .thenNothing();
  });

  it("takes heartbeats, and says whether it should stop", () => {
    const beat = { version: 1, taskToken: make.taskToken(5), details: make.payloads("half") } as const;
    const { scenario } = given(...running(), passed(70))
      .when("heartbeatActivity", beat)
      .thenEvents()
      .thenReplies({ cancelRequested: false });
    expect(scenario.activity(5).progress).toMatchObject({
      lastHeartbeatTimeMs: make.START_MS + 70,
      heartbeatDetails: make.payloads("half"),
    });
    given(...asked())
      .when("heartbeatActivity", beat)
      .thenReplies({ cancelRequested: true });
  });

  it("keeps the last details when a heartbeat brings none", () => {
    const scenario = given(...running());
    scenario.take("heartbeatActivity", {
      version: 1,
      taskToken: make.taskToken(5),
      details: make.payloads("half"),
    });
    scenario.take("heartbeatActivity", { version: 1, taskToken: make.taskToken(5) });
    expect(scenario.activity(5).progress.heartbeatDetails).toEqual(make.payloads("half"));
  });

  it("closes with its start and its end together", () => {
    given(...running())
      .when("respondActivity", make.completed(5, {}, make.payloads("done")))
      .thenEvents(
        ["ActivityTaskStarted", { scheduledEventId: 5, attempt: 1, identity: "worker-1", requestId: "claim-1" }],
        ["ActivityTaskCompleted", { scheduledEventId: 5, startedEventId: 6, result: make.payloads("done") }],
        ...newTask,
      );
  });

  it("is retried when it fails, and history shows nothing of it", () => {
    const { scenario } = given(...running())
      .when("respondActivity", make.failed(5))
      .thenEvents()
      .thenBuffered();
    expect(scenario.activity(5).progress).toEqual({
      attempt: 2,
      attemptScheduledTimeMs: make.START_MS + 1_000,
      identity: "worker-1",
      lastFailure: make.failureOf("Broken"),
    });
  });

  it("closes as failed when it is not to be retried", () => {
    given(...running())
      .when("respondActivity", make.failed(5, make.failureOf("Broken", { nonRetryable: true })))
      .thenEvents(
        "ActivityTaskStarted",
        ["ActivityTaskFailed", { startedEventId: 6, retryState: "NON_RETRYABLE_FAILURE" }],
        ...newTask,
      );
  });

  it("may end as canceled only if that was asked for", () => {
    given(...running())
      .when("respondActivity", make.canceled(5))
      .thenRejected("InvalidArgument", /not requested/);
    given(...asked())
      .when("respondActivity", make.canceled(5))
      .thenEvents("ActivityTaskStarted", ["ActivityTaskCanceled", { latestCancelRequestedEventId: 10 }], ...newTask);
  });

  it("learns of a cancellation and goes on, and may still complete or fail", () => {
    const { scenario } = given(...running(), signaled("s1"))
      .whenCompleted(make.cancelActivity(5))
      .thenEvents("WorkflowTaskCompleted", "ActivityTaskCancelRequested");
    expect(scenario.activity(5).cancelRequestedEventId).toBe(10);
    given(...asked())
      .when("respondActivity", make.completed(5))
      .thenEvents("ActivityTaskStarted", "ActivityTaskCompleted", ...newTask);
    given(...asked())
      .when("respondActivity", make.failed(5))
      .thenEvents("ActivityTaskStarted", ["ActivityTaskFailed", { retryState: "CANCEL_REQUESTED" }], ...newTask);
  });

  it("times out, is retried, and closes when it may not be", () => {
    const retried = given(...running({ startToCloseTimeoutMs: 2_000 }), passed(2_000))
      .whenTicked()
      .thenEvents();
    expect(retried.scenario.activity(5).progress).toMatchObject({ attempt: 2 });
    given(...running({ startToCloseTimeoutMs: 2_000, retryPolicy: { maximumAttempts: 1 } }), passed(2_000))
      .whenTicked()
      .thenEvents(
        "ActivityTaskStarted",
        ["ActivityTaskTimedOut", { startedEventId: 6, retryState: "MAXIMUM_ATTEMPTS_REACHED" }],
        ...newTask,
      );
  });

  it("is no dead letter: a worker has it", () => {
    given(...running())
      .when("reportDeadLetter", deadLetter)
      .thenReplies({ accepted: false })
      .thenNothing();
  });

  it("is known only under its whole token", () => {
    const wrong = [
      { namespace: "other" },
      { workflowId: "transfer-2" },
      { runId: "run-0" },
      { activityId: "b" },
      { attempt: 2 },
    ];
    for (const part of wrong) {
      given(...running())
        .when("respondActivity", make.completed(5, part))
        .thenRejected("ActivityNotFound");
      const beat = { version: 1, taskToken: make.taskToken(5, part) } as const;
      given(...running())
        .when("heartbeatActivity", beat)
        .thenRejected("ActivityNotFound");
    }
    given(...running())
      .when("respondActivity", { ...make.completed(5), taskToken: "hf1.%" })
      .thenRejected("InvalidArgument");
  });

  it("cannot be asked twice to stop, neither later nor in the same task", () => {
    given(...asked(), signaled("s2"))
      .whenCompleted(make.cancelActivity(5))
      .thenEvents(["WorkflowTaskFailed", { cause: "BAD_REQUEST_CANCEL_ACTIVITY_ATTRIBUTES" }]);
    for (const steps of [running(), scheduled(), closeBuffered()])
      given(...steps, signaled("s2"))
        .whenCompleted(make.cancelActivity(5), make.cancelActivity(5))
        .thenReplies({ kept: false });
  });
});

describe("an activity that has closed", () => {
  it("is gone for its workers", () => {
    given(...closed())
      .when("claimActivity", make.claimRequest(5))
      .thenReplies({ claimed: false })
      .thenNothing();
    given(...closed())
      .when("heartbeatActivity", { version: 1, taskToken: make.taskToken(5) })
      .thenRejected("ActivityNotFound");
    given(...closed())
      .when("respondActivity", make.completed(5))
      .thenRejected("ActivityNotFound");
    given(...closed())
      .when("reportDeadLetter", deadLetter)
      .thenReplies({ accepted: false })
      .thenNothing();
  });

  it("cannot be cancelled", () => {
    given(...closed(), cancelRequested())
      .whenCompleted(make.cancelActivity(5))
      .thenEvents(["WorkflowTaskFailed", { cause: "BAD_REQUEST_CANCEL_ACTIVITY_ATTRIBUTES" }]);
  });

  it("is gone for its workers even before history says so", () => {
    given(...closeBuffered())
      .when("claimActivity", make.claimRequest(5))
      .thenReplies({ claimed: false })
      .thenNothing();
    given(...closeBuffered())
      .when("heartbeatActivity", { version: 1, taskToken: make.taskToken(5) })
      .thenRejected("ActivityNotFound");
    given(...closeBuffered())
      .when("respondActivity", make.completed(5))
      .thenRejected("ActivityNotFound");
    given(...closeBuffered())
      .when("reportDeadLetter", deadLetter)
      .thenReplies({ accepted: false })
      .thenNothing();
  });

  it("may be cancelled by a workflow that has not seen the end yet; the end stands", () => {
    given(...closeBuffered())
      .whenCompleted(make.cancelActivity(5))
      .thenEvents(
        "WorkflowTaskCompleted",
        "ActivityTaskCancelRequested",
        ["ActivityTaskStarted", { scheduledEventId: 5 }],
        ["ActivityTaskCompleted", { scheduledEventId: 5, startedEventId: 11 }],
        ...newTask,
      );
  });
});

describe("an activity that is handed straight to a worker", () => {
  const eager = (): Step[] => scheduled({ startToCloseTimeoutMs: 30_000, allowEagerDispatch: true });
  const release = { runId: make.RUN_ID, scheduledEventId: 5 };

  it("is claimed in that worker's name by the commit that schedules it", () => {
    const short = make.scheduleActivity("a", { startToCloseTimeoutMs: 30_000, allowEagerDispatch: true });
    const { scenario } = given(started()).whenCompleted(short).thenOffers(5).thenDispatches();
    expect(scenario.activity(5).progress).toMatchObject({ attempt: 1, startedTimeMs: make.START_MS });
    given(...eager())
      .when("claimActivity", make.claimRequest(5))
      .thenReplies({ claimed: false })
      .thenNothing();
    given(...eager())
      .when("respondActivity", make.completed(5))
      .thenEvents("ActivityTaskStarted", "ActivityTaskCompleted", ...newTask);
  });

  it("is one that surely ends while a Worker may still run, and that may be", () => {
    const others = [
      { startToCloseTimeoutMs: 30_001, allowEagerDispatch: true },
      { startToCloseTimeoutMs: 30_000, allowEagerDispatch: false },
    ];
    for (const overrides of others)
      given(started()).whenCompleted(make.scheduleActivity("a", overrides)).thenOffers().thenDispatches(5);
  });

  it("goes through the queue when that worker does not want it, once", () => {
    const scenario = given(...eager());
    scenario.when("releaseEagerClaim", release).thenReplies({ released: true }).thenDispatches(5);
    scenario.when("releaseEagerClaim", release).thenReplies({ released: false }).thenNothing();
    scenario.when("claimActivity", make.claimRequest(5)).thenReplies({ claimed: true });
  });

  it("is retried through the queue", () => {
    const scenario = given(...eager(), responded(make.failed(5)));
    scenario.when("releaseEagerClaim", release).thenReplies({ released: false }).thenNothing();
    scenario.atDeadline().whenTicked().thenDispatches(5).thenOffers();
  });

  it("is not let go by a claim that is not such a worker's, or for another run", () => {
    for (const steps of [running(), scheduled(), backingOff(), closed(), closeBuffered()])
      given(...steps)
        .when("releaseEagerClaim", release)
        .thenReplies({ released: false })
        .thenNothing();
    given(...eager())
      .when("releaseEagerClaim", { ...release, runId: "run-0" })
      .thenReplies({ released: false })
      .thenNothing();
  });
});

describe("scheduling an activity", () => {
  it("is refused while its id is in use, by an open one or by one of the same task", () => {
    given(...running(), signaled("s1"))
      .whenCompleted(make.scheduleActivity("a"))
      .thenEvents(["WorkflowTaskFailed", { cause: "SCHEDULE_ACTIVITY_DUPLICATE_ID" }])
      .thenDispatches();
    given(started())
      .whenCompleted(make.scheduleActivity("a"), make.scheduleActivity("a"))
      .thenEvents(["WorkflowTaskFailed", { cause: "SCHEDULE_ACTIVITY_DUPLICATE_ID" }])
      .thenDispatches();
  });

  it("is refused when malformed", () => {
    const malformed = [
      { activityId: "" },
      { activityType: "" },
      { taskQueue: "line\nbreak" },
      { startToCloseTimeoutMs: 0 },
      { startToCloseTimeoutMs: -1 },
      { startToCloseTimeoutMs: Number.NaN },
      { heartbeatTimeoutMs: Number.POSITIVE_INFINITY },
      { retryPolicy: { initialIntervalMs: 0 } },
      { retryPolicy: { initialIntervalMs: Number.POSITIVE_INFINITY } },
      { retryPolicy: { backoffCoefficient: 0.5 } },
      { retryPolicy: { backoffCoefficient: Number.NaN } },
      { retryPolicy: { maximumIntervalMs: Number.NaN } },
      { retryPolicy: { maximumIntervalMs: 999 } },
      { retryPolicy: { maximumAttempts: 1.5 } },
      { retryPolicy: { maximumAttempts: -1 } },
    ];
    for (const overrides of malformed)
      given(started())
        .whenCompleted(make.scheduleActivity("a", overrides))
        .thenEvents(["WorkflowTaskFailed", { cause: "BAD_SCHEDULE_ACTIVITY_ATTRIBUTES" }]);
  });
});
