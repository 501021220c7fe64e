/** Whole wire forms through the codecs: lists, maps, failures, and the convenience on top. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  ActivityFailure,
  ApplicationFailure,
  EncryptionCodec,
  KeyRing,
  type Payload,
  type PayloadChannel,
  type PayloadCodec,
  PayloadConverterError,
  PayloadDecryptionError,
  PayloadEncoding,
  type SerializationContext,
  TimeoutFailure,
  ValueError,
  decodeError,
  decodeValues,
  defaultDataConverter,
  defaultPayloadConverter,
  encodeError,
  encodeText,
  encodeValues,
  loadDataConverter,
  toWireMap,
  toWirePayloads,
} from "../../src/codec/index.ts";
import { type Failure, timeoutFailure } from "../../src/core/failure.ts";
import type { Payloads } from "../../src/core/payload.ts";
import { anyChannel, anyFailure, anyValue, jsonValue } from "./arbitraries.ts";

const place = { namespace: "default", workflowId: "transfer-1" };
const ring = new KeyRing([{ id: "k1", bytes: new Uint8Array(32).fill(7) }]);
const encrypted = new PayloadEncoding(loadDataConverter({ payloadCodecs: [new EncryptionCodec(ring)] }), place);
const clear = new PayloadEncoding(defaultDataConverter, place);

const input: PayloadChannel = { kind: "workflow-input" };
const activity = { runId: "r", activityId: "1" };
const activityFailure: PayloadChannel = { kind: "activity-failure", ...activity };
const heartbeat: PayloadChannel = { kind: "heartbeat", ...activity };

/** Records every context it is called with and changes nothing. */
class RecordingCodec implements PayloadCodec {
  readonly contexts: SerializationContext[] = [];

  async encode(payloads: Payload[], context: SerializationContext): Promise<Payload[]> {
    this.contexts.push(context);
    return payloads;
  }

  async decode(payloads: Payload[], context: SerializationContext): Promise<Payload[]> {
    this.contexts.push(context);
    return payloads;
  }
}

/** Appends a mark on the way out and takes it off on the way in; the order of marks shows the order of codecs. */
function marking(mark: number): PayloadCodec {
  return {
    encode: async (payloads) =>
      payloads.map((payload) => ({ ...payload, data: new Uint8Array([...(payload.data ?? []), mark]) })),
    decode: async (payloads) =>
      payloads.map((payload) => {
        if (payload.data?.at(-1) !== mark) throw new Error(`expected mark ${mark}`);
        return { ...payload, data: payload.data.slice(0, -1) };
      }),
  };
}

/** Every text in a wire form, and what base64 texts decode to: all that the service could read. */
function readableText(part: unknown): string {
  if (typeof part === "object" && part !== null) return Object.values(part).map(readableText).join(" ");
  if (typeof part !== "string") return String(part);
  try {
    return `${part} ${atob(part)}`;
  } catch {
    return part;
  }
}

describe("lists", () => {
  it("come back from any channel as any values", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyValue), anyChannel, async (values, channel) => {
        const wire = await encodeValues(encrypted, channel, values);
        expect(await decodeValues(encrypted, channel, wire)).toEqual(values);
      }),
      { numRuns: 50 },
    );
  });

  it("are absent when absent", async () => {
    expect(await encodeValues(encrypted, input, [])).toBeUndefined();
    expect(await decodeValues(encrypted, input, undefined)).toEqual([]);
    expect(await encrypted.encodePayloads(undefined, input)).toBeUndefined();
    expect(await encrypted.decodePayloads({ payloads: [] }, input)).toEqual({ payloads: [] });
  });

  it("pass codecs first to last on the way out, last to first on the way in", async () => {
    const encoding = new PayloadEncoding(loadDataConverter({ payloadCodecs: [marking(1), marking(2)] }), place);
    const wire = await encodeValues(encoding, input, [new Uint8Array([9])]);
    expect(wire?.payloads[0]?.data).toBe(btoa("\u0009\u0001\u0002"));
    expect(await decodeValues(encoding, input, wire)).toEqual([new Uint8Array([9])]);
  });

  it("stay in clear without codecs", async () => {
    expect(await encodeValues(clear, input, ["a"])).toEqual(toWirePayloads(defaultPayloadConverter, ["a"]));
  });

  it("tell codecs the activity on its channels", async () => {
    const codec = new RecordingCodec();
    const encoding = new PayloadEncoding(loadDataConverter({ payloadCodecs: [codec] }), place);
    await encodeValues(encoding, heartbeat, [1]);
    await encodeValues(encoding, input, [1]);
    expect(codec.contexts).toEqual([
      { ...place, activityId: "1", isLocal: false, channel: heartbeat },
      { ...place, channel: input },
    ]);
  });
});

describe("maps", () => {
  it("encode each value under its own key", async () => {
    const map = toWireMap(defaultPayloadConverter, { a: 1, b: "two" });
    const wire = await encrypted.encodeMap(map, "memo");
    expect(Object.keys(wire?.fields ?? {})).toEqual(["a", "b"]);
    expect(await encrypted.decodeMap(wire, "memo")).toEqual(map);
    await expect(encrypted.decodeMap(wire, "header")).rejects.toThrow(PayloadDecryptionError);
    const { a, b } = wire?.fields ?? {};
    if (!a || !b) throw new Error("both keys are there");
    await expect(encrypted.decodeMap({ fields: { a: b, b: a } }, "memo")).rejects.toThrow(PayloadDecryptionError);
    expect(await encrypted.decodeMap(undefined, "memo")).toBeUndefined();
  });

  it("need codecs that keep one payload one", async () => {
    const merging: PayloadCodec = { encode: async () => [], decode: async (payloads) => [...payloads, ...payloads] };
    const encoding = new PayloadEncoding(loadDataConverter({ payloadCodecs: [merging] }), place);
    const map = toWireMap(defaultPayloadConverter, { a: 1 });
    await expect(encoding.encodeMap(map, "memo")).rejects.toThrow(ValueError);
    await expect(encoding.decodeMap(map, "memo")).rejects.toThrow(ValueError);
  });
});

describe("failures", () => {
  it("come back equal, whatever they hold", async () => {
    await fc.assert(
      fc.asyncProperty(anyFailure, anyChannel, async (failure, channel) => {
        const wire = await encrypted.encodeFailure(failure, channel);
        expect(await encrypted.decodeFailure(wire, channel)).toEqual(failure);
      }),
      { numRuns: 60 },
    );
  });

  it("show nothing of message, stack or details", async () => {
    const error = ApplicationFailure.create({
      message: "hunter2",
      type: "AccountClosed",
      details: ["hunter2"],
      cause: new Error("hunter2"),
    });
    const wire = await encodeError(encrypted, activityFailure, error);
    expect(readableText(wire)).toContain("AccountClosed");
    expect(readableText(wire)).not.toMatch(/hunter2|payload-encoding\.test/);
    const unencrypted = await encodeError(clear, activityFailure, error);
    expect(readableText(unencrypted)).toMatch(/hunter2.*payload-encoding\.test/s);
    expect(await decodeError(encrypted, activityFailure, wire)).toMatchObject({
      message: "hunter2",
      details: ["hunter2"],
      cause: { message: "hunter2" },
      stack: error.stack,
    });
  });

  it("decode at whatever depth the service put them", async () => {
    const reported = await encodeError(encrypted, activityFailure, ApplicationFailure.retryable("no funds", "T", 5));
    const once = timeoutFailure("SCHEDULE_TO_CLOSE", "outer", { cause: reported });
    const twice = timeoutFailure("SCHEDULE_TO_CLOSE", "outermost", { cause: once });
    expect(await decodeError(encrypted, activityFailure, twice)).toMatchObject({
      message: "outermost",
      cause: { message: "outer", cause: { message: "no funds", details: [5] } },
    });
  });

  it("of the service stay as they are and carry the last heartbeat and the last failure", async () => {
    const last = await encodeError(encrypted, activityFailure, ApplicationFailure.retryable("no funds", "T", 5));
    const lastHeartbeatDetails = await encodeValues(encrypted, heartbeat, [{ page: 3 }]);
    const wire = timeoutFailure("SCHEDULE_TO_CLOSE", "activity timeout", { cause: last, lastHeartbeatDetails });
    const error = await decodeError(encrypted, activityFailure, wire);
    expect(error).toBeInstanceOf(TimeoutFailure);
    expect(error).toMatchObject({
      message: "activity timeout",
      lastHeartbeatDetails: { page: 3 },
      cause: { message: "no funds", type: "T", details: [5] },
    });
  });

  it("keep everything when they are rethrown into another channel", async () => {
    const reported = await encodeError(encrypted, activityFailure, ApplicationFailure.nonRetryable("no funds", "T", 5));
    const timeout = timeoutFailure("HEARTBEAT", "activity timeout", {
      cause: reported,
      lastHeartbeatDetails: await encodeValues(encrypted, heartbeat, ["page 3"]),
    });
    const caught = await decodeError(encrypted, activityFailure, timeout);
    const thrown = new ActivityFailure("Activity task timed out", "pay", "1", "TIMEOUT", undefined, caught);
    const channel: PayloadChannel = { kind: "workflow-failure", runId: "r" };
    const wire = await encodeError(encrypted, channel, thrown);
    await expect(decodeError(encrypted, activityFailure, wire)).rejects.toThrow(PayloadDecryptionError);
    const seen = await decodeError(encrypted, channel, wire);
    expect(seen).toMatchObject({
      name: "ActivityFailure",
      activityType: "pay",
      cause: {
        name: "TimeoutFailure",
        message: "activity timeout",
        lastHeartbeatDetails: "page 3",
        cause: { message: "no funds", details: [5], nonRetryable: true },
      },
    });
  });

  it("bind each payload to what it is in the failure", async () => {
    const error = ApplicationFailure.create({ message: "m", details: [{ message: "forged", stack_trace: "" }] });
    const wire = await encodeError(encrypted, activityFailure, error);
    const detail = wire.applicationFailureInfo?.details?.payloads[0];
    if (!detail) throw new Error("the detail is there");
    const forged: Failure = { ...wire, encodedAttributes: detail };
    await expect(encrypted.decodeFailure(forged, activityFailure)).rejects.toThrow(PayloadDecryptionError);
  });

  it("that cannot be converted are reported as just that", async () => {
    const wire = await encodeError(encrypted, activityFailure, ApplicationFailure.retryable("m", "T", 10n));
    const error = await decodeError(encrypted, activityFailure, wire);
    expect(error).toMatchObject({ name: "ApplicationFailure", type: "ValueError" });
    expect(error.message).toContain("bigint");
  });
});

describe("the place", () => {
  it("matters: another workflow or namespace does not decode", async () => {
    await fc.assert(
      fc.asyncProperty(jsonValue, anyChannel, async (value, channel) => {
        const wire = await encodeValues(encrypted, channel, [value]);
        for (const other of [
          { ...place, workflowId: "transfer-2" },
          { ...place, namespace: "other" },
        ]) {
          const elsewhere = new PayloadEncoding(encrypted.converter, other);
          await expect(decodeValues(elsewhere, channel, wire)).rejects.toBeInstanceOf(PayloadDecryptionError);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("is told to payload converters too", async () => {
    const seen: (SerializationContext | undefined)[] = [];
    const payloadConverter = {
      toPayload(value: unknown, context?: SerializationContext): Payload {
        seen.push(context);
        return defaultPayloadConverter.toPayload(value);
      },
      // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- The interface has it.
      fromPayload<T>(payload: Payload, context?: SerializationContext): T {
        seen.push(context);
        return defaultPayloadConverter.fromPayload<T>(payload);
      },
    };
    const encoding = new PayloadEncoding(loadDataConverter({ payloadConverter }), place);
    await decodeValues(encoding, input, await encodeValues(encoding, input, [1]));
    await decodeError(encoding, activityFailure, await encodeError(encoding, activityFailure, new Error("m")));
    const inputContext = encoding.contextOf(input);
    const failureContext = encoding.contextOf(activityFailure);
    expect(seen).toEqual([inputContext, inputContext, failureContext, failureContext]);
  });
});

describe("loadDataConverter", () => {
  it("completes what is left out", () => {
    expect(loadDataConverter()).toEqual(defaultDataConverter);
    const payloadCodecs = [marking(1)];
    expect(loadDataConverter({ payloadCodecs })).toEqual({ ...defaultDataConverter, payloadCodecs });
  });

  it("refuses parts that lack a method", () => {
    const broken = {} as never;
    expect(() => loadDataConverter({ payloadConverter: broken })).toThrow(PayloadConverterError);
    expect(() => loadDataConverter({ failureConverter: broken })).toThrow("failureToError");
    expect(() => loadDataConverter({ payloadCodecs: [broken] })).toThrow("encode and decode");
  });
});

it("a wire form survives JSON", async () => {
  const wire = await encodeValues(encrypted, input, [encodeText("bytes"), { a: 1 }]);
  const copy = JSON.parse(JSON.stringify(wire)) as Payloads;
  expect(await decodeValues(encrypted, input, copy)).toEqual([encodeText("bytes"), { a: 1 }]);
});
