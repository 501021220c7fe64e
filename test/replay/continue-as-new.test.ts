import { describe, expect, it } from "vitest";

import {
  defineSearchAttributeKey,
  decodeSearchAttributes,
  encodeSearchAttributes,
  SearchAttributeType,
} from "../../src/codec/index.ts";
import type { Command } from "../../src/core/command.ts";
import type { EventAttributes } from "../../src/core/history-event.ts";
import {
  CancellationScope,
  ContinueAsNew,
  continueAsNew,
  defineSignal,
  makeContinueAsNewFunc,
  patched,
  setHandler,
  sleep,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from "../../src/sdk/workflow/index.ts";
import { brief, failureOf, history, replay, valuesOf, wire } from "./history-builder.ts";

type ContinueCommand = Extract<Command, { commandType: "ContinueAsNewWorkflowExecution" }>;

const color = defineSearchAttributeKey("Color", SearchAttributeType.KEYWORD);

async function poll(_cursor: number): Promise<void> {
  await sleep(1);
}

/** A history whose first event says more. */
function startedWith(more: Partial<EventAttributes["WorkflowExecutionStarted"]>) {
  const builder = history("workflow");
  builder.events.length = 0;
  return builder.started("workflow", [], more);
}

async function commandOf(workflow: () => Promise<unknown>, builder = history("workflow")): Promise<ContinueCommand> {
  const commands = await replay(workflow, builder.taskStarted());
  return commands.at(-1) as ContinueCommand;
}

describe("continueAsNew", () => {
  it("ends the run with the arguments of the next", async () => {
    const command = await commandOf(() => continueAsNew<typeof poll>(17));
    expect(command).toEqual({
      commandType: "ContinueAsNewWorkflowExecution",
      workflowType: "workflow",
      taskQueue: "default",
      input: wire(17),
    });
  });

  it("takes everything from its options", async () => {
    const command = await commandOf(() =>
      makeContinueAsNewFunc<typeof poll>({
        workflowType: "poll",
        taskQueue: "fast",
        workflowRunTimeout: "1 hour",
        workflowTaskTimeout: "5 seconds",
        backoffStartInterval: "1 minute",
        retry: { maximumAttempts: 2 },
        memo: { owner: "Ada" },
        typedSearchAttributes: [{ key: color, value: "red" }],
      })(18),
    );
    expect(command).toMatchObject({
      workflowType: "poll",
      taskQueue: "fast",
      workflowRunTimeoutMs: 3_600_000,
      workflowTaskTimeoutMs: 5_000,
      backoffStartIntervalMs: 60_000,
      retryPolicy: { maximumAttempts: 2 },
    });
    expect(valuesOf({ payloads: Object.values(command.memo?.fields ?? {}) })).toEqual(["Ada"]);
    expect(decodeSearchAttributes(command.searchAttributes)).toEqual({ Color: ["red"] });
  });

  it("carries search attributes over as they are now, and leaves the memo to the service", async () => {
    const workflow = async () => {
      upsertSearchAttributes([{ key: color, value: "green" }]);
      upsertMemo({ owner: "Grace" });
      return continueAsNew();
    };
    const searchAttributes = encodeSearchAttributes([{ key: color, value: "red" }], { Size: [3] });
    const command = await commandOf(workflow, startedWith(searchAttributes ? { searchAttributes } : {}));
    expect(decodeSearchAttributes(command.searchAttributes)).toEqual({ Color: ["green"], Size: [3] });
    expect("memo" in command || "retryPolicy" in command).toBe(false);
  });

  it("does not hand the list of patches on", async () => {
    const workflow = async () => {
      patched("p");
      return continueAsNew();
    };
    const command = await commandOf(workflow);
    expect(command.searchAttributes).toEqual({ indexedFields: {} });
  });

  it("gives an empty memo no meaning", async () => {
    const command = await commandOf(() => makeContinueAsNewFunc({ memo: {} })());
    expect("memo" in command).toBe(false);
  });

  it("throws what must not be caught", async () => {
    const workflow = async () => {
      const error: unknown = await continueAsNew<typeof poll>(1).catch((error: unknown) => error);
      return error instanceof ContinueAsNew && [error.name, error.message, error.command.commandType];
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual([
      'Complete ["ContinueAsNew","Workflow continued as new","ContinueAsNewWorkflowExecution"]',
    ]);
  });

  it("may be called by a signal handler", async () => {
    const go = defineSignal("go");
    const workflow = async () => {
      setHandler(go, () => continueAsNew<typeof poll>(2));
      await sleep("1 day");
    };
    const builder = history("workflow").task().timerStarted("1").signaled("go").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["ContinueAsNew workflow [2]"]);
  });

  it("goes before other commands' end, and nothing follows it", async () => {
    const workflow = async () => {
      void CancellationScope.nonCancellable(() => sleep(1));
      return continueAsNew<typeof poll>(3);
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual([
      "StartTimer 1",
      "ContinueAsNew workflow [3]",
    ]);
  });

  it("is matched on replay", async () => {
    const workflow = async () => continueAsNew<typeof poll>(3);
    const builder = history("workflow").task().timerStarted("1").timerFired("1").taskStarted();
    const { message } = await failureOf(workflow, builder);
    expect(message).toContain('produced ContinueAsNewWorkflowExecution (workflowType "workflow")');
  });
});

describe("a run of a cron schedule", () => {
  it("knows how long it waited for its tick", async () => {
    const workflow = async () => workflowInfo().cronScheduleToScheduleInterval;
    const waited = {
      cronSchedule: "* * * * *",
      initiator: "CRON_SCHEDULE",
      firstWorkflowTaskBackoffMs: 59_000,
    } as const;
    expect(brief(await replay(workflow, startedWith(waited).taskStarted()))).toEqual(["Complete 59000"]);
    expect(brief(await replay(workflow, startedWith({}).taskStarted()))).toEqual(["Complete undefined"]);
  });
});

describe("a run that goes on from another", () => {
  it("knows the run before, its result and its failure", async () => {
    const workflow = async () => {
      const { continuedFromExecutionRunId, lastResult, lastFailure, cronSchedule, retryPolicy } = workflowInfo();
      return [continuedFromExecutionRunId, lastResult, lastFailure?.message, cronSchedule, retryPolicy];
    };
    const builder = startedWith({
      continuedExecutionRunId: "run-before",
      lastCompletionResult: wire(41)!,
      continuedFailure: { message: "it broke", applicationFailureInfo: { type: "Broken" } },
      cronSchedule: "* * * * *",
      retryPolicy: { maximumAttempts: 5 },
    });
    expect(brief(await replay(workflow, builder.taskStarted()))).toEqual([
      'Complete ["run-before",41,"it broke","* * * * *",{"maximumAttempts":5}]',
    ]);
  });
});
