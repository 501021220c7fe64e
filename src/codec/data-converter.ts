/**
 * The three parts that stand between user code and the wire, as one setting.
 *
 * Owns: the setting, its defaults and its check. Client, workflow worker and activity worker of one application must
 * use equal settings, or they cannot read each other.
 */
import { defaultPayloadConverter } from "./default-payload-converter.ts";
import { PayloadConverterError, ValueError } from "./errors.ts";
import { defaultFailureConverter, type FailureConverter } from "./failure-converter.ts";
import type { PayloadCodec } from "./payload-codec.ts";
import type { PayloadConverter } from "./payload-converter.ts";

/** What a user sets; each absent part takes the default. */
export interface DataConverter {
  readonly payloadConverter?: PayloadConverter | undefined;
  readonly failureConverter?: FailureConverter | undefined;
  /** Applied first to last when encoding, last to first when decoding. */
  readonly payloadCodecs?: readonly PayloadCodec[] | undefined;
}

/** The setting with every part present. */
export interface LoadedDataConverter {
  readonly payloadConverter: PayloadConverter;
  readonly failureConverter: FailureConverter;
  readonly payloadCodecs: readonly PayloadCodec[];
}

export const defaultDataConverter: LoadedDataConverter = {
  payloadConverter: defaultPayloadConverter,
  failureConverter: defaultFailureConverter,
  payloadCodecs: [],
};

/**
 * The setting, checked and completed. Throws `PayloadConverterError` or `ValueError` for a part that lacks a method.
 *
 * @example
 * loadDataConverter({ payloadCodecs: [new EncryptionCodec(keyRingFromText(env.HOLDFAST_ENCRYPTION_KEYS))] });
 */
export function loadDataConverter(dataConverter: DataConverter = {}): LoadedDataConverter {
  const loaded: LoadedDataConverter = {
    payloadConverter: dataConverter.payloadConverter ?? defaultPayloadConverter,
    failureConverter: dataConverter.failureConverter ?? defaultFailureConverter,
    payloadCodecs: dataConverter.payloadCodecs ?? [],
  };
  if (!hasMethods(loaded.payloadConverter, "toPayload", "fromPayload"))
    throw new PayloadConverterError("dataConverter.payloadConverter must have the methods toPayload and fromPayload");
  if (!hasMethods(loaded.failureConverter, "errorToFailure", "failureToError"))
    throw new ValueError("dataConverter.failureConverter must have the methods errorToFailure and failureToError");
  if (!loaded.payloadCodecs.every((codec) => hasMethods(codec, "encode", "decode")))
    throw new ValueError("Each of dataConverter.payloadCodecs must have the methods encode and decode");
  return loaded;
}

function hasMethods(part: object, ...names: readonly string[]): boolean {
  return names.every((name) => typeof Reflect.get(part, name) === "function");
}
