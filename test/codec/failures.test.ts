/** The failure classes, and what is made of things that are thrown. */
import { describe, expect, it } from "vitest";

import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  HoldfastFailure,
  ServerFailure,
  TemporalFailure,
  TerminatedFailure,
  TimeoutFailure,
  ensureApplicationFailure,
  ensureTemporalFailure,
  identifyClass,
  isCancellation,
  rootCause,
} from "../../src/codec/index.ts";

const ADVICE =
  " [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]";

const cause = new Error("inner");
const all: [string, HoldfastFailure][] = [
  ["TemporalFailure", new HoldfastFailure("m", cause)],
  ["ServerFailure", new ServerFailure("m", true, cause)],
  ["ApplicationFailure", new ApplicationFailure("m", "T", true, [1], cause)],
  ["CancelledFailure", new CancelledFailure("m", [1], cause)],
  ["TerminatedFailure", new TerminatedFailure("m", cause)],
  ["TimeoutFailure", new TimeoutFailure("m", undefined, "HEARTBEAT", cause)],
  ["ActivityFailure", new ActivityFailure("m", "type", "id", "TIMEOUT", "worker", cause)],
  ["ChildWorkflowFailure", new ChildWorkflowFailure("ns", { workflowId: "w", runId: "r" }, "type", "TIMEOUT", cause)],
];

describe("failure classes", () => {
  it.each(all)("%s has its name, its cause, and is a HoldfastFailure", (name, failure) => {
    expect(failure.name).toBe(name);
    expect(failure.cause).toBe(cause);
    expect(failure).toBeInstanceOf(HoldfastFailure);
    expect(failure).toBeInstanceOf(TemporalFailure);
    expect(failure).toBeInstanceOf(Error);
    expect(failure.stack).toContain("failures.test.ts");
    expect(Object.keys(failure)).not.toContain("failure");
  });

  it("are told apart", () => {
    expect(new CancelledFailure("m")).not.toBeInstanceOf(ApplicationFailure);
    expect(new HoldfastFailure("m")).not.toBeInstanceOf(CancelledFailure);
    expect(new Error("m")).not.toBeInstanceOf(HoldfastFailure);
    for (const other of [undefined, null, "HoldfastFailure", 1])
      expect((other as unknown) instanceof HoldfastFailure).toBe(false);
  });

  it("hold over copies of a class", () => {
    class Copy extends Error {}
    identifyClass(Copy, "CancelledFailure");
    expect(new Copy("from another bundle")).toBeInstanceOf(CancelledFailure);
    expect(new CancelledFailure("m")).toBeInstanceOf(Copy);
    expect(new Copy("m")).not.toBeInstanceOf(ApplicationFailure);
  });

  it("leave subclasses of users their own identity", () => {
    class AccountClosed extends ApplicationFailure {}
    expect(new AccountClosed("m")).toBeInstanceOf(AccountClosed);
    expect(new AccountClosed("m")).toBeInstanceOf(ApplicationFailure);
    expect(new ApplicationFailure("m")).not.toBeInstanceOf(AccountClosed);
  });

  it("a child workflow's failure has Temporal's message", () => {
    expect(new ChildWorkflowFailure(undefined, {}, "t", undefined).message).toBe("Child Workflow execution failed");
  });
});

describe("ApplicationFailure", () => {
  it("create takes each field", () => {
    const failure = ApplicationFailure.create({
      message: "m",
      type: "T",
      nonRetryable: true,
      details: [1],
      nextRetryDelay: "2 seconds",
      cause,
      category: "BENIGN",
    });
    expect(failure).toMatchObject({
      message: "m",
      type: "T",
      nonRetryable: true,
      details: [1],
      nextRetryDelay: "2 seconds",
      cause,
      category: "BENIGN",
    });
    expect(ApplicationFailure.create({})).toMatchObject({ message: "", type: undefined, nonRetryable: false });
  });

  it("retryable and nonRetryable default the type to Error", () => {
    expect(ApplicationFailure.retryable("m")).toMatchObject({ type: "Error", nonRetryable: false, details: [] });
    expect(ApplicationFailure.nonRetryable("m", "T", 1, 2)).toMatchObject({
      type: "T",
      nonRetryable: true,
      details: [1, 2],
    });
  });

  it("fromError stands for an error, and overrides replace what they name", () => {
    const error = new RangeError("too much", { cause });
    const failure = ApplicationFailure.fromError(error, { nonRetryable: true });
    expect(failure).toMatchObject({ message: "too much", type: "RangeError", nonRetryable: true, stack: error.stack });
    expect(failure.cause).toBe(cause);
    expect(ApplicationFailure.fromError(error, { type: "Limit" }).type).toBe("Limit");
  });

  it("fromError copies another ApplicationFailure", () => {
    const original = ApplicationFailure.nonRetryable("m", "T", { a: 1 });
    const copy = ApplicationFailure.fromError(original, { message: "n" });
    expect(copy).not.toBe(original);
    expect(copy).toMatchObject({ message: "n", type: "T", nonRetryable: true, details: [{ a: 1 }] });
    expect(original.message).toBe("m");
  });
});

describe("whatever is thrown", () => {
  it("an error keeps message, class name, stack and cause", () => {
    class AccountClosed extends Error {}
    const error = new AccountClosed("closed", { cause });
    const failure = ensureApplicationFailure(error);
    expect(failure).toMatchObject({
      message: "closed",
      type: "AccountClosed",
      nonRetryable: false,
      stack: error.stack,
    });
    expect(failure.cause).toBe(cause);
  });

  it("an error of another realm is an error", () => {
    const foreign: unknown = Object.assign(Object.create(null) as object, { name: "Foreign", message: "m" });
    expect(ensureApplicationFailure(foreign)).toMatchObject({ message: "m", type: "Foreign" });
  });

  it("failures stay themselves", () => {
    const application = ApplicationFailure.retryable("m");
    const cancelled = new CancelledFailure("m");
    expect(ensureApplicationFailure(application)).toBe(application);
    expect(ensureTemporalFailure(cancelled)).toBe(cancelled);
    expect(ensureTemporalFailure(new TypeError("m"))).toMatchObject({ name: "ApplicationFailure", type: "TypeError" });
    expect(ensureApplicationFailure(cancelled)).toMatchObject({ type: "CancelledFailure" });
  });

  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  it.each<[string, unknown, string, string | undefined]>([
    ["a text", "oops", "oops", undefined],
    ["a number", 42, "42", undefined],
    ["undefined", undefined, "undefined", undefined],
    ["null", null, "null", undefined],
    ["an object", { code: 1 }, '{"code":1}', "Object"],
    ["a cyclic object", cyclic, "[object Object]", "Object"],
    ["an object without a text", Object.assign(Object.create(null) as object, { n: 1n }), "[object Object]", undefined],
  ])("%s gets Temporal's message", (_what, thrown, text, type) => {
    expect(ensureApplicationFailure(thrown)).toMatchObject({ message: text + ADVICE, type, stack: "" });
  });
});

describe("questions about failures", () => {
  it("rootCause finds the message at the bottom", () => {
    const inner = ApplicationFailure.create({ message: "middle", cause });
    expect(rootCause(new ActivityFailure("m", "t", "1", undefined, undefined, inner))).toBe("inner");
    expect(rootCause(new CancelledFailure("m"))).toBe("m");
    expect(rootCause("text")).toBe("text");
    expect(rootCause(1)).toBeUndefined();
  });

  it("isCancellation looks through activities and child workflows only", () => {
    const cancelled = new CancelledFailure("m");
    const activity = new ActivityFailure("m", "t", "1", undefined, undefined, cancelled);
    expect(isCancellation(cancelled)).toBe(true);
    expect(isCancellation(activity)).toBe(true);
    expect(isCancellation(new ChildWorkflowFailure(undefined, {}, "t", undefined, activity))).toBe(true);
    expect(isCancellation(ApplicationFailure.create({ cause: cancelled }))).toBe(false);
    expect(isCancellation(new ActivityFailure("m", "t", "1", undefined, undefined, cause))).toBe(false);
    expect(isCancellation(undefined)).toBe(false);
  });
});
