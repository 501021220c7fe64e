/**
 * What an encrypted payload is bound to, as bytes.
 *
 * Owns: the two canonical forms that stored ciphertexts depend on: the associated data of one payload, and the
 * derivation input of a workflow's key. Both are JSON arrays of strings and numbers in a fixed order: no two places
 * have the same bytes, whatever characters their names hold.
 */
import { encodeText, type Bytes } from "../bytes.ts";
import { channelFields, type PayloadPlace, type SerializationContext } from "../serialization-context.ts";

/** The envelope's version, in its metadata and in what it is bound to. */
export const ENVELOPE_VERSION = 1;

/** Which payload of a list is meant. The length is part of it, so that a list cannot be cut short. */
export interface ListPosition {
  readonly index: number;
  readonly count: number;
}

/** Bytes that differ whenever the place, the position in the list, or the key id does. */
export function associatedData(context: SerializationContext, position: ListPosition, keyId: string): Bytes {
  return canonicalBytes([
    "holdfast payload",
    ENVELOPE_VERSION,
    context.namespace,
    context.workflowId,
    channelFields(context.channel),
    context.failurePart ?? "",
    position.index,
    position.count,
    keyId,
  ]);
}

/** Bytes that differ for each workflow id of each namespace. */
export function keyDerivationInfo(place: PayloadPlace): Bytes {
  return canonicalBytes(["holdfast workflow key", ENVELOPE_VERSION, place.namespace, place.workflowId]);
}

function canonicalBytes(fields: readonly (string | number | readonly string[])[]): Bytes {
  // JSON escapes lone surrogates, which UTF-8 alone would all turn into the same replacement character.
  return encodeText(JSON.stringify(fields));
}
