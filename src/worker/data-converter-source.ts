/**
 * The data converter of an application, made from its environment when the first piece of work comes.
 *
 * Owns: the default, which encrypts, and the caching. Keys are imported once for each value of the variable, and no
 * converter is handed out without a codec unless the application said in so many words that it wants none.
 */
import {
  type DataConverter,
  ENCRYPTION_KEYS_VARIABLE,
  EncryptionCodec,
  keyRingFromText,
  loadDataConverter,
  type LoadedDataConverter,
} from "../codec/index.ts";

/** What an application may set instead of the default, from its environment. */
export type DataConverterOption<Env> = (env: Env) => DataConverter;

export class DataConverterSource<Env extends object> {
  readonly #option: DataConverterOption<Env> | undefined;
  readonly #converters = new WeakMap<Env, { readonly keys: unknown; readonly converter: LoadedDataConverter }>();
  #encryptionCodec: { readonly keys: string | undefined; readonly codec: EncryptionCodec } | undefined;

  constructor(option?: DataConverterOption<Env>) {
    this.#option = option;
  }

  /**
   * The converter for an environment. Without the application's own codecs it encrypts, and throws
   * `EncryptionKeyMissingError` or `ValueError` for an absent or malformed key.
   */
  of(env: Env): LoadedDataConverter {
    const keys = keysOf(env);
    const known = this.#converters.get(env);
    if (known && known.keys === keys) return known.converter;
    const given = this.#option?.(env) ?? {};
    const payloadCodecs = given.payloadCodecs ?? [this.#encryption(keys)];
    const converter = loadDataConverter({ ...given, payloadCodecs });
    this.#converters.set(env, { keys, converter });
    return converter;
  }

  /** One codec for one value of the variable: it keeps derived keys, which are dear to make. */
  #encryption(keys: string | undefined): EncryptionCodec {
    if (this.#encryptionCodec === undefined || this.#encryptionCodec.keys !== keys)
      this.#encryptionCodec = { keys, codec: new EncryptionCodec(keyRingFromText(keys)) };
    return this.#encryptionCodec.codec;
  }
}

function keysOf(env: object): string | undefined {
  const value = (env as Readonly<Record<string, unknown>>)[ENCRYPTION_KEYS_VARIABLE];
  return typeof value === "string" ? value : undefined;
}
