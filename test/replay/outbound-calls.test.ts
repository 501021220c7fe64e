import { describe, expect, it } from "vitest";

import type { Payload } from "../../src/codec/index.ts";
import type { Command } from "../../src/core/command.ts";
import {
  continueAsNew,
  executeChild,
  getExternalWorkflowHandle,
  proxyActivities,
  sleep,
  startChild,
  type WorkflowOutboundCallsInterceptor,
} from "../../src/sdk/workflow/index.ts";
import { brief, commandsOf, history, type HistoryBuilder, TestSession, type Workflow } from "./history-builder.ts";

async function run(
  workflow: Workflow,
  outbound: WorkflowOutboundCallsInterceptor[],
  builder: HistoryBuilder = history("workflow").taskStarted(),
): Promise<readonly Command[]> {
  const session = new TestSession({ workflow }, "workflow", undefined, { interceptors: [() => ({ outbound })] });
  return commandsOf(await session.run(builder.events));
}

const trace: Payload = {
  metadata: { encoding: new TextEncoder().encode("json/plain") },
  data: new TextEncoder().encode("1"),
};
const { greet } = proxyActivities<{ greet(name: string): Promise<string> }>({ startToCloseTimeout: 1_000 });

describe("outbound interceptors", () => {
  it("see each call with its number, the first one outermost, and may change it", async () => {
    const seen: unknown[] = [];
    const watcher = (name: string): WorkflowOutboundCallsInterceptor => ({
      startTimer(input, next) {
        seen.push([name, "timer", input.seq, input.durationMs, input.options]);
        return next({ ...input, durationMs: input.durationMs * 2 });
      },
      scheduleActivity(input, next) {
        seen.push([name, "activity", input.seq, input.activityType, input.args]);
        return next({ ...input, args: [...input.args, name], headers: { ...input.headers, [name]: trace } });
      },
    });
    const workflow = async () => {
      void greet("Ada");
      await sleep("1 second", { summary: "s" });
    };
    const [activity, timer] = await run(workflow, [watcher("outer"), watcher("inner")]);
    expect(seen).toEqual([
      ["outer", "activity", 1, "greet", ["Ada"]],
      ["inner", "activity", 1, "greet", ["Ada", "outer"]],
      ["outer", "timer", 1, 1_000, { summary: "s" }],
      ["inner", "timer", 1, 2_000, { summary: "s" }],
    ]);
    expect(timer).toMatchObject({ commandType: "StartTimer", startToFireTimeoutMs: 4_000 });
    expect(activity && "header" in activity && Object.keys(activity.header?.fields ?? {})).toEqual(["outer", "inner"]);
  });

  it("see children with their defaults, and may give headers", async () => {
    const seen: unknown[] = [];
    const interceptor: WorkflowOutboundCallsInterceptor = {
      startChildWorkflowExecution(input, next) {
        const { workflowType, seq, options } = input;
        seen.push([workflowType, seq, options.workflowId.length, options.args, options.cancellationType]);
        return next({ ...input, headers: { trace }, options: { ...options, workflowId: `child-${seq}` } });
      },
    };
    const workflow = () => Promise.all([executeChild("ship", { args: [1] }), startChild("send")]);
    const commands = await run(workflow, [interceptor]);
    expect(seen).toEqual([
      ["ship", 1, 36, [1], "WAIT_CANCELLATION_COMPLETED"],
      ["send", 2, 36, [], "WAIT_CANCELLATION_COMPLETED"],
    ]);
    expect(brief(commands)).toEqual(["StartChild child-1 ship", "StartChild child-2 send"]);
    expect(commands).toMatchObject([{ header: { fields: { trace: {} } } }, { header: { fields: { trace: {} } } }]);
  });

  it("see signals to children and others", async () => {
    const seen: unknown[] = [];
    const interceptor: WorkflowOutboundCallsInterceptor = {
      signalWorkflow(input, next) {
        seen.push([input.signalName, input.seq, input.args, input.target]);
        return next({ ...input, signalName: "renamed" });
      },
    };
    const workflow = async () => {
      const child = await startChild("ship", { workflowId: "c" });
      void child.signal("hurry", "rain");
      await getExternalWorkflowHandle("x", "run-2").signal("credit");
    };
    const builder = history("workflow").task().childInitiated("c", "ship").childStarted("c").taskStarted();
    expect(brief(await run(workflow, [interceptor], builder))).toEqual(["Signal c renamed", "Signal x renamed"]);
    expect(seen).toEqual([
      ["hurry", 1, ["rain"], { type: "child", childWorkflowId: "c" }],
      [
        "credit",
        2,
        [],
        { type: "external", workflowExecution: { namespace: "default", workflowId: "x", runId: "run-2" } },
      ],
    ]);
  });

  it("see continuations with their defaults", async () => {
    const interceptor: WorkflowOutboundCallsInterceptor = {
      continueAsNew(input, next) {
        const { workflowType, taskQueue } = input.options;
        return next({ ...input, headers: { trace }, args: [...input.args, workflowType, taskQueue] });
      },
    };
    const commands = await run(async () => continueAsNew<(n: number) => Promise<void>>(1), [interceptor]);
    expect(brief(commands)).toEqual(['ContinueAsNew workflow [1,"workflow","default"]']);
    expect(commands).toMatchObject([{ header: { fields: { trace: {} } } }]);
  });

  it("may do without the call, whose number stays taken", async () => {
    const interceptor: WorkflowOutboundCallsInterceptor = {
      startTimer: (input, next) => (input.durationMs > 10 ? next(input) : Promise.resolve()),
    };
    const workflow = async () => {
      await sleep(5);
      await sleep(50);
    };
    expect(brief(await run(workflow, [interceptor]))).toEqual(["StartTimer 2"]);
  });
});
