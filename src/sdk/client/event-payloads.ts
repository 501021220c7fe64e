/**
 * Payloads of an event's attributes, decoded in place.
 *
 * Owns: how one field, or what a workflow or message is started with, is replaced by its clear form. Which channel a
 * field belongs to, and whose it is, is said by `history-decoding.ts`.
 */
import type { PayloadChannel, PayloadEncoding } from "../../codec/index.ts";
import type { Failure } from "../../core/failure.ts";
import type { UpdateOutcome } from "../../core/history-event.ts";
import type { PayloadMap, Payloads } from "../../core/payload.ts";

/** Attributes with one field of payloads decoded, if they have it. */
export async function withPayloads<F extends string, A extends { readonly [K in F]?: Payloads }>(
  encoding: PayloadEncoding,
  attributes: A,
  field: F,
  channel: PayloadChannel,
): Promise<A> {
  const clear = await encoding.decodePayloads(attributes[field], channel);
  return clear === undefined ? attributes : { ...attributes, [field]: clear };
}

/** Attributes with one field that holds a failure decoded, if they have it. */
export async function withFailure<F extends string, A extends { readonly [K in F]?: Failure }>(
  encoding: PayloadEncoding,
  attributes: A,
  field: F,
  channel: PayloadChannel,
): Promise<A> {
  const failure: Failure | undefined = attributes[field];
  if (failure === undefined) return attributes;
  return { ...attributes, [field]: await encoding.decodeFailure(failure, channel) };
}

/** Attributes with the values of a header or memo decoded, if they have one. */
export async function withMap<F extends string, A extends { readonly [K in F]?: PayloadMap }>(
  encoding: PayloadEncoding,
  attributes: A,
  field: F,
  kind: "header" | "memo",
): Promise<A> {
  const clear = await encoding.decodeMap(attributes[field], kind);
  return clear === undefined ? attributes : { ...attributes, [field]: clear };
}

/** Attributes of a message, or of an activity, with its input and header decoded. */
export async function withMessage<A extends { readonly input?: Payloads; readonly header?: PayloadMap }>(
  encoding: PayloadEncoding,
  attributes: A,
  channel: PayloadChannel,
): Promise<A> {
  return await withMap(
    encoding,
    await withPayloads<"input", A>(encoding, attributes, "input", channel),
    "header",
    "header",
  );
}

/** Attributes that say how a workflow is started, with all that it is given decoded. `encoding` is that workflow's. */
export async function withStart<
  A extends { readonly input?: Payloads; readonly header?: PayloadMap; readonly memo?: PayloadMap },
>(encoding: PayloadEncoding, attributes: A): Promise<A> {
  const message = await withMessage(encoding, attributes, { kind: "workflow-input" });
  return await withMap(encoding, message, "memo", "memo");
}

/** The outcome of an update, decoded. */
export async function decodeUpdateOutcome(
  encoding: PayloadEncoding,
  outcome: UpdateOutcome,
  place: { readonly runId: string; readonly updateId: string },
): Promise<UpdateOutcome> {
  return "failure" in outcome
    ? await withFailure<"failure", typeof outcome>(encoding, outcome, "failure", { kind: "update-failure", ...place })
    : await withPayloads<"success", typeof outcome>(encoding, outcome, "success", { kind: "update-result", ...place });
}
