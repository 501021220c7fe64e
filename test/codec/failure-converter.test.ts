/** Errors to failures and back: each class, each field, and what stays readable. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  DefaultFailureConverter,
  HoldfastFailure,
  ServerFailure,
  TerminatedFailure,
  TimeoutFailure,
  cutoffStackTrace,
  defaultFailureConverter,
  defaultPayloadConverter,
  holdfastStackBoundary,
  toWirePayload,
} from "../../src/codec/index.ts";
import type { Failure } from "../../src/core/failure.ts";
import { anyFailure } from "./arbitraries.ts";

const readable = new DefaultFailureConverter({ encodeCommonAttributes: false });

/** Removes what an error was decoded from, so that its fields have to do. */
function forget(error: HoldfastFailure): HoldfastFailure {
  delete error.failure;
  if (error.cause instanceof HoldfastFailure) forget(error.cause);
  return error;
}

async function userCode(): Promise<never> {
  throw new Error("at once");
}

async function slowUserCode(): Promise<never> {
  await Promise.resolve();
  return userCode();
}

async function callerOutside(run: () => Promise<never>): Promise<Error> {
  return holdfastStackBoundary(run).then(
    () => new Error("must not resolve"),
    (error: Error) => error,
  );
}

function hop(error: unknown, converter = defaultFailureConverter): Error {
  const wire = converter.errorToFailure(error, defaultPayloadConverter);
  return converter.failureToError(JSON.parse(JSON.stringify(wire)) as Failure, defaultPayloadConverter);
}

describe("each class and its fields", () => {
  const cause = new Error("inner");

  it("ApplicationFailure", () => {
    const failure = ApplicationFailure.create({
      message: "m",
      type: "T",
      nonRetryable: true,
      details: [1, undefined, new Uint8Array([3])],
      nextRetryDelay: "1500 ms",
      category: "BENIGN",
      cause,
    });
    const result = hop(failure);
    expect(result).toBeInstanceOf(ApplicationFailure);
    expect(result).toMatchObject({
      message: "m",
      type: "T",
      nonRetryable: true,
      details: [1, undefined, new Uint8Array([3])],
      nextRetryDelay: 1500,
      category: "BENIGN",
      stack: failure.stack,
    });
    expect(result.cause).toMatchObject({ name: "TemporalFailure", message: "inner", stack: cause.stack });
  });

  it("CancelledFailure, TerminatedFailure, ServerFailure", () => {
    expect(hop(new CancelledFailure("m", [{ a: 1 }]))).toMatchObject({ name: "CancelledFailure", details: [{ a: 1 }] });
    expect(hop(new CancelledFailure("m"))).toMatchObject({ details: [] });
    expect(hop(new TerminatedFailure("m"))).toBeInstanceOf(TerminatedFailure);
    expect(hop(new ServerFailure("m", true))).toMatchObject({ name: "ServerFailure", nonRetryable: true });
  });

  it("TimeoutFailure", () => {
    const result = hop(new TimeoutFailure("m", { progress: 3 }, "HEARTBEAT"));
    expect(result).toBeInstanceOf(TimeoutFailure);
    expect(result).toMatchObject({ lastHeartbeatDetails: { progress: 3 }, timeoutType: "HEARTBEAT" });
    expect(hop(new TimeoutFailure("m", undefined, "START_TO_CLOSE"))).toMatchObject({
      lastHeartbeatDetails: undefined,
    });
  });

  it("ActivityFailure and ChildWorkflowFailure", () => {
    const activity = hop(new ActivityFailure("m", "charge", "7", "MAXIMUM_ATTEMPTS_REACHED", "worker-1", cause));
    expect(activity).toBeInstanceOf(ActivityFailure);
    expect(activity).toMatchObject({
      message: "m",
      activityType: "charge",
      activityId: "7",
      retryState: "MAXIMUM_ATTEMPTS_REACHED",
      identity: "worker-1",
      cause: { message: "inner" },
    });
    const execution = { workflowId: "w", runId: "r" };
    const child = hop(new ChildWorkflowFailure("ns", execution, "settle", "TIMEOUT", cause));
    expect(child).toBeInstanceOf(ChildWorkflowFailure);
    expect(child).toMatchObject({ namespace: "ns", execution, workflowType: "settle", retryState: "TIMEOUT" });
  });

  it("a plain error becomes a bare failure", () => {
    const result = hop(new TypeError("m"));
    expect(result.constructor).toBe(HoldfastFailure);
    expect(result.message).toBe("m");
  });

  it("a thrown text has Temporal's message and no stack", () => {
    expect(readable.errorToFailure("oops", defaultPayloadConverter)).toEqual({
      message:
        "oops [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]",
      source: "HoldfastSDK",
      stackTrace: "",
    });
  });

  it("a chain of causes that bites its tail ends", () => {
    const error = new Error("outer");
    error.cause = new Error("inner", { cause: error });
    const failure = readable.errorToFailure(error, defaultPayloadConverter);
    expect(failure).toMatchObject({ message: "outer", cause: { message: "inner" } });
    expect(failure.cause?.cause).toBeUndefined();
  });
});

describe("message and stack", () => {
  it("are in one payload by default, at every depth", () => {
    const error = ApplicationFailure.create({ message: "secret", type: "T", cause: new Error("hidden") });
    const failure = defaultFailureConverter.errorToFailure(error, defaultPayloadConverter);
    const attributes = toWirePayload(defaultPayloadConverter, { message: "secret", stack_trace: error.stack });
    expect(failure).toEqual({
      message: "Encoded failure",
      source: "HoldfastSDK",
      stackTrace: "",
      encodedAttributes: attributes,
      applicationFailureInfo: { type: "T", nonRetryable: false },
      cause: expect.objectContaining({ message: "Encoded failure", stackTrace: "" }) as unknown,
    });
    const { encodedAttributes: _, cause: inner, ...rest } = failure;
    expect(JSON.stringify([rest, { ...inner, encodedAttributes: undefined }])).not.toMatch(/secret|hidden|\bat\b/);
  });

  it("stay readable when asked to", () => {
    const error = new CancelledFailure("plain");
    expect(readable.errorToFailure(error, defaultPayloadConverter)).toEqual({
      message: "plain",
      source: "HoldfastSDK",
      stackTrace: error.stack,
      canceledFailureInfo: {},
    });
  });

  it("fall back to the plain fields when the attributes are somebody else's", () => {
    for (const attributes of ["text", null, { message: 1, stack_trace: 2 }]) {
      const failure: Failure = { message: "m", encodedAttributes: toWirePayload(defaultPayloadConverter, attributes) };
      expect(defaultFailureConverter.failureToError(failure, defaultPayloadConverter).message).toBe("m");
    }
  });
});

describe("a decoded failure", () => {
  it("keeps what it was decoded from and encodes to exactly that, wherever it sits", () => {
    fc.assert(
      fc.property(anyFailure, (failure) => {
        const error = defaultFailureConverter.failureToError(failure, defaultPayloadConverter) as HoldfastFailure;
        expect(error.failure).toBe(failure);
        expect(defaultFailureConverter.errorToFailure(error, defaultPayloadConverter)).toBe(failure);
        const wrapped = ApplicationFailure.create({ message: "wrapped", cause: error });
        expect(defaultFailureConverter.errorToFailure(wrapped, defaultPayloadConverter).cause).toBe(failure);
      }),
    );
  });

  it("gives an equal failure when it is encoded from its fields alone", () => {
    fc.assert(
      fc.property(anyFailure, (failure) => {
        const first = defaultFailureConverter.failureToError(failure, defaultPayloadConverter) as HoldfastFailure;
        const again = defaultFailureConverter.errorToFailure(forget(first), defaultPayloadConverter);
        const second = defaultFailureConverter.failureToError(again, defaultPayloadConverter) as HoldfastFailure;
        expect(second.constructor).toBe(first.constructor);
        expect(defaultFailureConverter.errorToFailure(forget(second), defaultPayloadConverter)).toEqual(again);
      }),
    );
  });
});

describe("stack traces", () => {
  it("lose Holdfast's frames", () => {
    const stack = [
      "Error: m",
      "    at ApplicationFailure.create (/app/node_modules/holdfast/dist/codec/failures.js:1:1)",
      "    at charge (/app/src/worker/activities.ts:3:9)",
      "    at async holdfastStackBoundary (/app/worker.js:10:3)",
      "    at async consume (/app/worker.js:20:3)",
    ].join("\n");
    expect(cutoffStackTrace(stack)).toBe("Error: m\n    at charge (/app/src/worker/activities.ts:3:9)");
    expect(cutoffStackTrace(undefined)).toBe("");
  });

  it("end at the boundary, for errors thrown at once and later", async () => {
    for (const run of [userCode, slowUserCode]) {
      const stack = cutoffStackTrace((await callerOutside(run)).stack);
      expect(stack).toContain("userCode");
      expect(stack).not.toMatch(/callerOutside|holdfastStackBoundary/);
    }
  });
});
