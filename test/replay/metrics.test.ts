// Metrics of workflow code: what leaves it, when, and with which tags. Meters with tags, which activities have as well.
import { describe, expect, it } from "vitest";

import { loadDataConverter } from "../../src/codec/index.ts";
import {
  IllegalStateError,
  type MetricMeter,
  MetricMeterWithComposedTags,
  noopMetricMeter,
} from "../../src/sdk/common/index.ts";
import {
  condition,
  defineQuery,
  metricMeter,
  setHandler,
  sleep,
  type WorkflowInterceptorsFactory,
} from "../../src/sdk/workflow/index.ts";
import { metricSinks } from "../../src/worker/metric-sinks.ts";
import { commandsOf, history, type SessionOptions, TestSession, type Workflow } from "./history-builder.ts";
import { RecordingMeter } from "./recording-meter.ts";

/** A session whose metrics go to a meter. */
function measuredSession(workflow: Workflow, meter: MetricMeter, options: SessionOptions = {}): TestSession {
  return new TestSession({ workflow }, "workflow", loadDataConverter(), { ...options, sinks: metricSinks(meter) });
}

/** What a workflow measures in its first task. */
async function measuredBy(workflow: Workflow, options: SessionOptions = {}): Promise<RecordingMeter> {
  const meter = new RecordingMeter();
  const session = measuredSession(workflow, meter, options);
  commandsOf(await session.run(history("workflow").taskStarted().events));
  expect(session.lines).toEqual([]);
  return meter;
}

function withoutUpDownCounters(): MetricMeter {
  return Object.assign(Object.create(noopMetricMeter) as MetricMeter, { createUpDownCounter: undefined });
}

const STANDARD_TAGS = { namespace: "default", taskQueue: "default", workflowType: "workflow" };

describe("the workflow's meter", () => {
  it("records values of every kind of metric, made once for each name", async () => {
    const meter = await measuredBy(() => {
      for (const value of [1, 2]) {
        metricMeter.createCounter("orders", "1", "Orders taken").add(value);
        metricMeter.createHistogram("size").record(value);
        metricMeter.createHistogram("weight", "float", "kg").record(value + 0.5);
        metricMeter.createGauge("level", "float").set(value);
        metricMeter.createUpDownCounter?.("open").add(-value);
      }
    });
    expect(meter.made).toEqual([
      { name: "orders", kind: "counter", valueType: "int", unit: "1", description: "Orders taken" },
      { name: "size", kind: "histogram", valueType: "int" },
      { name: "weight", kind: "histogram", valueType: "float", unit: "kg" },
      { name: "level", kind: "gauge", valueType: "float" },
      { name: "open", kind: "up-down-counter", valueType: "int" },
    ]);
    const values = ["orders", "size", "weight", "level", "open"].map((name) => meter.valuesOf(name));
    expect(values).toEqual([
      [1, 2],
      [1, 2],
      [1.5, 2.5],
      [1, 2],
      [-1, -2],
    ]);
  });

  it("makes metrics that say what they are", async () => {
    const seen: unknown[] = [];
    await measuredBy(() => {
      const { name, kind, valueType, unit, description } = metricMeter.createGauge(
        "level",
        "float",
        "m",
        "Of the water",
      );
      seen.push({ name, kind, valueType, unit, description });
    });
    expect(seen).toEqual([
      { name: "level", kind: "gauge", valueType: "float", unit: "m", description: "Of the water" },
    ]);
  });

  it("adds namespace, task queue and workflow type; the later place wins", async () => {
    const meter = await measuredBy(() => {
      const counter = metricMeter.withTags({ a: "meter", b: "meter", c: "meter" }).createCounter("c");
      counter.add(1);
      counter.withTags({ b: "metric", c: "metric" }).add(2, { c: "value", workflowType: "mine" });
      counter.add(3);
    });
    const ofMeter = { ...STANDARD_TAGS, a: "meter", b: "meter", c: "meter" };
    expect(meter.measured).toEqual([
      { name: "c", value: 1, tags: ofMeter },
      { name: "c", value: 2, tags: { ...ofMeter, b: "metric", c: "value", workflowType: "mine" } },
      { name: "c", value: 3, tags: ofMeter },
    ]);
  });

  it("asks the outbound interceptors for tags at each value, the first outermost", async () => {
    let asked = 0;
    const adding =
      (name: string): WorkflowInterceptorsFactory =>
      () => ({
        outbound: [
          {
            getMetricTags: (input, next) => {
              asked += 1;
              return { ...next({ ...input, last: name }), first: name, seen: Object.keys(input).join() };
            },
          },
        ],
      });
    const options = { interceptors: [adding("outer"), adding("inner")] };
    const meter = await measuredBy(() => {
      const counter = metricMeter.createCounter("c");
      counter.add(1);
      counter.add(1, { first: "value" });
    }, options);
    const intercepted = { ...STANDARD_TAGS, last: "inner", first: "outer", seen: "workflowType" };
    expect(meter.measured.map(({ tags }) => tags)).toEqual([intercepted, { ...intercepted, first: "value" }]);
    expect(asked).toBe(4);
  });

  it("keeps namespace and task queue even if an interceptor drops everything", async () => {
    const dropping: WorkflowInterceptorsFactory = () => ({ outbound: [{ getMetricTags: () => ({ only: true }) }] });
    const meter = await measuredBy(() => metricMeter.createCounter("c").add(1), { interceptors: [dropping] });
    const { namespace, taskQueue } = STANDARD_TAGS;
    expect(meter.measured[0]?.tags).toEqual({ namespace, taskQueue, only: true });
  });

  it("records nothing a second time: not on replay, and not in queries", async () => {
    const level = defineQuery<number>("level");
    const workflow = async () => {
      const counter = metricMeter.createCounter("steps");
      setHandler(level, () => {
        counter.add(100);
        return 1;
      });
      counter.add(1);
      await sleep(10);
      counter.add(2);
      await condition(() => false);
    };
    const meter = new RecordingMeter();
    const session = measuredSession(workflow, meter);
    const builder = history("workflow").task().timerStarted("1").timerFired("1");
    await session.run(builder.taskStarted().events);
    const answer = await session.query(builder.taskCompleted().events, "level");
    expect(answer.kind).toBe("answered");
    expect(meter.valuesOf("steps")).toEqual([2]);
  });

  it("hands over after the activation, and also when the task fails", async () => {
    const meter = new RecordingMeter();
    const before: number[] = [];
    const workflow = async () => {
      metricMeter.createCounter("c").add(1);
      await Promise.resolve();
      before.push(meter.measured.length);
      throw new Error("bug");
    };
    const result = await measuredSession(workflow, meter).run(history("workflow").taskStarted().events);
    expect(result.kind).toBe("failed");
    expect([before, meter.valuesOf("c")]).toEqual([[0], [1]]);
  });

  it("refuses negative values, on replay as well", async () => {
    const messages: unknown[] = [];
    const workflow = async () => {
      for (const use of [
        () => metricMeter.createCounter("c").add(-1),
        () => metricMeter.createHistogram("h").record(-2),
        () => metricMeter.createGauge("g").set(-3),
      ])
        try {
          use();
        } catch (error) {
          messages.push(error instanceof Error && error.message);
        }
      await sleep(10);
    };
    const meter = new RecordingMeter();
    const builder = history("workflow").task().timerStarted("1").timerFired("1").taskStarted();
    commandsOf(await measuredSession(workflow, meter).run(builder.events));
    expect(messages).toEqual([
      "MetricCounter value must be non-negative (got -1)",
      "MetricHistogram value must be non-negative (got -2)",
      "MetricGauge value must be non-negative (got -3)",
    ]);
    expect(meter.measured).toEqual([]);
  });

  it("cannot be used outside of workflow code; its metrics neither", async () => {
    expect(() => metricMeter.createCounter("c")).toThrow(IllegalStateError);
    const counters: { add(value: number): void }[] = [];
    await measuredBy(() => void counters.push(metricMeter.createCounter("c")));
    expect(() => counters[0]?.add(1)).toThrow("metricMeter can only be used in workflow code");
  });

  it("hinders nobody when the worker's meter fails", async () => {
    const meter = Object.assign(withoutUpDownCounters(), {
      createCounter: () => {
        throw new Error("the meter is away");
      },
    });
    const session = measuredSession(() => {
      metricMeter.createCounter("c").add(1);
      metricMeter.createUpDownCounter?.("u").add(1);
    }, meter);
    commandsOf(await session.run(history("workflow").taskStarted().events));
    expect(session.lines.map(({ metadata }) => String(metadata?.["error"]))).toEqual([
      "Error: the meter is away",
      "Error: createUpDownCounter is not supported by the underlying meter",
    ]);
  });
});

describe("a meter with composed tags", () => {
  it("asks functions at each value, in the order of the places", () => {
    const meter = new RecordingMeter();
    let count = 0;
    const counting = () => ({ count: (count += 1), place: "function" });
    const first = MetricMeterWithComposedTags.compose(meter, { place: "first", own: 1 });
    const counter = MetricMeterWithComposedTags.compose(first, counting).createCounter("c");
    counter.add(1);
    counter.add(1, { place: "value" });
    expect(meter.measured.map(({ tags }) => tags)).toEqual([
      { own: 1, count: 1, place: "function" },
      { own: 1, count: 2, place: "value" },
    ]);
  });

  it("takes away tags that a later place has as null or undefined", () => {
    const meter = new RecordingMeter();
    const none = { a: undefined, b: null } as unknown as Record<string, string>;
    MetricMeterWithComposedTags.compose(meter, { a: 1, b: 2, c: 3 }).withTags(none).createGauge("g").set(1);
    expect(meter.measured[0]?.tags).toEqual({ c: 3 });
  });

  it("is the meter itself where there is nothing to add, unless it has to be one with tags", () => {
    const meter = new RecordingMeter();
    expect(MetricMeterWithComposedTags.compose(meter, {})).toBe(meter);
    const forced = MetricMeterWithComposedTags.compose(meter, {}, true);
    expect(forced).not.toBe(meter);
    expect(forced.withTags({})).toBe(forced);
    forced.withTags({ a: 1 }).createHistogram("h").record(1);
    expect(meter.measured).toEqual([{ name: "h", value: 1, tags: { a: 1 } }]);
  });

  it("refuses up-down counters where the meter under it has none", () => {
    const meter = MetricMeterWithComposedTags.compose(withoutUpDownCounters(), { a: 1 });
    expect(() => meter.createUpDownCounter?.("u")).toThrow("not supported by the underlying meter");
  });
});

it("noopMetricMeter makes metrics that record nothing and stay what they are", () => {
  const counter = noopMetricMeter.createCounter("c", "1", "Counted");
  const histogram = noopMetricMeter.createHistogram("h");
  const gauge = noopMetricMeter.createGauge("g", "float");
  const open = noopMetricMeter.createUpDownCounter?.("u");
  counter.add(1);
  histogram.record(1);
  gauge.set(1);
  open?.add(-1);
  expect(counter).toMatchObject({ name: "c", unit: "1", description: "Counted", kind: "counter", valueType: "int" });
  expect([histogram.valueType, gauge.valueType, open?.kind]).toEqual(["int", "float", "up-down-counter"]);
  expect([counter.withTags({ a: 1 }), noopMetricMeter.withTags({ a: 1 })]).toEqual([counter, noopMetricMeter]);
  expect([histogram.withTags({}), gauge.withTags({}), open?.withTags({})]).toEqual([histogram, gauge, open]);
});
