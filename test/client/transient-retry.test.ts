import { describe, expect, test } from "vitest";

import {
  isTransient,
  MAX_TRANSPORT_ATTEMPTS,
  retryTransient,
  transportDelayMs,
} from "../../src/sdk/client/transient-retry.ts";
import { recordedTiming, transportError } from "./scripted-service.ts";

describe("which errors are worth another try", () => {
  test.each([
    ["marked retryable", transportError("boom", { retryable: true }), true],
    ["a reset object", transportError("killed", { durableObjectReset: true }), true],
    ["a lost connection", new Error("Network connection lost."), true],
    ["a deploy", new Error("Durable Object reset because its code was updated."), true],
    ["a closed watch", new Error("WebSocket closed before the outcome came: 1006"), true],
    ["overload, even when marked retryable", transportError("busy", { retryable: true, overloaded: true }), false],
    ["a bug", new TypeError("x is not a function"), false],
    ["a thrown text", "Network connection lost.", false],
  ])("%s", (_what, error, expected) => {
    expect(isTransient(error)).toBe(expected);
  });
});

describe("retryTransient", () => {
  test("tries until there is an answer, waiting longer each time", async () => {
    const { timing, delaysMs } = recordedTiming();
    const seen: number[] = [];
    const answer = await retryTransient(async (attempt) => {
      seen.push(attempt);
      if (attempt < 4) throw transportError("lost", { retryable: true });
      return "done";
    }, timing);
    expect(answer).toBe("done");
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(delaysMs).toEqual([50, 100, 200]);
  });

  test("gives up after a bounded number of tries, with the last error", async () => {
    const { timing } = recordedTiming();
    let tries = 0;
    const operation = async (attempt: number): Promise<never> => {
      tries = attempt;
      throw transportError(`lost ${attempt}`, { retryable: true });
    };
    await expect(retryTransient(operation, timing)).rejects.toThrow(`lost ${MAX_TRANSPORT_ATTEMPTS}`);
    expect(tries).toBe(MAX_TRANSPORT_ATTEMPTS);
  });

  test("an error that is not transient is thrown at once", async () => {
    const { timing, delaysMs } = recordedTiming();
    await expect(retryTransient(() => Promise.reject(new TypeError("bug")), timing)).rejects.toThrow("bug");
    expect(delaysMs).toEqual([]);
  });

  test("delays stay between half of and the whole of their bound", () => {
    expect(transportDelayMs(3, () => 0)).toBe(100);
    expect(transportDelayMs(3, () => 1)).toBe(200);
    expect(transportDelayMs(30, () => 1)).toBe(1_000);
  });
});
