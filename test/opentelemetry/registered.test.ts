import { AsyncLocalStorage } from "node:async_hooks";

import {
  context as contexts,
  type Context,
  type ContextManager,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { log as activityLog } from "../../src/sdk/activity/index.ts";
import {
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
  OpenTelemetryInboundInterceptor,
  OpenTelemetryOutboundInterceptor,
  OpenTelemetryWorkflowClientInterceptor,
  TRACE_HEADER,
} from "../../src/sdk/opentelemetry/index.ts";
import { proxyActivities } from "../../src/sdk/workflow/index.ts";
import { startAttempt } from "../activity/attempt.ts";
import { commandsOf, history, TestSession } from "../replay/history-builder.ts";
import { defaultPayloadConverter, headersOf, loadDataConverter } from "./headers.ts";

/** What Node's set-up of OpenTelemetry registers. */
class StorageContextManager implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run(context, () => fn.apply(thisArg, args));
  }

  bind<T>(_context: Context, target: T): T {
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}

/** Writes the two ids in a form of its own. */
const propagator: TextMapPropagator<Record<string, string>> = {
  inject(context, carrier) {
    const span = trace.getSpanContext(context);
    if (span) carrier["x-ids"] = `${span.traceId} ${span.spanId}`;
  },
  extract(context, carrier) {
    const [traceId = "", spanId = ""] = (carrier["x-ids"] ?? "").split(" ");
    return traceId ? trace.setSpanContext(context, { traceId, spanId, traceFlags: 1 }) : context;
  },
  fields: () => ["x-ids"],
};

const spans = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });

beforeAll(() => {
  trace.setGlobalTracerProvider(provider);
  contexts.setGlobalContextManager(new StorageContextManager());
  propagation.setGlobalPropagator(propagator);
});

afterAll(() => {
  trace.disable();
  contexts.disable();
  propagation.disable();
});

describe("what the application registered", () => {
  it("records the spans, carries the context, and writes the header in its own form", async () => {
    const client = new OpenTelemetryWorkflowClientInterceptor();
    let header = headersOf({});
    let seen: string | undefined;
    await client.signal(
      { workflowExecution: { workflowId: "wf-1" }, signalName: "tell", args: [], headers: {} },
      async ({ headers }) => {
        await Promise.resolve();
        seen = trace.getActiveSpan()?.spanContext().spanId;
        header = headersOf(headers);
      },
    );
    const [span] = spans.getFinishedSpans();
    expect(span?.name).toBe("SignalWorkflow:tell");
    expect(seen).toBe(span?.spanContext().spanId);
    expect(atob(header.fields[TRACE_HEADER]?.data ?? "")).toBe(
      JSON.stringify({ "x-ids": `${span?.spanContext().traceId} ${seen}` }),
    );
  });

  it("gives an activity's lines their trace", async () => {
    const ids = { "x-ids": `${"a".repeat(32)} ${"b".repeat(16)}` };
    const header = headersOf({ [TRACE_HEADER]: defaultPayloadConverter.toPayload(ids) });
    const talking = async () => {
      await Promise.resolve();
      activityLog.info("working");
    };
    const { ending, lines } = await startAttempt(talking, {
      task: { header },
      converter: loadDataConverter(),
      interceptors: [
        (ctx) => ({
          inbound: new OpenTelemetryActivityInboundInterceptor(ctx),
          outbound: new OpenTelemetryActivityOutboundInterceptor(),
        }),
      ],
    });
    await ending;
    const span = spans.getFinishedSpans().at(-1);
    expect(span).toMatchObject({ name: "RunActivity:withdraw", parentSpanContext: { spanId: "b".repeat(16) } });
    expect(lines[0]?.meta).toMatchObject({
      trace_id: "a".repeat(32),
      span_id: span?.spanContext().spanId,
      trace_flags: "01",
      activityId: "7",
    });
  });

  it("is active in workflow code too, across its waits", async () => {
    const { charge } = proxyActivities<{ charge(): Promise<void> }>({ startToCloseTimeout: "10 s" });
    const workflow = async () => {
      const before = trace.getActiveSpan()?.spanContext().spanId;
      await charge();
      return [before, trace.getActiveSpan()?.spanContext().spanId];
    };
    const interceptors = [
      () => ({ inbound: [new OpenTelemetryInboundInterceptor()], outbound: [new OpenTelemetryOutboundInterceptor()] }),
    ];
    const session = new TestSession({ workflow }, "workflow", loadDataConverter(), {
      interceptors,
      sinks: { exporter: { export: { fn: () => undefined } } },
    });
    const builder = history("workflow").task().activityScheduled("1", "charge").activityCompleted("1").taskStarted();
    const [command] = commandsOf(await session.run(builder.events));
    if (command?.commandType !== "CompleteWorkflowExecution") throw new Error("The workflow was not completed.");
    const [before, after] = JSON.parse(atob(command.result?.payloads[0]?.data ?? "")) as [string, string];
    expect(before).toMatch(/^[0-9a-f]{16}$/);
    expect(after).toBe(before);
  });
});
