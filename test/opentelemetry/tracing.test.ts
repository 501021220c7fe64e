import { trace, type Tracer } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { beforeEach, describe, expect, it } from "vitest";

import { defaultPayloadConverter, headersOf, loadDataConverter } from "./headers.ts";
import type { PayloadMap } from "../../src/core/payload.ts";
import { CompleteAsyncError } from "../../src/sdk/common/index.ts";
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryInboundInterceptor,
  OpenTelemetryInternalsInterceptor,
  OpenTelemetryOutboundInterceptor,
  OpenTelemetryWorkflowClientInterceptor,
  TRACE_HEADER,
} from "../../src/sdk/opentelemetry/index.ts";
import {
  ApplicationFailure,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  log,
  proxyActivities,
  setHandler,
  uuid4,
  type WorkflowInterceptorsFactory,
} from "../../src/sdk/workflow/index.ts";
import { startAttempt } from "../activity/attempt.ts";
import {
  commandsOf,
  history,
  type HistoryBuilder,
  TestSession,
  updateMessage,
  wire,
} from "../replay/history-builder.ts";

const spans = new InMemorySpanExporter();
const processor = new SimpleSpanProcessor(spans);
const tracer: Tracer = new BasicTracerProvider({ spanProcessors: [processor] }).getTracer("test");
const resource = { attributes: {}, merge: () => resource, getRawAttributes: () => [] };

const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [new OpenTelemetryInboundInterceptor()],
  outbound: [new OpenTelemetryOutboundInterceptor()],
  internals: [new OpenTelemetryInternalsInterceptor()],
});

const { charge } = proxyActivities<{ charge(): Promise<string> }>({ startToCloseTimeout: "10 s" });

function sessionOf(workflow: (...args: never[]) => Promise<unknown>): TestSession {
  const sinks = { exporter: makeWorkflowExporter(processor, resource) };
  return new TestSession({ workflow }, "workflow", loadDataConverter(), { interceptors: [interceptors], sinks });
}

function finished(): readonly ReadableSpan[] {
  return spans.getFinishedSpans();
}

function named(name: string): ReadableSpan {
  const found = finished().filter((span) => span.name === name);
  if (found.length !== 1) throw new Error(`There are ${found.length} spans ${name}.`);
  return found[0]!;
}

/** Whether one span is the other's child, in the same trace. */
function expectChild(child: ReadableSpan, parent: ReadableSpan): void {
  expect(child.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
  expect(child.spanContext().traceId).toBe(parent.spanContext().traceId);
}

/** The header that a client's start sends. */
async function startedBy(workflowType: string): Promise<PayloadMap> {
  const client = new OpenTelemetryWorkflowClientInterceptor({ tracer });
  let header: PayloadMap = { fields: {} };
  await client.startWithDetails(
    { workflowType, headers: {}, options: { workflowId: "wf-1" } as never },
    async (input) => {
      header = headersOf(input.headers);
      return Promise.resolve({ runId: "run-1", eagerlyStarted: false });
    },
  );
  return header;
}

function withHeader(builder: HistoryBuilder, header: PayloadMap): HistoryBuilder {
  Object.assign(builder.events[0]!.attributes, { header });
  return builder;
}

beforeEach(() => spans.reset());

describe("a trace", () => {
  const workflow = async () => {
    log.info("begun");
    return charge();
  };

  it("goes from the client through the workflow to its activity", async () => {
    const builder = withHeader(history("workflow"), await startedBy("workflow"));
    const session = sessionOf(workflow);
    const [command] = commandsOf(await session.run(builder.taskStarted().events));
    if (command?.commandType !== "ScheduleActivityTask" || !command.header) throw new Error("No header was sent.");
    const { ending } = await startAttempt(() => Promise.resolve("paid"), {
      task: { header: command.header },
      converter: loadDataConverter(),
      interceptors: [(ctx) => ({ inbound: new OpenTelemetryActivityInboundInterceptor(ctx, { tracer }) })],
    });
    await ending;
    builder.taskCompleted().activityScheduled("1", "charge").activityCompleted("1", "paid").taskStarted();
    await session.run(builder.events);
    expect(finished().map(({ name }) => name)).toEqual([
      "StartWorkflow:workflow",
      "RunActivity:withdraw",
      "StartActivity:charge",
      "RunWorkflow:workflow",
    ]);
    expectChild(named("RunWorkflow:workflow"), named("StartWorkflow:workflow"));
    expectChild(named("StartActivity:charge"), named("RunWorkflow:workflow"));
    expectChild(named("RunActivity:withdraw"), named("StartActivity:charge"));
    expect(named("RunWorkflow:workflow")).toMatchObject({
      attributes: { workflowId: "wf-1", workflowType: "workflow" },
      status: { code: 1 },
      resource,
      // The times are those of the workflow tasks.
      startTime: [1_767_225_603, 0],
      endTime: [1_767_225_609, 0],
      duration: [6, 0],
    });
    expect(named("RunActivity:withdraw").attributes).toEqual({
      temporalActivityId: "7",
      temporalWorkflowId: "transfer-1",
      run_id: "run-1",
    });
    expect(session.lines[0]?.metadata).toMatchObject({
      trace_id: named("StartWorkflow:workflow").spanContext().traceId,
      span_id: named("RunWorkflow:workflow").spanContext().spanId,
      trace_flags: "01",
    });
  });

  it("gives spans the same ids in every replay, and tells of each once", async () => {
    const header = await startedBy("workflow");
    spans.reset();
    const builder = () => withHeader(history("workflow"), header);
    const live = sessionOf(workflow);
    const history1 = builder().taskStarted();
    await live.run(history1.events);
    history1.taskCompleted().activityScheduled("1", "charge").activityCompleted("1", "paid").taskStarted();
    await live.run(history1.events);
    const ids = finished().map((span) => [span.name, span.spanContext().spanId, span.startTime]);
    expect(ids).toHaveLength(2);
    spans.reset();
    // From scratch: only what ends in the live task is told.
    await sessionOf(workflow).run(history1.events);
    expect(finished().map((span) => [span.name, span.spanContext().spanId, span.startTime])).toEqual(ids);
    spans.reset();
    history1.taskCompleted().workflowCompleted("paid");
    await sessionOf(workflow).query(history1.events, "__temporal_workflow_metadata");
    expect(finished()).toEqual([]);
  });

  it("does not move what the workflow draws", async () => {
    const drawing = async () => {
      void charge();
      return Promise.resolve(uuid4());
    };
    const plain = await new TestSession({ workflow: drawing }, "workflow").run(
      history("workflow").taskStarted().events,
    );
    const withTrace = await sessionOf(drawing).run(history("workflow").taskStarted().events);
    expect(commandsOf(withTrace).at(-1)).toEqual(commandsOf(plain).at(-1));
  });

  it("begins in the workflow when nobody sent one", async () => {
    await sessionOf(() => Promise.resolve()).run(history("workflow").taskStarted().events);
    const span = named("RunWorkflow:workflow");
    expect(span.parentSpanContext).toBeUndefined();
    expect(span.spanContext()).toMatchObject({
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      traceFlags: 1,
    });
  });

  it("that is not sampled is not told of, and goes on unsampled", async () => {
    const carrier = { traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-00` };
    const header = headersOf({ [TRACE_HEADER]: defaultPayloadConverter.toPayload(carrier) });
    await sessionOf(() => Promise.resolve()).run(withHeader(history("workflow"), header).taskStarted().events);
    expect(finished()).toEqual([]);
    const session = sessionOf(workflow);
    const result = await session.run(withHeader(history("workflow"), header).taskStarted().events);
    const [command] = commandsOf(result);
    const sent = command?.commandType === "ScheduleActivityTask" && JSON.stringify(command.header);
    expect(
      atob((JSON.parse(sent || "{}") as { fields: Record<string, { data: string }> }).fields[TRACE_HEADER]!.data),
    ).toMatch(new RegExp(`00-${"1".repeat(32)}-[0-9a-f]{16}-00`));
    expect(finished()).toEqual([]);
  });
});

describe("messages of a workflow", () => {
  const tell = defineSignal("tell");
  const total = defineQuery<number>("total");
  const add = defineUpdate<number, [number]>("add");
  const workflow = async () => {
    let sum = 0;
    setHandler(tell, () => undefined);
    setHandler(total, () => sum);
    setHandler(add, (value) => (sum += value), {
      validator: (value) => {
        if (value < 0) throw ApplicationFailure.nonRetryable("negative");
      },
    });
    await condition(() => sum > 100);
  };

  it("have spans of their own", async () => {
    const session = sessionOf(workflow);
    const builder = history("workflow").signaled("tell").taskStarted();
    await session.run(builder.events, [updateMessage("u1", "add", 1), updateMessage("u2", "add", -1)]);
    builder.taskCompleted().updateAccepted("u1", "add", 1).updateCompleted("u1", 1);
    await session.query(builder.events, "total");
    const summary = finished().map(({ name, status, attributes }) => [
      name,
      status.code,
      attributes["temporalUpdateId"],
    ]);
    expect(summary).toEqual([
      ["ValidateUpdate:add", 1, "u1"],
      ["ValidateUpdate:add", 2, "u2"],
      ["HandleSignal:tell", 1, undefined],
      ["HandleUpdate:add", 1, "u1"],
      ["HandleQuery:total", 1, undefined],
    ]);
    expect(new Set(finished().map((span) => span.spanContext().spanId)).size).toBe(5);
  });

  it("leave the ids of other spans alone where no replay repeats them", async () => {
    const live = sessionOf(workflow);
    const builder = history("workflow").taskStarted();
    await live.run(builder.events, [updateMessage("u1", "add", -1)]);
    builder.taskCompleted();
    await live.query(builder.events, "total");
    await live.run(builder.taskStarted().events, [updateMessage("u2", "add", 200)]);
    const ids = ["HandleUpdate:add", "RunWorkflow:workflow"].map((name) => named(name).spanContext());
    spans.reset();
    await sessionOf(workflow).run(builder.events, [updateMessage("u2", "add", 200)]);
    expect(["HandleUpdate:add", "RunWorkflow:workflow"].map((name) => named(name).spanContext())).toEqual(ids);
  });
});

describe("errors", () => {
  it("are recorded on the span of what threw them", async () => {
    const failing = () => Promise.reject(ApplicationFailure.nonRetryable("no funds", "Funds"));
    await sessionOf(failing).run(history("workflow").taskStarted().events);
    const span = named("RunWorkflow:workflow");
    expect(span.status).toEqual({ code: 2, message: "no funds" });
    expect(span.events).toMatchObject([
      { name: "exception", attributes: { "exception.type": "ApplicationFailure", "exception.message": "no funds" } },
    ]);
  });

  it("of the category BENIGN leave the span's status open", async () => {
    const benign = () => Promise.reject(ApplicationFailure.create({ message: "as usual", category: "BENIGN" }));
    await sessionOf(benign).run(history("workflow").taskStarted().events);
    expect(named("RunWorkflow:workflow").status).toEqual({ code: 0, message: "as usual" });
  });

  it("that only say that an activity ends later are none", async () => {
    const { ending } = await startAttempt(() => Promise.reject(new CompleteAsyncError()), {
      interceptors: [(ctx) => ({ inbound: new OpenTelemetryActivityInboundInterceptor(ctx, { tracer }) })],
    });
    await ending;
    expect(named("RunActivity:withdraw").status).toEqual({ code: 1 });
  });
});

describe("the client's interceptor", () => {
  const client = new OpenTelemetryWorkflowClientInterceptor({ tracer });
  const target = { workflowExecution: { workflowId: "wf-1", runId: "run-1" } };

  it("puts a span around each call", async () => {
    await client.signal({ ...target, signalName: "tell", args: [], headers: {} }, () => Promise.resolve());
    await client.query({ ...target, queryType: "total", args: [], headers: {} }, () => Promise.resolve(1));
    await client.terminate({ ...target, reason: "enough" }, () => Promise.resolve());
    await client.cancel(target, () => Promise.resolve());
    await client.describe(target, () => Promise.resolve({} as never));
    expect(finished().map(({ name, attributes }) => [name, attributes])).toEqual([
      ["SignalWorkflow:tell", { temporalWorkflowId: "wf-1", run_id: "run-1" }],
      ["QueryWorkflow:total", { temporalWorkflowId: "wf-1", run_id: "run-1" }],
      ["TerminateWorkflow", { temporalWorkflowId: "wf-1", run_id: "run-1", temporalTerminateReason: "enough" }],
      ["CancelWorkflow", { temporalWorkflowId: "wf-1", run_id: "run-1" }],
      ["DescribeWorkflow", { temporalWorkflowId: "wf-1", run_id: "run-1" }],
    ]);
  });

  it("hands the trace on with start and update, and names the update", async () => {
    const sent: PayloadMap[] = [];
    await client.startUpdate(
      { ...target, updateName: "add", args: [], headers: {}, options: { updateId: "u1" } },
      (input) => {
        sent.push(headersOf(input.headers));
        return Promise.resolve({ updateId: "u1", workflowRunId: "run-1" });
      },
    );
    await client.startUpdateWithStart(
      {
        workflowType: "workflow",
        workflowStartOptions: { workflowId: "wf-1" } as never,
        workflowStartHeaders: {},
        updateName: "add",
        updateArgs: [],
        updateOptions: {},
        updateHeaders: {},
      },
      (input) => {
        sent.push(headersOf(input.updateHeaders), headersOf(input.workflowStartHeaders));
        return Promise.resolve({ updateId: "u2", workflowExecution: { workflowId: "wf-1", runId: "run-1" } });
      },
    );
    expect(named("StartWorkflowUpdate:add").attributes["temporalUpdateId"]).toBe("u1");
    expect(named("UpdateWithStartWorkflow:add").attributes["temporalUpdateId"]).toBe("u2");
    expect(sent.map(({ fields }) => Object.keys(fields))).toEqual([[TRACE_HEADER], [TRACE_HEADER], [TRACE_HEADER]]);
    expect(sent[1]).toEqual(sent[2]);
    expect(sent[0]).not.toEqual(sent[1]);
  });

  it("ends the span of a call that fails with its error", async () => {
    const refused = client.cancel(target, () => Promise.reject(new Error("not found")));
    await expect(refused).rejects.toThrow("not found");
    expect(named("CancelWorkflow").status).toEqual({ code: 2, message: "not found" });
  });
});

it("needs no tracer: without one nothing is recorded and everything works", async () => {
  expect(trace.getActiveSpan()).toBeUndefined();
  const client = new OpenTelemetryWorkflowClientInterceptor();
  await expect(
    client.query({ workflowExecution: { workflowId: "wf-1" }, queryType: "q", args: [], headers: {} }, (input) =>
      Promise.resolve(Object.keys(input.headers)),
    ),
  ).resolves.toEqual([TRACE_HEADER]);
  expect(finished()).toEqual([]);
  expect(wire()).toBeUndefined();
});
