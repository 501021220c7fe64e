import { describe, expect, it } from "vitest";

import { loadDataConverter } from "../../src/codec/index.ts";
import {
  condition,
  defineSignal,
  defineUpdate,
  defineWorkflowOptions,
  setHandler,
  setWorkflowOptions,
  sleep,
  workflowInfo,
} from "../../src/sdk/workflow/index.ts";
import { brief, failureText, history, TestSession, updateMessage } from "./history-builder.ts";
import { bothWays } from "./test-service.ts";

class FundsError extends Error {}
class OverdrawnError extends FundsError {}

const overdrawn = () => Promise.reject(new OverdrawnError("overdrawn"));

type Types = Record<string, readonly string[]>;

async function resultOf(workflow: () => Promise<unknown>, workflowFailureErrorTypes: Types = {}) {
  const session = new TestSession({ workflow }, "workflow", loadDataConverter(), { workflowFailureErrorTypes });
  const result = await session.run(history("workflow").taskStarted().events);
  return result.kind === "completed" ? brief(result.commands) : `task failed: ${failureText(result.failure)}`;
}

describe("an error that is no failure", () => {
  it("fails the workflow task when nobody says otherwise", async () => {
    expect(await resultOf(overdrawn)).toBe("task failed: overdrawn");
    expect(await resultOf(overdrawn, { other: ["Error"], "*": ["TypeError"] })).toBe("task failed: overdrawn");
  });

  it.each<[string, Types]>([
    ["its class is named", { "*": ["OverdrawnError"] }],
    ["a superclass is named", { "*": ["FundsError"] }],
    ["Error is named", { "*": ["Error"] }],
    ["it is named for the workflow type", { workflow: ["FundsError"], other: ["Nothing"] }],
  ])("fails the workflow when %s to the worker", async (_, types) => {
    expect(await resultOf(overdrawn, types)).toEqual(["Fail overdrawn"]);
  });

  it("fails the workflow when the workflow function's options hold its class", async () => {
    const workflow = () => overdrawn();
    setWorkflowOptions({ failureExceptionTypes: [FundsError] }, workflow);
    expect(await resultOf(workflow)).toEqual(["Fail overdrawn"]);
    const other = () => Promise.reject(new RangeError("out of range"));
    setWorkflowOptions({ failureExceptionTypes: [FundsError] }, other);
    expect(await resultOf(other)).toBe("task failed: out of range");
  });

  it("fails the workflow whatever it is when the options hold Error", async () => {
    const workflow = () => Promise.reject("no error at all");
    defineWorkflowOptions(workflow, { workflowDefinitionOptions: { failureExceptionTypes: [Error] } });
    expect(await resultOf(workflow)).toEqual([expect.stringContaining("Fail no error at all")]);
  });

  it("is judged by options that a getter gave before the workflow began", async () => {
    const asked: string[] = [];
    const workflow = () => {
      asked.push("begun");
      return overdrawn();
    };
    const options = () => {
      asked.push(workflowInfo().workflowType);
      return { failureExceptionTypes: [OverdrawnError] };
    };
    setWorkflowOptions(options, workflow);
    expect(await resultOf(workflow)).toEqual(["Fail overdrawn"]);
    expect(asked).toEqual(["workflow", "begun"]);
  });

  it("is recorded with the name of its class, and replays", async () => {
    const [live] = await bothWays(overdrawn, (service) => service.runTask(), {
      workflowFailureErrorTypes: { "*": ["FundsError"] },
    });
    expect(live.history.events.at(-1)).toMatchObject({
      eventType: "WorkflowExecutionFailed",
      attributes: { failure: { applicationFailureInfo: { type: "OverdrawnError", nonRetryable: false } } },
    });
  });

  it("fails the workflow from the handlers of signals and updates too", async () => {
    const stop = defineSignal("stop");
    const add = defineUpdate<number, [number]>("add");
    const workflow = async () => {
      setHandler(stop, overdrawn);
      setHandler(add, overdrawn);
      await condition(() => false);
    };
    const options = { workflowFailureErrorTypes: { "*": ["FundsError"] } };
    const [bySignal] = await bothWays(
      workflow,
      async (service) => {
        await service.runTask();
        service.history.signaled("stop");
        await service.runTask();
      },
      options,
    );
    expect(bySignal.commands).toEqual(["Fail overdrawn"]);
    const [byUpdate] = await bothWays(
      workflow,
      async (service) => {
        await service.runTask();
        await service.runTask([], [updateMessage("u1", "add", 1)]);
      },
      options,
    );
    expect(byUpdate.commands).toEqual(["AcceptUpdate u1", "Fail overdrawn"]);
  });
});

describe("code that differs from its history", () => {
  const builder = () => history("workflow").task().timerStarted("7").taskStarted();
  const workflow = () => sleep("1 day");
  const run = (workflowFailureErrorTypes: Types) =>
    new TestSession({ workflow }, "workflow", loadDataConverter(), { workflowFailureErrorTypes }).run(builder().events);

  it("fails the workflow task", async () => {
    expect(await run({ "*": ["FundsError"] })).toMatchObject({ kind: "failed", cause: "NON_DETERMINISTIC_ERROR" });
  });

  it.each(["NondeterminismError", "DeterminismViolationError", "Error"])("fails the workflow for %s", async (name) => {
    const result = await run({ workflow: [name] });
    if (result.kind === "failed") throw new Error(failureText(result.failure));
    expect(result.commands).toMatchObject([
      { commandType: "FailWorkflowExecution", failure: { applicationFailureInfo: { type: "NondeterminismError" } } },
    ]);
  });
});
