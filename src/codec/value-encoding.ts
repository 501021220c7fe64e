/**
 * Values and errors straight to the encoded wire form and back, for code outside workflows.
 *
 * Owns: the order of the two steps. Workflow code must not use these: conversion runs inside the workflow, encoding
 * outside.
 */
import type { Failure } from "../core/failure.ts";
import type { Payloads } from "../core/payload.ts";
import { ensureApplicationFailure } from "./caught-failure.ts";
import { bindPayloadConverter } from "./payload-converter.ts";
import type { PayloadEncoding } from "./payload-encoding.ts";
import type { PayloadChannel } from "./serialization-context.ts";
import { fromWirePayloads, toWirePayloads } from "./wire-payload.ts";

/**
 * Values, converted and encoded for a channel; undefined when there are none.
 *
 * @example
 * const encoding = new PayloadEncoding(loadDataConverter(), { namespace: "default", workflowId: "transfer-7" });
 * const input = await encodeValues(encoding, { kind: "workflow-input" }, ["a", 1]);
 * input?.payloads.length; // 2
 */
export async function encodeValues(
  encoding: PayloadEncoding,
  channel: PayloadChannel,
  values: readonly unknown[],
): Promise<Payloads | undefined> {
  const { payloadConverter } = encoding.converter;
  return encoding.encodePayloads(toWirePayloads(payloadConverter, values, encoding.contextOf(channel)), channel);
}

/**
 * The values of encoded payloads; none for an absent list.
 *
 * @example
 * const encoding = new PayloadEncoding(loadDataConverter(), { namespace: "default", workflowId: "transfer-7" });
 * const input = await encodeValues(encoding, { kind: "workflow-input" }, ["a", 1]);
 * await decodeValues(encoding, { kind: "workflow-input" }, input); // ["a", 1]
 */
export async function decodeValues(
  encoding: PayloadEncoding,
  channel: PayloadChannel,
  payloads: Payloads | undefined,
): Promise<unknown[]> {
  const clear = await encoding.decodePayloads(payloads, channel);
  return fromWirePayloads(encoding.converter.payloadConverter, clear, encoding.contextOf(channel));
}

/**
 * Anything thrown, converted to a failure and encoded for a channel.
 *
 * A failure whose details no converter takes is reported as just that, so that there always is something to report.
 *
 * @example
 * const encoding = new PayloadEncoding(loadDataConverter(), { namespace: "default", workflowId: "transfer-7" });
 * const failure = await encodeError(encoding, { kind: "workflow-failure", runId: "run-1" }, new Error("no amount"));
 * failure.message; // "Encoded failure"
 */
export async function encodeError(
  encoding: PayloadEncoding,
  channel: PayloadChannel,
  error: unknown,
): Promise<Failure> {
  const { failureConverter, payloadConverter } = encoding.converter;
  const bound = bindPayloadConverter(payloadConverter, encoding.contextOf(channel));
  let failure: Failure;
  try {
    failure = failureConverter.errorToFailure(error, bound);
  } catch (conversionError) {
    failure = failureConverter.errorToFailure(ensureApplicationFailure(conversionError), bound);
  }
  return encoding.encodeFailure(failure, channel);
}

/**
 * The error of an encoded failure.
 *
 * @example
 * const encoding = new PayloadEncoding(loadDataConverter(), { namespace: "default", workflowId: "transfer-7" });
 * const channel = { kind: "workflow-failure", runId: "run-1" } as const;
 * const failure = await encodeError(encoding, channel, new Error("no amount"));
 * (await decodeError(encoding, channel, failure)).message; // "no amount"
 */
export async function decodeError(
  encoding: PayloadEncoding,
  channel: PayloadChannel,
  failure: Failure,
): Promise<Error> {
  const { failureConverter, payloadConverter } = encoding.converter;
  const bound = bindPayloadConverter(payloadConverter, encoding.contextOf(channel));
  return failureConverter.failureToError(await encoding.decodeFailure(failure, channel), bound);
}
