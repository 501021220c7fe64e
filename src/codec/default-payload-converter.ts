/**
 * Several converters as one, the default among them, and values that bring their own payload.
 *
 * Owns: the order in which converters are asked, and the choice of a converter by a payload's encoding.
 */
/* oxlint-disable typescript/no-unnecessary-type-parameters -- Temporal's API lets the caller name the type it expects. */
import { decodeText } from "./bytes.ts";
import { identifyClass } from "./error-identity.ts";
import { PayloadConverterError, ValueError } from "./errors.ts";
import {
  METADATA_ENCODING_KEY,
  type Payload,
  type PayloadConverter,
  type PayloadConverterWithEncoding,
} from "./payload-converter.ts";
import type { SerializationContext } from "./serialization-context.ts";
import { BinaryPayloadConverter, JsonPayloadConverter, UndefinedPayloadConverter } from "./value-converters.ts";

/**
 * Asks its converters in order; the first that knows a value converts it.
 *
 * @example
 * const converter = new CompositePayloadConverter(new UndefinedPayloadConverter(), new JsonPayloadConverter());
 */
export class CompositePayloadConverter implements PayloadConverter {
  readonly converters: readonly PayloadConverterWithEncoding[];
  readonly #converterByEncoding = new Map<string, PayloadConverterWithEncoding>();

  constructor(...converters: PayloadConverterWithEncoding[]) {
    if (converters.length === 0) throw new PayloadConverterError("A composite needs at least one payload converter");
    this.converters = converters;
    for (const converter of converters) this.#converterByEncoding.set(converter.encodingType, converter);
  }

  /** The payload of a value. Throws `ValueError` when no converter takes it. */
  toPayload(value: unknown, context?: SerializationContext): Payload {
    if (value instanceof RawValue) return value.payload;
    for (const converter of this.converters) {
      const payload = converter.toPayload(value, context);
      if (payload !== undefined) return payload;
    }
    throw new ValueError(
      `Unable to convert a value of type ${typeof value} to a payload: ` +
        "it is not undefined, bytes or JSON (functions, symbols, BigInt and cyclic objects are not), " +
        "and no other payload converter takes it",
    );
  }

  /** The value of a payload. Throws `ValueError` for an encoding that no converter knows. */
  fromPayload<T>(payload: Payload, context?: SerializationContext): T {
    const encoding = payload.metadata?.[METADATA_ENCODING_KEY];
    if (!encoding) throw new ValueError("A payload must name its encoding in its metadata");
    const encodingType = decodeText(encoding);
    const converter = this.#converterByEncoding.get(encodingType);
    if (!converter) throw new ValueError(`Unknown payload encoding: ${encodingType}`);
    return converter.fromPayload<T>(payload, context);
  }
}

/** Undefined, bytes, then JSON. */
export class DefaultPayloadConverter extends CompositePayloadConverter {
  constructor() {
    super(new UndefinedPayloadConverter(), new BinaryPayloadConverter(), new JsonPayloadConverter());
  }
}

export const defaultPayloadConverter: PayloadConverter = new DefaultPayloadConverter();

/** Remembers, for the compiler alone, what type a raw value stands for. */
export declare const rawPayloadTypeBrand: unique symbol;

/**
 * A value that brings its payload along, so that it passes converters unchanged.
 *
 * @example
 * return new RawValue({ total: 3 }, myPayloadConverter);
 */
export class RawValue<T = unknown, P extends PayloadConverter = PayloadConverter> {
  static {
    identifyClass(this, "RawValue");
  }

  declare readonly [rawPayloadTypeBrand]: T;
  readonly #payload: Payload;

  constructor(value: T, payloadConverter: P = defaultPayloadConverter as P) {
    this.#payload = payloadConverter.toPayload(value);
  }

  /** A raw value around a payload that exists already. */
  static fromPayload(payload: Payload): RawValue {
    return new RawValue(undefined, {
      toPayload: () => payload,
      fromPayload: (given) => defaultPayloadConverter.fromPayload(given),
    });
  }

  get payload(): Payload {
    return this.#payload;
  }
}
