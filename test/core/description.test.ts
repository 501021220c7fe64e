// What callers see of a run: its description while it is open, its outcome when it has ended.
import { describe, expect, it } from "vitest";

import { describeRun, outcomeOf } from "../../src/core/description.ts";
import type { Command } from "../../src/core/command.ts";
import {
  type Scenario,
  cancelRequested,
  claimed,
  given,
  passed,
  responded,
  signaled,
  started,
  taskCompleted,
  taskFailed,
  terminated,
  ticked,
} from "./given.ts";
import { completeRetryPolicy } from "../../src/core/retry-policy.ts";
import * as make from "./requests.ts";

const described = (scenario: Scenario): ReturnType<typeof describeRun> => describeRun(scenario.run, scenario.nowMs);

describe("the description of a run", () => {
  it("names it and says how far it is", () => {
    const memo = { fields: { note: {} } };
    expect(described(given(started({ memo }), taskCompleted(make.startTimer("t", 700)), cancelRequested()))).toEqual({
      namespace: "default",
      workflowId: "transfer-1",
      runId: "run-1",
      firstExecutionRunId: "run-1",
      originalExecutionRunId: "run-1",
      workflowType: "transfer",
      taskQueue: "transfers",
      status: "RUNNING",
      startTimeMs: make.START_MS,
      executionTimeMs: make.START_MS,
      historyLength: 8,
      historySizeBytes: 0,
      memo,
      cancelRequested: true,
      pendingChildren: [],
      pendingActivities: [],
      pendingTimers: [{ timerId: "t", startedEventId: 5, fireTimeMs: make.START_MS + 700 }],
      pendingWorkflowTask: {
        state: "STARTED",
        attempt: 1,
        scheduledTimeMs: make.START_MS,
        startedTimeMs: make.START_MS,
      },
    });
  });

  it("shows an activity through its life", () => {
    const options = { scheduleToCloseTimeoutMs: 90_000, retryPolicy: { maximumAttempts: 5 } };
    const scenario = given(started(), taskCompleted(make.scheduleActivity("a", options)));
    const activity = (): unknown => described(scenario).pendingActivities[0];
    const always = {
      activityId: "a",
      activityType: "withdraw",
      maximumAttempts: 5,
      scheduledTimeMs: make.START_MS,
      expirationTimeMs: make.START_MS + 90_000,
      options: {
        taskQueue: "transfers",
        scheduleToCloseTimeoutMs: 90_000,
        scheduleToStartTimeoutMs: 90_000,
        startToCloseTimeoutMs: 60_000,
        heartbeatTimeoutMs: 0,
        retryPolicy: completeRetryPolicy({ maximumAttempts: 5 }),
      },
    };
    expect(activity()).toEqual({ ...always, state: "SCHEDULED", attempt: 1 });
    claimed(5)(scenario.after(10));
    scenario.take("heartbeatActivity", { version: 1, taskToken: make.taskToken(5), details: make.payloads("half") });
    expect(activity()).toEqual({
      ...always,
      state: "STARTED",
      attempt: 1,
      lastStartedTimeMs: make.START_MS + 10,
      lastHeartbeatTimeMs: make.START_MS + 10,
      heartbeatDetails: make.payloads("half"),
      lastWorkerIdentity: "worker-1",
    });
    responded(make.failed(5))(scenario);
    const waiting = { ...always, state: "SCHEDULED", attempt: 2, lastFailure: make.failureOf("Broken") };
    expect(activity()).toMatchObject({ ...waiting, nextAttemptScheduleTimeMs: make.START_MS + 1_010 });
    scenario.after(1_000);
    expect(activity()).not.toHaveProperty("nextAttemptScheduleTimeMs");
    claimed(5)(scenario);
    signaled("s1")(scenario);
    taskCompleted(make.cancelActivity(5))(scenario);
    expect(activity()).toMatchObject({ state: "CANCEL_REQUESTED", attempt: 2 });
  });

  it("shows why its workflow task fails, and when it is tried again", () => {
    const { pendingWorkflowTask } = described(given(started(), taskFailed(), taskFailed()));
    expect(pendingWorkflowTask).toEqual({
      state: "SCHEDULED",
      attempt: 3,
      scheduledTimeMs: make.START_MS + 1_000,
      lastFailure: { message: "TypeError" },
      lastFailureCause: "WORKFLOW_WORKER_UNHANDLED_FAILURE",
    });
  });

  it("of one that has ended says so", () => {
    const closed = described(given(started(), passed(50), terminated()));
    expect(closed).toMatchObject({ status: "TERMINATED", closeTimeMs: make.START_MS + 50, pendingActivities: [] });
    expect(closed).not.toHaveProperty("pendingWorkflowTask");
  });
});

describe("the outcome of a run", () => {
  const outcome = (scenario: Scenario): unknown => {
    const { closeEventId } = scenario.run;
    return outcomeOf(scenario.run, closeEventId === undefined ? undefined : scenario.events[closeEventId - 1]);
  };
  const ended = (command: Command): unknown => outcome(given(started(), taskCompleted(command)));
  const run = { runId: "run-1", originalExecutionRunId: "run-1" };

  it("is pending while the run is open", () => {
    expect(outcome(given(started()))).toEqual({ kind: "pending", runId: "run-1" });
  });

  it("is what the closing event says", () => {
    const result = make.payloads("paid");
    const failure = make.failureOf("Declined");
    expect(ended({ commandType: "CompleteWorkflowExecution", result })).toEqual({ kind: "completed", ...run, result });
    expect(ended(make.COMPLETE)).toEqual({ kind: "completed", ...run });
    expect(ended({ commandType: "FailWorkflowExecution", failure })).toEqual({
      kind: "failed",
      ...run,
      failure,
      retryState: "RETRY_POLICY_NOT_SET",
    });
    expect(ended({ commandType: "CancelWorkflowExecution", details: result })).toEqual({
      kind: "canceled",
      ...run,
      details: result,
    });
    expect(outcome(given(started(), terminated()))).toEqual({ kind: "terminated", ...run, reason: "enough" });
    const timedOut = given(started({ workflowRunTimeoutMs: 1_000 }), passed(1_000), ticked());
    expect(outcome(timedOut)).toEqual({ kind: "timedOut", ...run, retryState: "RETRY_POLICY_NOT_SET" });
  });
});
