/** Values to payloads and back, one by one and as lists. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  BinaryPayloadConverter,
  CompositePayloadConverter,
  DefaultPayloadConverter,
  JsonPayloadConverter,
  type Payload,
  type PayloadConverter,
  type PayloadConverterWithEncoding,
  PayloadConverterError,
  RawValue,
  type SerializationContext,
  UndefinedPayloadConverter,
  ValueError,
  arrayFromPayloads,
  bindPayloadConverter,
  convertOptionalToPayload,
  decodeText,
  defaultPayloadConverter,
  encodeText,
  fromPayloadsAtIndex,
  fromWireMap,
  fromWirePayload,
  fromWirePayloads,
  mapFromPayloads,
  mapToPayloads,
  payloadFromWire,
  payloadToWire,
  toPayloads,
  toPayloadsWithContext,
  toWireMap,
  toWirePayload,
  toWirePayloads,
} from "../../src/codec/index.ts";
import { anyValue } from "./arbitraries.ts";

const context: SerializationContext = { namespace: "n", workflowId: "w", channel: { kind: "workflow-input" } };

function textOf(payload: Payload): { encoding: string; data: string | undefined } {
  const encoding = payload.metadata?.["encoding"] ?? new Uint8Array();
  return { encoding: decodeText(encoding), data: payload.data ? decodeText(payload.data) : undefined };
}

function metadata(encoding: string): Record<string, Uint8Array> {
  return { encoding: encodeText(encoding) };
}

describe("the default converter", () => {
  it("converts undefined, bytes and JSON to Temporal's encodings", () => {
    expect(textOf(defaultPayloadConverter.toPayload(undefined))).toEqual({ encoding: "binary/null", data: undefined });
    expect(textOf(defaultPayloadConverter.toPayload(encodeText("ab")))).toEqual({
      encoding: "binary/plain",
      data: "ab",
    });
    expect(textOf(defaultPayloadConverter.toPayload({ a: [1, "é"] }))).toEqual({
      encoding: "json/plain",
      data: '{"a":[1,"é"]}',
    });
    expect(textOf(defaultPayloadConverter.toPayload(null))).toEqual({ encoding: "json/plain", data: "null" });
  });

  it("gives back any value, straight and over the wire", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const payload = defaultPayloadConverter.toPayload(value);
        expect(defaultPayloadConverter.fromPayload(payload)).toEqual(value);
        const wire = JSON.parse(JSON.stringify(payloadToWire(payload))) as ReturnType<typeof payloadToWire>;
        expect(defaultPayloadConverter.fromPayload(payloadFromWire(wire))).toEqual(value);
      }),
    );
  });

  it("gives back bytes that nobody else holds", () => {
    const payload = defaultPayloadConverter.toPayload(new Uint8Array([1, 2]));
    const first = defaultPayloadConverter.fromPayload<Uint8Array>(payload);
    first[0] = 9;
    expect(defaultPayloadConverter.fromPayload(payload)).toEqual(new Uint8Array([1, 2]));
  });

  it.each([
    ["bigint", 1n],
    ["function", () => 1],
    ["symbol", Symbol("s")],
  ])("refuses a %s", (type, value) => {
    expect(() => defaultPayloadConverter.toPayload(value)).toThrow(ValueError);
    expect(() => defaultPayloadConverter.toPayload(value)).toThrow(`type ${type}`);
  });

  it("refuses a cyclic object without quoting it", () => {
    const cyclic: Record<string, unknown> = { secret: "hunter2" };
    cyclic["self"] = cyclic;
    const attempt = (): Payload => defaultPayloadConverter.toPayload(cyclic);
    expect(attempt).toThrow(ValueError);
    expect(attempt).not.toThrow("hunter2");
  });

  it("refuses payloads without encoding, with an unknown one, without data, and with broken JSON", () => {
    expect(() => defaultPayloadConverter.fromPayload({})).toThrow("must name its encoding");
    expect(() => defaultPayloadConverter.fromPayload({ metadata: metadata("binary/encrypted") })).toThrow(
      "Unknown payload encoding: binary/encrypted",
    );
    expect(() => defaultPayloadConverter.fromPayload({ metadata: metadata("json/plain") })).toThrow("must have data");
    const broken = { metadata: metadata("json/plain"), data: encodeText("{hunter2") };
    expect(() => defaultPayloadConverter.fromPayload(broken)).toThrow("does not hold valid JSON");
    expect(() => defaultPayloadConverter.fromPayload(broken)).not.toThrow("hunter2");
  });
});

describe("a composite", () => {
  it("asks its converters in order and tells them the context", () => {
    const seen: (SerializationContext | undefined)[] = [];
    const upperCase: PayloadConverterWithEncoding = {
      encodingType: "text/upper",
      toPayload(value: unknown, given?: SerializationContext) {
        seen.push(given);
        if (typeof value !== "string") return undefined;
        return { metadata: { encoding: encodeText("text/upper") }, data: encodeText(value.toUpperCase()) };
      },
      // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- The interface has it.
      fromPayload<T>(payload: Payload, given?: SerializationContext): T {
        seen.push(given);
        return decodeText(payload.data ?? new Uint8Array()) as T;
      },
    };
    const converter = new CompositePayloadConverter(upperCase, new JsonPayloadConverter());
    expect(converter.fromPayload(converter.toPayload("abc", context), context)).toBe("ABC");
    expect(converter.fromPayload(converter.toPayload(7, context), context)).toBe(7);
    expect(seen).toEqual([context, context, context]);
  });

  it("needs a converter", () => {
    expect(() => new CompositePayloadConverter()).toThrow(PayloadConverterError);
    expect(new PayloadConverterError("x")).toBeInstanceOf(ValueError);
  });

  it("leaves to others what is not its own", () => {
    expect(new UndefinedPayloadConverter().toPayload(null)).toBeUndefined();
    expect(new BinaryPayloadConverter().toPayload("text")).toBeUndefined();
    expect(new JsonPayloadConverter().toPayload(undefined)).toBeUndefined();
  });
});

describe("a raw value", () => {
  it("passes a converter with the payload it brought", () => {
    const payload: Payload = { metadata: { encoding: encodeText("custom/one") }, data: encodeText("x") };
    expect(defaultPayloadConverter.toPayload(RawValue.fromPayload(payload))).toBe(payload);
  });

  it("is converted by the converter it was made with", () => {
    const raw = new RawValue({ a: 1 }, new DefaultPayloadConverter());
    expect(defaultPayloadConverter.fromPayload(defaultPayloadConverter.toPayload(raw))).toEqual({ a: 1 });
  });
});

describe("lists and maps", () => {
  it("make no list of no values, and no values of no list", () => {
    expect(toPayloads(defaultPayloadConverter)).toBeUndefined();
    expect(arrayFromPayloads(defaultPayloadConverter)).toEqual([]);
    expect(toWirePayloads(defaultPayloadConverter, [])).toBeUndefined();
    expect(fromWirePayloads(defaultPayloadConverter, undefined)).toEqual([]);
    expect(fromWireMap(defaultPayloadConverter, undefined)).toEqual({});
  });

  it("tell the converter where each value belongs", () => {
    const seen: unknown[] = [];
    const recording: PayloadConverter = {
      toPayload: (value, given) => {
        seen.push([value, given]);
        return defaultPayloadConverter.toPayload(value);
      },
      fromPayload: (payload, given) => {
        seen.push([payload.data && decodeText(payload.data), given]);
        return defaultPayloadConverter.fromPayload(payload);
      },
    };
    expect(toPayloadsWithContext(recording, context, ["a", 1])).toHaveLength(2);
    expect(toPayloadsWithContext(recording, context, [])).toBeUndefined();
    expect(toPayloads(recording, "b")).toHaveLength(1);
    expect(fromWirePayload(recording, toWirePayload(defaultPayloadConverter, "c"), context)).toBe("c");
    expect(seen).toEqual([
      ["a", context],
      [1, context],
      ["b", undefined],
      ['"c"', context],
    ]);
  });

  it("keep order, undefined included", () => {
    const payloads = toPayloads(defaultPayloadConverter, 1, undefined, "c");
    expect(arrayFromPayloads(defaultPayloadConverter, payloads)).toEqual([1, undefined, "c"]);
    expect(fromPayloadsAtIndex(defaultPayloadConverter, 2, payloads)).toBe("c");
    expect(fromPayloadsAtIndex(defaultPayloadConverter, 3, payloads)).toBeUndefined();
    expect(convertOptionalToPayload(defaultPayloadConverter, undefined)).toBeUndefined();
    expect(convertOptionalToPayload(defaultPayloadConverter, 1)).toEqual(payloads?.[0]);
  });

  it("keep names, __proto__ included", () => {
    const values = JSON.parse('{"a":1,"__proto__":{"b":2}}') as Record<string, unknown>;
    const roundTrip = mapFromPayloads(defaultPayloadConverter, mapToPayloads(defaultPayloadConverter, values));
    expect(Object.entries(roundTrip ?? {})).toEqual(Object.entries(values));
    expect(Object.entries(fromWireMap(defaultPayloadConverter, toWireMap(defaultPayloadConverter, values)))).toEqual(
      Object.entries(values),
    );
    expect(mapFromPayloads(defaultPayloadConverter, undefined)).toBeUndefined();
  });

  it("tell each value of a map its own place", () => {
    const seen: string[] = [];
    const converter = bindPayloadConverter(defaultPayloadConverter, context);
    const recording = {
      toPayload(value: unknown, given?: SerializationContext): Payload {
        if (given?.channel.kind === "memo") seen.push(given.channel.key);
        return converter.toPayload(value);
      },
      fromPayload: () => {
        throw new Error("nothing is decoded here");
      },
    };
    toWireMap(recording, { a: 1, b: 2 }, (key) => ({ ...context, channel: { kind: "memo", key } }));
    expect(seen).toEqual(["a", "b"]);
  });

  it("have the wire form of proto JSON", () => {
    expect(toWirePayload(defaultPayloadConverter, "hi")).toEqual({
      metadata: { encoding: btoa("json/plain") },
      data: btoa('"hi"'),
    });
    expect(() => payloadFromWire({ data: "not base64!" })).toThrow(ValueError);
  });
});
