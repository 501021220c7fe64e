/**
 * Protocol messages as plain data that can be compared: what proto3 does not tell apart is made the same.
 *
 * Owns: the reduction. Unset fields, zeros, empty texts, lists and maps are left out; numbers of 64 bits become numbers;
 * bytes become base64, but a payload of JSON becomes its text with sorted keys, because a map has no order.
 */
export type Plain = string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain };

interface LongLike {
  readonly low: number;
  readonly high: number;
  toString(): string;
}

/**
 * Reduces a message. Undefined means that nothing of it is set.
 *
 * @example
 * plain({ seconds: Long.fromNumber(2), nanos: 0 }); // { seconds: 2 }
 */
export function plain(value: unknown): Plain | undefined {
  if (value === undefined || value === null || value === 0 || value === "" || value === false) return undefined;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value !== "object") return undefined;
  if (ArrayBuffer.isView(value)) return bytesOf(value).toString("base64") || undefined;
  if (isLong(value)) return Number(value.toString()) || undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((each) => plain(each) ?? {});
  if (isPayload(value)) return plainPayload(value);
  const fields: { [key: string]: Plain } = {};
  for (const key of Object.keys(value).toSorted()) {
    const field = plain((value as Record<string, unknown>)[key]);
    if (field !== undefined) fields[key] = field;
  }
  return Object.keys(fields).length === 0 ? undefined : fields;
}

function isLong(value: object): value is LongLike {
  return "low" in value && "high" in value && "unsigned" in value;
}

interface PayloadLike {
  readonly metadata?: Readonly<Record<string, Uint8Array>> | null;
  readonly data?: Uint8Array | null;
}

function isPayload(value: object): value is PayloadLike {
  return "metadata" in value && "data" in value;
}

function plainPayload({ metadata, data }: PayloadLike): Plain {
  const names = Object.entries(metadata ?? {}).map(([key, name]) => [key, Buffer.from(name).toString()] as const);
  const fields: Record<string, Plain> = Object.fromEntries(names.toSorted(byName));
  const bytes = Buffer.from(data ?? new Uint8Array());
  const value = fields["encoding"] === "json/plain" ? sortedJson(bytes.toString()) : bytes.toString("base64");
  return { ...fields, value };
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}

function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

function sortedJson(text: string): string {
  return JSON.stringify(JSON.parse(text), (_key, field: unknown) => {
    if (typeof field !== "object" || field === null || Array.isArray(field)) return field;
    return Object.fromEntries(Object.entries(field).toSorted(byName));
  });
}

/** A protobuf duration in milliseconds; undefined if there is none. */
export function durationMs(value: { seconds?: unknown; nanos?: number | null } | null | undefined): number | undefined {
  if (value === null || value === undefined) return undefined;
  return Number(value.seconds ?? 0) * 1_000 + (value.nanos ?? 0) / 1_000_000;
}

/**
 * A failure without what is each SDK's own: its stack trace and its source. Where the message was put into a payload, to
 * be encrypted, it is taken out again.
 */
export function plainFailure(failure: object | null | undefined): Plain | undefined {
  if (failure === null || failure === undefined) return undefined;
  const { stackTrace: _, source: __, cause, encodedAttributes, ...rest } = failure as Record<string, unknown>;
  return plain({ ...rest, ...encodedMessage(encodedAttributes), cause: plainFailure(cause as object | undefined) });
}

function encodedMessage(encodedAttributes: unknown): { readonly message?: string } {
  const data = (encodedAttributes as { readonly data?: Uint8Array } | null | undefined)?.data;
  if (data === undefined) return {};
  return { message: (JSON.parse(Buffer.from(data).toString()) as { readonly message: string }).message };
}

/** Something reduced, for a person to read. */
export function readable(value: Plain | undefined): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}

/** Search attributes as both sides have them: where the code gives no type, the service writes the one it infers. */
export function withoutInferredTypes(recorded: Plain | undefined, commanded: Plain | undefined): Plain | undefined {
  if (!isMap(recorded) || !isMap(commanded)) return recorded;
  if ("encoding" in recorded && "type" in recorded && !("type" in commanded)) {
    const { type: _, ...rest } = recorded;
    return rest;
  }
  return Object.fromEntries(
    Object.entries(recorded).flatMap(([key, field]) => {
      const kept = withoutInferredTypes(field, commanded[key]);
      return kept === undefined ? [] : [[key, kept]];
    }),
  );
}

function isMap(value: Plain | undefined): value is { readonly [key: string]: Plain } {
  return typeof value === "object" && !Array.isArray(value);
}
