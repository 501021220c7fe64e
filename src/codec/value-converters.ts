/**
 * The built-in converters, one encoding each: undefined, bytes, JSON.
 *
 * Owns: the bytes of the three encodings, which are those of Temporal's SDKs. A converter answers undefined for a
 * value that is not its own; `CompositePayloadConverter` asks the next one.
 */
/* oxlint-disable typescript/no-unnecessary-type-parameters -- Temporal's API lets the caller name the type it expects. */
import { decodeText, encodeText } from "./bytes.ts";
import { ValueError } from "./errors.ts";
import {
  METADATA_ENCODING_KEY,
  encodingTypes,
  type Payload,
  type PayloadConverterWithEncoding,
} from "./payload-converter.ts";

function encodingMetadata(encodingType: string): Record<string, Uint8Array> {
  return { [METADATA_ENCODING_KEY]: encodeText(encodingType) };
}

function requiredData(payload: Payload, encodingType: string): Uint8Array {
  if (!payload.data) throw new ValueError(`A payload with encoding ${encodingType} must have data`);
  return payload.data;
}

/** Converts `undefined`, and only that, to a payload without data. */
export class UndefinedPayloadConverter implements PayloadConverterWithEncoding {
  readonly encodingType: string = encodingTypes.METADATA_ENCODING_NULL;

  toPayload(value: unknown): Payload | undefined {
    return value === undefined ? { metadata: encodingMetadata(this.encodingType) } : undefined;
  }

  fromPayload<T>(_payload: Payload): T {
    return undefined as T;
  }
}

/** Converts `Uint8Array` to the same bytes. */
export class BinaryPayloadConverter implements PayloadConverterWithEncoding {
  readonly encodingType: string = encodingTypes.METADATA_ENCODING_RAW;

  toPayload(value: unknown): Payload | undefined {
    if (!(value instanceof Uint8Array)) return undefined;
    return { metadata: encodingMetadata(this.encodingType), data: value };
  }

  fromPayload<T>(payload: Payload): T {
    // A copy, and a plain Uint8Array whatever subclass held the bytes: nobody else may change the value later.
    return new Uint8Array(requiredData(payload, this.encodingType)) as T;
  }
}

/** Converts everything that `JSON.stringify` takes. */
export class JsonPayloadConverter implements PayloadConverterWithEncoding {
  readonly encodingType: string = encodingTypes.METADATA_ENCODING_JSON;

  toPayload(value: unknown): Payload | undefined {
    const json = stringify(value);
    if (json === undefined) return undefined;
    return { metadata: encodingMetadata(this.encodingType), data: encodeText(json) };
  }

  fromPayload<T>(payload: Payload): T {
    const data = requiredData(payload, this.encodingType);
    try {
      return JSON.parse(decodeText(data)) as T;
    } catch {
      // The parser's own message quotes the text, which may be secret.
      throw new ValueError(`A payload with encoding ${this.encodingType} does not hold valid JSON`);
    }
  }
}

/** JSON of a value, or undefined for what has none: functions, symbols, BigInt, cycles. */
function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
