import { describe, expect, it } from "vitest";

import { defaultFailureConverter, defaultPayloadConverter } from "../../src/codec/index.ts";
import type { Command } from "../../src/core/command.ts";
import { RandomSource } from "../../src/replay/random-source.ts";
import { randomnessSeed } from "../../src/replay/siphash13.ts";
import {
  ApplicationFailure,
  CancellationScope,
  type ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  sleep,
  startChild,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowExecutionAlreadyStartedError,
  workflowInfo,
} from "../../src/sdk/workflow/index.ts";
import {
  brief,
  CHILD_RUN_ID,
  commandsOf,
  failureOf,
  history,
  replay,
  RUN_ID,
  TestSession,
  valuesOf,
} from "./history-builder.ts";

type StartCommand = Extract<Command, { commandType: "StartChildWorkflowExecution" }>;

async function ship(orderId: number, _express?: boolean): Promise<string> {
  return `shipped ${orderId}`;
}

/** What a failed child is to the code that waits for it. */
async function describeFailure(child: Promise<unknown>): Promise<unknown[]> {
  const error: unknown = await child.catch((error: unknown) => error);
  if (!(error instanceof ChildWorkflowFailure)) throw error;
  const { message, namespace, execution, workflowType, retryState, cause } = error;
  return [message, namespace, execution, workflowType, retryState, cause?.name, cause?.message];
}

describe("starting children", () => {
  it("makes a command with everything the options say", async () => {
    const workflow = () =>
      executeChild(ship, {
        args: [17, true],
        workflowId: "ship-17",
        taskQueue: "shipping",
        workflowIdReusePolicy: "REJECT_DUPLICATE",
        retry: { maximumAttempts: 3 },
        cronSchedule: "0 * * * *",
        memo: { owner: "Ada" },
        searchAttributes: { CustomerId: ["c-17"] },
        workflowExecutionTimeout: "2 hours",
        workflowRunTimeout: "1 hour",
        workflowTaskTimeout: "5 seconds",
        parentClosePolicy: ParentClosePolicy.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
        staticSummary: "Shipping",
        staticDetails: "Order 17",
      });
    const [command] = (await replay(workflow, history("workflow").taskStarted())) as [StartCommand];
    expect(command).toMatchObject({
      commandType: "StartChildWorkflowExecution",
      namespace: "default",
      workflowId: "ship-17",
      workflowType: "ship",
      taskQueue: "shipping",
      workflowIdReusePolicy: "REJECT_DUPLICATE",
      retryPolicy: { maximumAttempts: 3 },
      cronSchedule: "0 * * * *",
      workflowExecutionTimeoutMs: 7_200_000,
      workflowRunTimeoutMs: 3_600_000,
      workflowTaskTimeoutMs: 5_000,
      parentClosePolicy: "REQUEST_CANCEL",
    });
    expect(valuesOf(command.input)).toEqual([17, true]);
    expect(valuesOf({ payloads: Object.values(command.memo?.fields ?? {}) })).toEqual(["Ada"]);
    expect(Object.keys(command.searchAttributes?.indexedFields ?? {})).toEqual(["CustomerId"]);
    const { summary, details } = command.userMetadata ?? {};
    expect(valuesOf({ payloads: [summary!, details!] })).toEqual(["Shipping", "Order 17"]);
  });

  it("leaves to the service what no option says", async () => {
    const [command] = (await replay(
      () => executeChild(ship, { args: [1], workflowId: "c" }),
      history("w").taskStarted(),
    )) as [StartCommand];
    expect(Object.keys(command).toSorted()).toEqual(
      ["commandType", "namespace", "workflowId", "workflowType", "taskQueue", "input"].toSorted(),
    );
    expect(command.taskQueue).toBe("default");
  });

  it("draws the default id as Temporal's SDK does: from the run's seed, when the start is asked for", async () => {
    const random = new RandomSource(randomnessSeed(RUN_ID));
    const ids = [random.uuid4(), random.uuid4()];
    const workflow = () => Promise.all([executeChild("a"), executeChild("b")]);
    const commands = (await replay(workflow, history("workflow").taskStarted())) as StartCommand[];
    expect(commands.map(({ workflowId }) => workflowId)).toEqual(ids);
  });

  it("takes a namespace of the same service", async () => {
    const workflow = () => executeChild("ship", { namespace: "warehouse", workflowId: "c" });
    expect(await replay(workflow, history("workflow").taskStarted())).toMatchObject([{ namespace: "warehouse" }]);
  });

  it.each([
    [{ parentClosePolicy: "KEEP" as never }, 'Invalid parentClosePolicy "KEEP"'],
    [{ cancellationType: "MAYBE" as never }, 'Invalid cancellationType "MAYBE"'],
    [{ retry: { maximumAttempts: -1 } }, "RetryPolicy.maximumAttempts"],
  ])("refuses options that make no sense: %j", async (options, expected) => {
    const { cause, message } = await failureOf(() => executeChild("c", options), history("workflow").taskStarted());
    expect(cause).toBe("WORKFLOW_WORKER_UNHANDLED_FAILURE");
    expect(message).toContain(expected);
  });

  it("resolves with a handle once the child runs, and its result later", async () => {
    const workflow = async () => {
      const child = await startChild(ship, { args: [17], workflowId: "c" });
      const handle = [child.workflowId, child.firstExecutionRunId];
      return [...handle, await child.result()];
    };
    const builder = history("workflow").task().childInitiated("c", "ship", 17).childStarted("c").task();
    builder.childCompleted("c", "shipped").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual([`Complete ["c","${CHILD_RUN_ID}","shipped"]`]);
  });

  it("gives the same in a session that goes on", async () => {
    const workflow = () => executeChild(ship, { args: [17], workflowId: "c" });
    const session = new TestSession({ workflow }, "workflow");
    const builder = history("workflow").taskStarted();
    expect(brief(commandsOf(await session.run(builder.events)))).toEqual(["StartChild c ship"]);
    builder.taskCompleted().childInitiated("c", "ship", 17).childStarted("c").taskStarted();
    expect(commandsOf(await session.run(builder.events))).toEqual([]);
    builder.taskCompleted().childCompleted("c", "shipped").taskStarted();
    expect(brief(commandsOf(await session.run(builder.events)))).toEqual(['Complete "shipped"']);
  });

  it("rejects when the id is taken, and fails the workflow with it when nobody catches", async () => {
    const caught = async () => {
      const error: unknown = await startChild("ship", { workflowId: "c" }).catch((error: unknown) => error);
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      return [error.message, error.workflowId, error.workflowType];
    };
    const builder = () => history("workflow").task().childInitiated("c", "ship").childStartFailed("c").taskStarted();
    expect(brief(await replay(caught, builder()))).toEqual([
      'Complete ["Workflow execution already started","c","ship"]',
    ]);
    expect(brief(await replay(() => executeChild("ship", { workflowId: "c" }), builder()))).toEqual([
      "Fail Workflow execution already started",
    ]);
  });

  it("leaves a failing child that nobody waits for alone", async () => {
    const workflow = async () => {
      await startChild("ship", { workflowId: "c" });
      await sleep(1);
      return "went on";
    };
    const failure = defaultFailureConverter.errorToFailure(ApplicationFailure.create({}), defaultPayloadConverter);
    const builder = history("workflow").task().childInitiated("c", "ship").childStarted("c").task();
    builder.timerStarted("1").childFailed("c", failure).timerFired("1").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(['Complete "went on"']);
  });
});

describe("the end of a child", () => {
  const workflow = () => describeFailure(executeChild("ship", { workflowId: "c" }));
  const running = () => history("workflow").task().childInitiated("c", "ship").childStarted("c").task();
  const named = `"default",{"workflowId":"c","runId":"${CHILD_RUN_ID}"},"ship"`;

  it("by failing is a failure around the child's own", async () => {
    const error = ApplicationFailure.nonRetryable("no stock", "OutOfStock", { sku: 3 });
    const failure = defaultFailureConverter.errorToFailure(error, defaultPayloadConverter);
    const builder = () => running().childFailed("c", failure).taskStarted();
    expect(brief(await replay(workflow, builder()))).toEqual([
      `Complete ["Child Workflow execution failed",${named},"RETRY_POLICY_NOT_SET","ApplicationFailure","no stock"]`,
    ]);
    const [command] = await replay(() => executeChild("ship", { workflowId: "c" }), builder());
    expect(command).toMatchObject({
      commandType: "FailWorkflowExecution",
      failure: {
        message: "Child Workflow execution failed",
        cause: failure,
        childWorkflowExecutionFailureInfo: {
          namespace: "default",
          workflowExecution: { workflowId: "c", runId: CHILD_RUN_ID },
          workflowType: { name: "ship" },
          initiatedEventId: 5,
          startedEventId: 6,
          retryState: "RETRY_POLICY_NOT_SET",
        },
      },
    });
  });

  it("by a timeout, by termination and by cancellation is told apart by the cause", async () => {
    expect(brief(await replay(workflow, running().childTimedOut("c").taskStarted()))).toEqual([
      `Complete ["Child Workflow execution failed",${named},"TIMEOUT","TimeoutFailure","Timed out"]`,
    ]);
    expect(brief(await replay(workflow, running().childTerminated("c").taskStarted()))).toEqual([
      `Complete ["Child Workflow execution failed",${named},"NON_RETRYABLE_FAILURE","TerminatedFailure","Terminated"]`,
    ]);
    expect(brief(await replay(workflow, running().childCanceled("c").taskStarted()))).toEqual([
      `Complete ["Child Workflow execution failed",${named},"NON_RETRYABLE_FAILURE","CancelledFailure",""]`,
    ]);
    const causeOf = async (builder: typeof running) => {
      let cause: unknown;
      const keep = async () => {
        const error: unknown = await executeChild("ship", { workflowId: "c" }).catch((error: unknown) => error);
        cause = error instanceof ChildWorkflowFailure ? error.cause : error;
      };
      await replay(keep, builder());
      return cause;
    };
    const timedOut = await causeOf(() => running().childTimedOut("c").taskStarted());
    expect(timedOut).toBeInstanceOf(TimeoutFailure);
    expect((timedOut as TimeoutFailure).timeoutType).toBe("START_TO_CLOSE");
    expect(await causeOf(() => running().childTerminated("c").taskStarted())).toBeInstanceOf(TerminatedFailure);
  });
});

describe("cancelling a child", () => {
  /** Starts a child, waits a while, cancels, and says when and how the child's end came. */
  const cancelLater = (cancellationType?: ChildWorkflowCancellationType) => async () => {
    const scope = new CancellationScope();
    const child = scope
      .run(() => executeChild("ship", { workflowId: "c", ...(cancellationType ? { cancellationType } : {}) }))
      .catch((error: unknown) => (isCancellation(error) ? "cancelled" : "failed"));
    await sleep(1);
    scope.cancel();
    return child;
  };
  const started = () => history("workflow").task().childInitiated("c", "ship").timerStarted("1").childStarted("c");

  it("before its command is sent leaves nothing behind", async () => {
    const workflow = async () => {
      const scope = new CancellationScope();
      const child = describeFailure(scope.run(() => executeChild("ship", { workflowId: "c" })));
      scope.cancel();
      return child;
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual([
      'Complete ["Child Workflow execution failed","default",{"workflowId":"c","runId":""},"ship",' +
        '"NON_RETRYABLE_FAILURE","CancelledFailure",""]',
    ]);
  });

  it("in a scope that was cancelled before starts none", async () => {
    const workflow = async () => {
      const scope = new CancellationScope();
      scope.cancel();
      return scope.run(() => executeChild("ship")).catch((error: unknown) => (error as Error).message);
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual([
      'Complete "Cancellation scope cancelled"',
    ]);
  });

  it.each([
    [undefined, ["RequestCancel c child"]],
    ["WAIT_CANCELLATION_COMPLETED", ["RequestCancel c child"]],
    ["WAIT_CANCELLATION_REQUESTED", ["RequestCancel c child"]],
    ["TRY_CANCEL", ["RequestCancel c child", 'Complete "cancelled"']],
    ["ABANDON", ['Complete "cancelled"']],
  ] as const)("with %s", async (cancellationType, expected) => {
    const builder = started().timerFired("1").taskStarted();
    expect(brief(await replay(cancelLater(cancellationType), builder))).toEqual(expected);
  });

  it("names the run that was started, and no run before it has", async () => {
    const request = (command: unknown) => ({
      commandType: "RequestCancelExternalWorkflowExecution",
      namespace: "default",
      workflowExecution: command,
      childWorkflowOnly: true,
    });
    const builder = started().timerFired("1").taskStarted();
    expect(await replay(cancelLater(), builder)).toEqual([request({ workflowId: "c", runId: CHILD_RUN_ID })]);
    const early = history("workflow")
      .task()
      .childInitiated("c", "ship")
      .timerStarted("1")
      .timerFired("1")
      .taskStarted();
    expect(await replay(cancelLater(), early)).toEqual([request({ workflowId: "c" })]);
  });

  it.each(["WAIT_CANCELLATION_COMPLETED", "WAIT_CANCELLATION_REQUESTED"] as const)(
    "%s waits for the child's end, whatever it is",
    async (cancellationType) => {
      const requested = () =>
        started().timerFired("1").task().cancelInitiated("c", { childWorkflowOnly: true }).cancelDelivered("c").task();
      const workflow = cancelLater(cancellationType);
      expect(brief(await replay(workflow, requested().childCanceled("c").taskStarted()))).toEqual([
        'Complete "cancelled"',
      ]);
      expect(brief(await replay(workflow, requested().childCompleted("c", "shipped").taskStarted()))).toEqual([
        'Complete "shipped"',
      ]);
    },
  );

  it("ignores what the history says of a child that was given up", async () => {
    const workflow = async () => [await cancelLater("ABANDON")(), await sleep(1)];
    const builder = started().timerFired("1").task().timerStarted("2").childCompleted("c", "late").timerFired("2");
    expect(brief(await replay(workflow, builder.taskStarted()))).toEqual(['Complete ["cancelled",null]']);
  });

  it("that has just ended comes too late", async () => {
    const builder = started().timerFired("1").childCompleted("c", "shipped").taskStarted();
    expect(brief(await replay(cancelLater(), builder))).toEqual(['Complete "shipped"']);
  });
});

describe("children on replay", () => {
  const workflow = () => executeChild(ship, { args: [1], workflowId: "c" });

  it.each([
    ["another id", history("workflow").task().childInitiated("d", "ship")],
    ["another type", history("workflow").task().childInitiated("c", "send")],
  ])("are refused with %s", async (_, builder) => {
    const { cause, message } = await failureOf(workflow, builder.signaled("x").taskStarted());
    expect(cause).toBe("NON_DETERMINISTIC_ERROR");
    expect(message).toMatch(
      /^Nondeterminism at event 5: the history recorded StartChildWorkflowExecutionInitiated \(workflowId "[cd]", workflowType "(ship|send)"\), but the workflow code produced StartChildWorkflowExecution \(workflowId "c", workflowType "ship"\)/,
    );
  });

  it("may have another id where the history says that ids were not compared", async () => {
    const flags = { langUsedFlags: [1, 2], coreUsedFlags: [] };
    const builder = history("workflow").task(flags).childInitiated("d", "send").childStarted("d").task(flags);
    expect(brief(await replay(workflow, builder.childCompleted("d", "ok").taskStarted()))).toEqual(['Complete "ok"']);
  });

  it("are refused when the history knows of one that the code never started", async () => {
    const builder = history("workflow").task();
    builder.with("ChildWorkflowExecutionStarted", {
      namespace: "default",
      workflowExecution: { workflowId: "c", runId: CHILD_RUN_ID },
      workflowType: { name: "ship" },
      initiatedEventId: 99,
    });
    const { message } = await failureOf(workflow, builder.taskStarted());
    expect(message).toContain("event 5: the history recorded ChildWorkflowExecutionStarted of what event 99 initiated");
  });
});

describe("a child", () => {
  it("knows its parent and the root of its tree", async () => {
    const workflow = async () => {
      const { parent, root } = workflowInfo();
      return [parent, root];
    };
    const builder = history("workflow");
    builder.events.length = 0;
    builder.started("workflow", [], {
      parentWorkflowNamespace: "default",
      parentWorkflowExecution: { workflowId: "parent", runId: "p-1" },
      rootWorkflowExecution: { workflowId: "root", runId: "r-1" },
    });
    expect(brief(await replay(workflow, builder.taskStarted()))).toEqual([
      'Complete [{"workflowId":"parent","runId":"p-1","namespace":"default"},{"workflowId":"root","runId":"r-1"}]',
    ]);
  });
});
