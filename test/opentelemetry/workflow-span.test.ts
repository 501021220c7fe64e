import { SpanStatusCode } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";

import { type SerializableSpan, WorkflowSpan } from "../../src/sdk/opentelemetry/workflow-span.ts";

const ids = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
const linked = { traceId: "c".repeat(32), spanId: "d".repeat(16), traceFlags: 1 };

function spanWith(traceFlags: number) {
  const ended: SerializableSpan[] = [];
  const clock = { nowMs: 1_500 };
  const span = new WorkflowSpan({
    name: "first name",
    spanContext: { ...ids, traceFlags },
    parent: undefined,
    now: () => clock.nowMs,
    onEnd: (data) => void ended.push(data),
  });
  return { span, ended, clock };
}

describe("a span of workflow code", () => {
  it("ends once, with all that was said of it", () => {
    const { span, ended, clock } = spanWith(1);
    span.setAttribute("a", 1).setAttributes({ b: [true], c: "x" });
    span.updateName("second name").setStatus({ code: SpanStatusCode.OK });
    span.addEvent("plain").addEvent("told", { size: 2 }, 1_600).addEvent("timed", new Date(1_700));
    span.addLink({ context: linked }).addLinks([{ context: linked, attributes: { why: "retry" } }]);
    expect(span.isRecording()).toBe(true);
    clock.nowMs = 4_250;
    span.end();
    span.end();
    expect(ended).toEqual([
      {
        name: "second name",
        kind: 0,
        spanContext: { ...ids, traceFlags: 1 },
        startTime: [1, 500_000_000],
        endTime: [4, 250_000_000],
        duration: [2, 750_000_000],
        status: { code: SpanStatusCode.OK },
        attributes: { a: 1, b: [true], c: "x" },
        links: [{ context: linked }, { context: linked, attributes: { why: "retry" } }],
        events: [
          { name: "plain", time: [1, 500_000_000] },
          { name: "told", time: [1, 600_000_000], attributes: { size: 2 } },
          { name: "timed", time: [1, 700_000_000] },
        ],
      },
    ]);
  });

  it("takes nothing more once it has ended", () => {
    const { span, ended } = spanWith(1);
    span.end([9, 0]);
    span.setAttribute("late", 1).updateName("late").setStatus({ code: SpanStatusCode.ERROR });
    span.addEvent("late").addLink({ context: linked });
    span.recordException("late");
    expect(span.isRecording()).toBe(false);
    expect(ended).toMatchObject([{ name: "first name", endTime: [9, 0], attributes: {}, links: [], events: [] }]);
  });

  it("that is not sampled is told to nobody", () => {
    const { span, ended } = spanWith(0);
    expect(span.isRecording()).toBe(false);
    span.setAttribute("a", 1).end();
    expect(ended).toEqual([]);
    expect(span.spanContext()).toEqual({ ...ids, traceFlags: 0 });
  });

  it("records what was thrown, whatever it was", () => {
    const { span, ended } = spanWith(1);
    span.recordException("only text");
    span.recordException(new RangeError("too far"));
    span.end();
    expect(ended[0]?.events).toMatchObject([
      { name: "exception", attributes: { "exception.message": "only text" } },
      { name: "exception", attributes: { "exception.type": "RangeError", "exception.message": "too far" } },
    ]);
    expect(ended[0]?.events[1]?.attributes?.["exception.stacktrace"]).toContain("RangeError: too far");
  });
});
