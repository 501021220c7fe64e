/**
 * The asynchronous step between converted payloads and the wire: encryption, compression and the like.
 *
 * Owns: the interface. A codec sees bytes and where they belong, never values.
 *
 *     value ──payload converter──▶ payload ──codec 1──▶ … ──codec n──▶ wire
 *     value ◀─payload converter─── payload ◀─codec 1─── … ◀─codec n─── wire
 */
import type { Payload } from "./payload-converter.ts";
import type { SerializationContext } from "./serialization-context.ts";

/** Encodes and decodes lists of payloads. `decode` undoes `encode` in the same context, in any process. */
export interface PayloadCodec {
  encode(payloads: Payload[], context: SerializationContext): Promise<Payload[]>;
  decode(payloads: Payload[], context: SerializationContext): Promise<Payload[]>;
}
