/**
 * The asynchronous step over whole wire forms: lists, maps and failures through the payload codecs.
 *
 * Owns: which context each payload gets, and so what the encryption binds it to. Wire forms go in and come out; in
 * clear on the application's side, encoded on the service's. One instance serves one workflow id.
 *
 * Failures: how deep a failure sits in a chain of causes does not count, because the service wraps failures without
 * being able to encode them again. Which payload of the failure it is does count.
 */
import type { Failure } from "../core/failure.ts";
import type { Payload as WirePayload, PayloadMap, Payloads } from "../core/payload.ts";
import type { LoadedDataConverter } from "./data-converter.ts";
import { ValueError } from "./errors.ts";
import type { Payload } from "./payload-converter.ts";
import {
  serializationContext,
  type FailurePart,
  type PayloadChannel,
  type PayloadPlace,
  type SerializationContext,
} from "./serialization-context.ts";
import { payloadFromWire, payloadToWire } from "./wire-payload.ts";

type Direction = "encode" | "decode";

/**
 * Encodes and decodes what one workflow sends and receives.
 *
 * @example
 * const encoding = new PayloadEncoding(converter, { namespace: "default", workflowId: "transfer-1" });
 * const input = await encodeValues(encoding, { kind: "workflow-input" }, [100, "EUR"]);
 */
export class PayloadEncoding {
  readonly converter: LoadedDataConverter;
  readonly place: PayloadPlace;

  constructor(converter: LoadedDataConverter, place: PayloadPlace) {
    this.converter = converter;
    this.place = place;
  }

  /** The context that converters and codecs get for a channel of this workflow. */
  contextOf(channel: PayloadChannel): SerializationContext {
    return serializationContext(this.place, channel);
  }

  /** Encodes a list for a channel. Throws what the codecs throw. */
  encodePayloads(payloads: Payloads | undefined, channel: PayloadChannel): Promise<Payloads | undefined> {
    return this.#payloads("encode", payloads, this.contextOf(channel));
  }

  /** Decodes a list that was encoded for the same channel. Throws what the codecs throw. */
  decodePayloads(payloads: Payloads | undefined, channel: PayloadChannel): Promise<Payloads | undefined> {
    return this.#payloads("decode", payloads, this.contextOf(channel));
  }

  /** Encodes the values of a memo or header, each under its own key. */
  encodeMap(map: PayloadMap | undefined, kind: "memo" | "header"): Promise<PayloadMap | undefined> {
    return this.#map("encode", map, kind);
  }

  /** Decodes the values of a memo or header. */
  decodeMap(map: PayloadMap | undefined, kind: "memo" | "header"): Promise<PayloadMap | undefined> {
    return this.#map("decode", map, kind);
  }

  /** Encodes every payload of a failure and of its causes for a channel. */
  encodeFailure(failure: Failure, channel: PayloadChannel): Promise<Failure> {
    return this.#failure("encode", failure, channel);
  }

  /** Decodes every payload of a failure and of its causes; the result is in clear throughout. */
  decodeFailure(failure: Failure, channel: PayloadChannel): Promise<Failure> {
    return this.#failure("decode", failure, channel);
  }

  async #apply(
    direction: Direction,
    wire: readonly WirePayload[],
    context: SerializationContext,
  ): Promise<readonly WirePayload[]> {
    const { payloadCodecs } = this.converter;
    if (payloadCodecs.length === 0 || wire.length === 0) return wire;
    let payloads: Payload[] = wire.map(payloadFromWire);
    for (const codec of direction === "encode" ? payloadCodecs : payloadCodecs.toReversed())
      payloads = await codec[direction](payloads, context);
    return payloads.map(payloadToWire);
  }

  async #payloads<T extends Payloads | undefined>(
    direction: Direction,
    list: T,
    context: SerializationContext,
  ): Promise<T | Payloads> {
    return list === undefined ? list : { payloads: await this.#apply(direction, list.payloads, context) };
  }

  async #single(direction: Direction, wire: WirePayload, context: SerializationContext): Promise<WirePayload> {
    const [result, ...rest] = await this.#apply(direction, [wire], context);
    if (result === undefined || rest.length > 0)
      throw new ValueError(
        `A payload codec must ${direction} one payload of a ${context.channel.kind} into one payload`,
      );
    return result;
  }

  async #map(
    direction: Direction,
    map: PayloadMap | undefined,
    kind: "memo" | "header",
  ): Promise<PayloadMap | undefined> {
    if (map === undefined) return undefined;
    const entries = Object.entries(map.fields).map(
      async ([key, payload]) => [key, await this.#single(direction, payload, this.contextOf({ kind, key }))] as const,
    );
    return { fields: Object.fromEntries(await Promise.all(entries)) };
  }

  async #failure(direction: Direction, failure: Failure, channel: PayloadChannel): Promise<Failure> {
    const part = (name: FailurePart): SerializationContext => serializationContext(this.place, channel, name);
    const { encodedAttributes, cause, applicationFailureInfo, canceledFailureInfo, timeoutFailureInfo } = failure;
    const heartbeat = timeoutFailureInfo?.lastHeartbeatDetails;
    // Started together; awaited together, so that no rejection is left without a handler.
    const [attributes, inner, details, cancelDetails, heartbeatDetails] = await Promise.all([
      encodedAttributes && this.#single(direction, encodedAttributes, part("attributes")),
      cause && this.#failure(direction, cause, channel),
      this.#payloads(direction, applicationFailureInfo?.details, part("details")),
      this.#payloads(direction, canceledFailureInfo?.details, part("details")),
      this.#payloads(direction, heartbeat, this.#heartbeatContext(channel)),
    ]);
    return {
      ...failure,
      ...(attributes ? { encodedAttributes: attributes } : {}),
      ...(inner ? { cause: inner } : {}),
      ...(applicationFailureInfo && details ? { applicationFailureInfo: { ...applicationFailureInfo, details } } : {}),
      ...(canceledFailureInfo && cancelDetails
        ? { canceledFailureInfo: { ...canceledFailureInfo, details: cancelDetails } }
        : {}),
      ...(timeoutFailureInfo && heartbeatDetails
        ? { timeoutFailureInfo: { ...timeoutFailureInfo, lastHeartbeatDetails: heartbeatDetails } }
        : {}),
    };
  }

  /** The service puts an activity's last heartbeat into its timeout as it came, encoded as a heartbeat. */
  #heartbeatContext(channel: PayloadChannel): SerializationContext {
    if (channel.kind !== "activity-failure") return serializationContext(this.place, channel, "last-heartbeat-details");
    return this.contextOf({ kind: "heartbeat", runId: channel.runId, activityId: channel.activityId });
  }
}
