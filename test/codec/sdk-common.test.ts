/** What `holdfast/common` adds to the codec layer: durations, retry policies, choices, loggers, types. */
import { describe, expect, expectTypeOf, it } from "vitest";

import {
  ActivityCancellationDetails,
  ActivityCancellationType,
  type ActivityFunction,
  ApplicationFailureCategory,
  type BaseWorkflowHandle,
  type Duration,
  type LogLevel,
  type LogMetadata,
  type Logger,
  LoggerWithComposedMetadata,
  type QueryDefinition,
  RetryState,
  type SignalDefinition,
  TemporalFailure,
  TimeoutType,
  ValueError,
  type WithWorkflowArgs,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
  type WorkflowResultType,
  compileRetryPolicy,
  decodeActivityCancellationType,
  decodeApplicationFailureCategory,
  decodeRetryState,
  decodeTimeoutType,
  decodeWorkflowIdConflictPolicy,
  decodeWorkflowIdReusePolicy,
  decompileRetryPolicy,
  extractWorkflowType,
  msOptionalToNumber,
  msToNumber,
} from "../../src/sdk/common/index.ts";

async function transfer(_amount: number): Promise<string> {
  return "done";
}

describe("durations", () => {
  it.each<[Duration, number]>([
    [0, 0],
    [1.5, 1.5],
    ["100", 100],
    ["50ms", 50],
    ["10 seconds", 10_000],
    ["1 minute", 60_000],
    ["30 days", 2_592_000_000],
    ["-1s", -1_000],
  ])("%j is %d ms", (duration, milliseconds) => {
    expect(msToNumber(duration)).toBe(milliseconds);
  });

  it.each(["", "soon", "10 parsecs"])("%j is none", (duration) => {
    expect(() => msToNumber(duration as Duration)).toThrow(TypeError);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("%d is none", (duration) => {
    expect(() => msToNumber(duration)).toThrow(ValueError);
  });

  it("may be absent", () => {
    expect(msOptionalToNumber(undefined)).toBeUndefined();
    expect(msOptionalToNumber(null)).toBeUndefined();
    expect(msOptionalToNumber("1s")).toBe(1_000);
  });
});

describe("retry policies", () => {
  it("compile to the wire and back", () => {
    const wire = compileRetryPolicy({
      initialInterval: "50ms",
      backoffCoefficient: 1.5,
      maximumInterval: "1 minute",
      maximumAttempts: 3,
      nonRetryableErrorTypes: ["AccountClosed"],
    });
    expect(wire).toEqual({
      initialIntervalMs: 50,
      backoffCoefficient: 1.5,
      maximumIntervalMs: 60_000,
      maximumAttempts: 3,
      nonRetryableErrorTypes: ["AccountClosed"],
    });
    expect(compileRetryPolicy(decompileRetryPolicy(wire) ?? {})).toEqual(wire);
    expect(compileRetryPolicy({})).toEqual({});
    expect(decompileRetryPolicy(undefined)).toBeUndefined();
    expect(decompileRetryPolicy({ maximumAttempts: 0 })?.maximumAttempts).toBeUndefined();
  });

  it("Infinity attempts is no limit", () => {
    expect(compileRetryPolicy({ maximumAttempts: Number.POSITIVE_INFINITY })).toEqual({});
  });

  it.each([
    ["initialInterval", { initialInterval: 0 }],
    ["initialInterval", { initialInterval: -5 }],
    ["maximumInterval", { maximumInterval: 0 }],
    ["maximumInterval", { initialInterval: "2s", maximumInterval: "1s" } as const],
    ["maximumInterval", { maximumInterval: 999 }],
    ["maximumAttempts", { maximumAttempts: 0 }],
    ["maximumAttempts", { maximumAttempts: 1.5 }],
    ["maximumAttempts", { maximumAttempts: -1 }],
    ["backoffCoefficient", { backoffCoefficient: 0.5 }],
    ["backoffCoefficient", { backoffCoefficient: Number.NaN }],
  ])("refuse a bad %s: %j", (field, policy) => {
    expect(() => compileRetryPolicy(policy)).toThrow(ValueError);
    expect(() => compileRetryPolicy(policy)).toThrow(field);
  });

  it("take the edges", () => {
    expect(
      compileRetryPolicy({ initialInterval: 1, maximumInterval: 1, maximumAttempts: 1, backoffCoefficient: 1 }),
    ).toEqual({ initialIntervalMs: 1, maximumIntervalMs: 1, maximumAttempts: 1, backoffCoefficient: 1 });
  });
});

describe("choices", () => {
  it("have Temporal's names, the older ones too", () => {
    expect(TimeoutType.HEARTBEAT).toBe("HEARTBEAT");
    expect(TimeoutType.TIMEOUT_TYPE_HEARTBEAT).toBe("HEARTBEAT");
    expect(RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED).toBe("MAXIMUM_ATTEMPTS_REACHED");
    expect(WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE).toBe("REJECT_DUPLICATE");
    expect(WorkflowIdConflictPolicy.USE_EXISTING).toBe("USE_EXISTING");
    expect(ActivityCancellationType.ABANDON).toBe("ABANDON");
    expect(ApplicationFailureCategory.BENIGN).toBe("BENIGN");
  });

  it("are read in either spelling", () => {
    expect(decodeTimeoutType("TIMEOUT_TYPE_START_TO_CLOSE")).toBe("START_TO_CLOSE");
    expect(decodeRetryState("CANCEL_REQUESTED")).toBe("CANCEL_REQUESTED");
    expect(decodeWorkflowIdReusePolicy("WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE")).toBe("ALLOW_DUPLICATE");
    expect(decodeWorkflowIdConflictPolicy("WORKFLOW_ID_CONFLICT_POLICY_FAIL")).toBe("FAIL");
    expect(decodeActivityCancellationType("ACTIVITY_CANCELLATION_TYPE_TRY_CANCEL")).toBe("TRY_CANCEL");
    expect(decodeApplicationFailureCategory("APPLICATION_ERROR_CATEGORY_BENIGN")).toBe("BENIGN");
    expect(decodeRetryState(undefined)).toBeUndefined();
  });

  it("refuse anything else, and say what there is", () => {
    expect(() => decodeTimeoutType("SOMETIME")).toThrow(ValueError);
    expect(() => decodeTimeoutType("SOMETIME")).toThrow(
      "START_TO_CLOSE, SCHEDULE_TO_START, SCHEDULE_TO_CLOSE, HEARTBEAT",
    );
    expect(() => decodeTimeoutType("toString")).toThrow(ValueError);
  });
});

describe("a composed logger", () => {
  class Lines implements Logger {
    readonly lines: [LogLevel, string, LogMetadata | undefined][] = [];
    log(level: LogLevel, message: string, meta?: LogMetadata): void {
      this.lines.push([level, message, meta]);
    }
    trace = (message: string): void => this.log("TRACE", message);
    debug = (message: string): void => this.log("DEBUG", message);
    info = (message: string): void => this.log("INFO", message);
    warn = (message: string): void => this.log("WARN", message);
    error = (message: string): void => this.log("ERROR", message);
  }

  it("adds what it knows, asks when a line is written, and lets the line win", () => {
    const base = new Lines();
    let attempt = 0;
    const logger = LoggerWithComposedMetadata.compose(
      LoggerWithComposedMetadata.compose(base, { workflowId: "w", attempt: 0 }),
      () => ({ attempt: (attempt += 1) }),
    );
    logger.info("a");
    logger.error("b", { workflowId: "own" });
    for (const level of ["trace", "debug", "warn"] as const) logger[level]("c");
    expect(base.lines).toEqual([
      ["INFO", "a", { workflowId: "w", attempt: 1 }],
      ["ERROR", "b", { workflowId: "own", attempt: 2 }],
      ["TRACE", "c", { workflowId: "w", attempt: 3 }],
      ["DEBUG", "c", { workflowId: "w", attempt: 4 }],
      ["WARN", "c", { workflowId: "w", attempt: 5 }],
    ]);
  });
});

describe("names and errors", () => {
  it("a workflow is named by text or function", () => {
    expect(extractWorkflowType(transfer)).toBe("transfer");
    expect(extractWorkflowType("other")).toBe("other");
    expect(() => extractWorkflowType(async () => 1)).toThrow(ValueError);
  });

  it("errors carry what they are about", () => {
    const taken = new WorkflowExecutionAlreadyStartedError("Workflow execution already started", "w", "transfer");
    expect(taken).toBeInstanceOf(TemporalFailure);
    expect(taken).toMatchObject({
      name: "WorkflowExecutionAlreadyStartedError",
      workflowId: "w",
      workflowType: "transfer",
    });
    expect(new WorkflowNotFoundError("m", "w", undefined)).toMatchObject({
      name: "WorkflowNotFoundError",
      workflowId: "w",
    });
    expect(new ActivityCancellationDetails({ timedOut: true })).toEqual({
      notFound: false,
      cancelRequested: false,
      paused: false,
      timedOut: true,
      workerShutdown: false,
      reset: false,
    });
  });

  it("types follow the workflow function", () => {
    expectTypeOf<WorkflowResultType<typeof transfer>>().toEqualTypeOf<string>();
    expectTypeOf<WithWorkflowArgs<typeof transfer, { id: string }>>().toExtend<{ args: readonly [number] }>();
    expectTypeOf<{ id: string }>().toExtend<WithWorkflowArgs<() => Promise<void>, { id: string }>>();
    expectTypeOf<{ id: string }>().not.toExtend<WithWorkflowArgs<typeof transfer, { id: string }>>();
    expectTypeOf<typeof transfer>().toExtend<ActivityFunction<[number], string>>();
    expectTypeOf<SignalDefinition<[string], "a">>().not.toExtend<SignalDefinition<[number], "a">>();
    expectTypeOf<QueryDefinition<string>>().not.toExtend<QueryDefinition<number>>();
    expectTypeOf<BaseWorkflowHandle<typeof transfer>["result"]>().returns.resolves.toBeString();
  });
});
