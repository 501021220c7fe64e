import { describe, expect, it } from "vitest";

import { defaultPayloadConverter, payloadToWire } from "../../src/codec/index.ts";
import type { ActivityInterceptorsFactory } from "../../src/sdk/activity/index.ts";
import { activityInfo, ApplicationFailure, Context, log } from "../../src/sdk/activity/index.ts";
import { encoding, errorOf, resultOf, startAttempt } from "./attempt.ts";

const double = (value: number) => Promise.resolve(value * 2);

async function headerOf(value: unknown) {
  const payload = payloadToWire(defaultPayloadConverter.toPayload(value));
  return await encoding.encodeMap({ fields: { tenant: payload } }, "header");
}

describe("activity interceptors", () => {
  it("wrap the activity, the first one outermost, and may change what goes in and out", async () => {
    const adding =
      (amount: number): ActivityInterceptorsFactory =>
      () => ({
        inbound: {
          execute: async (input, next) => {
            const [value] = input.args as [number];
            return [amount, await next({ ...input, args: [value + amount] })];
          },
        },
      });
    const { ending } = await startAttempt(double, { args: [1], interceptors: [adding(10), adding(100)] });
    expect(await resultOf(await ending)).toEqual([10, [100, 222]]);
  });

  it("see the headers of the task, decoded", async () => {
    const seen: unknown[] = [];
    const interceptors: ActivityInterceptorsFactory = () => ({
      inbound: {
        execute(input, next) {
          const { tenant } = input.headers;
          seen.push(tenant && defaultPayloadConverter.fromPayload(tenant));
          return next(input);
        },
      },
    });
    const header = await headerOf("t-1");
    const { ending } = await startAttempt(double, {
      args: [1],
      task: header ? { header } : {},
      interceptors: [interceptors],
    });
    expect(await resultOf(await ending)).toBe(2);
    expect(JSON.stringify(header)).not.toContain(btoa('"t-1"'));
    expect(seen).toEqual(["t-1"]);
  });

  it("are made from the context of the attempt, and run inside it", async () => {
    const seen: unknown[] = [];
    const interceptors: ActivityInterceptorsFactory = (ctx) => ({
      inbound: {
        execute(input, next) {
          seen.push(ctx === Context.current(), activityInfo().attempt);
          return next(input);
        },
      },
    });
    const { ending } = await startAttempt(double, { args: [1], interceptors: [interceptors] });
    await ending;
    expect(seen).toEqual([true, 2]);
  });

  it("that throw fail the attempt, when they are made as when they run", async () => {
    const whenMade: ActivityInterceptorsFactory = () => {
      throw ApplicationFailure.nonRetryable("not made");
    };
    const whenRun: ActivityInterceptorsFactory = () => ({
      inbound: { execute: () => Promise.reject(ApplicationFailure.nonRetryable("not run")) },
    });
    for (const [factory, message] of [
      [whenMade, "not made"],
      [whenRun, "not run"],
    ] as const) {
      const { ending } = await startAttempt(double, { args: [1], interceptors: [factory] });
      expect(await errorOf(await ending)).toMatchObject({ message });
    }
  });

  it("add attributes to the lines that the activity logs", async () => {
    const tenant: ActivityInterceptorsFactory = () => ({
      outbound: { getLogAttributes: (input, next) => ({ ...next(input), tenant: "t-1" }) },
    });
    const talking = async () => {
      log.info("hello", { amount: 1 });
      return Promise.resolve();
    };
    const { ending, lines } = await startAttempt(talking, { interceptors: [tenant] });
    await ending;
    expect(lines).toMatchObject([
      { message: "hello", meta: { tenant: "t-1", amount: 1, activityType: "withdraw", sdkComponent: "activity" } },
    ]);
  });
});
