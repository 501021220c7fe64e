import { describe, expect, it } from "vitest";

import { type ActivityInterceptorsFactory, Context, metricMeter } from "../../src/sdk/activity/index.ts";
import { IllegalStateError, type MetricMeter } from "../../src/sdk/common/index.ts";
import { MockActivityEnvironment } from "../../src/sdk/testing/index.ts";
import { RecordingMeter } from "../replay/recording-meter.ts";
import { errorOf, resultOf, startAttempt } from "./attempt.ts";

const STANDARD_TAGS = { namespace: "default", taskQueue: "transfers", activityType: "withdraw" };

describe("the activity's meter", () => {
  it("records at once, with namespace, task queue and activity type; the later place wins", async () => {
    const meter = new RecordingMeter();
    const measuring = async () => {
      metricMeter.createCounter("c", "1", "Counted").add(1, { own: true });
      metricMeter.withTags({ a: "meter", b: "meter" }).createHistogram("h", "float").withTags({ b: 2 }).record(1.5);
      metricMeter.createGauge("g").set(3, { activityType: "mine" });
      metricMeter.createUpDownCounter?.("u").add(-1);
      return Promise.resolve(meter.measured.length);
    };
    const { ending } = await startAttempt(measuring, { metricMeter: meter });
    expect(await resultOf(await ending)).toBe(4);
    expect(meter.measured).toEqual([
      { name: "c", value: 1, tags: { ...STANDARD_TAGS, own: true } },
      { name: "h", value: 1.5, tags: { ...STANDARD_TAGS, a: "meter", b: 2 } },
      { name: "g", value: 3, tags: { ...STANDARD_TAGS, activityType: "mine" } },
      { name: "u", value: -1, tags: STANDARD_TAGS },
    ]);
    expect(meter.made[0]).toEqual({ name: "c", unit: "1", description: "Counted", kind: "counter", valueType: "int" });
  });

  it("asks the outbound interceptors for tags, the first outermost; the worker's stay", async () => {
    const meter = new RecordingMeter();
    const seen: unknown[] = [];
    const dropping: ActivityInterceptorsFactory = (ctx) => ({
      inbound: {
        execute(input, next) {
          ctx.metricMeter.createCounter("made").add(1);
          return next(input);
        },
      },
      outbound: {
        getMetricTags(input, next) {
          const { tenant = "none" } = next(input);
          return { tenant, by: "outer" };
        },
      },
    });
    const adding: ActivityInterceptorsFactory = () => ({
      outbound: {
        getMetricTags(input, next) {
          seen.push(input);
          return { ...next(input), tenant: "t-1", by: "inner" };
        },
      },
    });
    const measuring = async () => Promise.resolve(Context.current().metricMeter.createCounter("c").add(1));
    const { ending } = await startAttempt(measuring, { metricMeter: meter, interceptors: [dropping, adding] });
    await ending;
    const tags = { namespace: "default", taskQueue: "transfers", tenant: "t-1", by: "outer" };
    expect(meter.measured).toEqual([
      { name: "made", value: 1, tags },
      { name: "c", value: 1, tags },
    ]);
    expect(seen).toEqual([STANDARD_TAGS, STANDARD_TAGS]);
  });

  it("fails the activity with what it refuses", async () => {
    const { ending } = await startAttempt(async () => metricMeter.createCounter("c").add(-1), {});
    expect(await errorOf(await ending)).toMatchObject({
      message: "MetricCounter value must be non-negative (got -1)",
    });
  });

  it("records nothing where the worker has none", async () => {
    const { ending } = await startAttempt(async () => metricMeter.createUpDownCounter?.("u").add(1), {});
    expect((await ending).kind).toBe("respond");
  });

  it("has no up-down counters where the worker's meter has none", async () => {
    const meter = new RecordingMeter();
    const without: MetricMeter = Object.assign(Object.create(meter) as MetricMeter, { createUpDownCounter: undefined });
    const { ending } = await startAttempt(async () => metricMeter.createUpDownCounter?.("u").add(1), {
      metricMeter: without,
    });
    expect(await errorOf(await ending)).toMatchObject({
      message: "createUpDownCounter is not supported by the underlying meter",
    });
  });

  it("is the one that a test gives", async () => {
    const meter = new RecordingMeter();
    const env = new MockActivityEnvironment({ activityType: "bill" }, { metricMeter: meter });
    await env.run(async () => metricMeter.createGauge("g", "float").set(0.5));
    expect(meter.measured).toEqual([
      { name: "g", value: 0.5, tags: { namespace: "default", taskQueue: "test", activityType: "bill" } },
    ]);
  });

  it("cannot be used outside of an activity", () => {
    expect(() => metricMeter.createCounter("c")).toThrow(IllegalStateError);
    expect(() => metricMeter.withTags({ a: 1 })).toThrow(IllegalStateError);
  });
});
