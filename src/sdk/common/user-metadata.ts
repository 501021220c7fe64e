/**
 * Summaries and details: texts that users give an operation for those who look at it later.
 *
 * Owns: their encoding, each bound to its operation and to which of the two texts it is.
 */
import { decodeValues, encodeValues, type PayloadChannel, PayloadEncoding } from "../../codec/index.ts";
import type { ExecutionRef, UserMetadata } from "../../core/history-event.ts";
import type { Payload } from "../../core/payload.ts";

/** The operation that a text belongs to: the workflow itself, or one that it started. */
export interface MetadataSubject {
  /** The run's original execution run id; empty for the workflow itself, whose starter does not know one. */
  readonly runId: string;
  /** "workflow", "activity/ID", "timer/ID" or "child/ID". */
  readonly subject: string;
}

/** What a workflow's static summary and details are bound to. */
export const WORKFLOW_SUBJECT: MetadataSubject = { runId: "", subject: "workflow" };

/** A subject, and the encoding of the workflow that wrote about it. */
export interface MetadataPlace {
  readonly encoding: PayloadEncoding;
  readonly subject: MetadataSubject;
}

/**
 * Where the static summary and details of a workflow belong: those of a child were written by its parent, and the
 * service hands them on as they are.
 */
export function metadataPlace(
  encoding: PayloadEncoding,
  parent: (ExecutionRef & { readonly namespace: string }) | undefined,
): MetadataPlace {
  if (parent === undefined) return { encoding, subject: WORKFLOW_SUBJECT };
  const { namespace, workflowId, runId } = parent;
  return {
    encoding: new PayloadEncoding(encoding.converter, { namespace, workflowId }),
    subject: { runId, subject: `child/${encoding.place.workflowId}` },
  };
}

type Part = "summary" | "details";

function channelOf({ runId, subject }: MetadataSubject, part: Part): PayloadChannel {
  return { kind: "user-metadata", runId, subject, part };
}

/**
 * Encodes what a user wrote about an operation; undefined when that is nothing.
 *
 * Throws what the converter or the codecs throw.
 *
 * @example
 * await encodeUserMetadata(encoding, WORKFLOW_SUBJECT, "Transfer of Alice", undefined);
 */
export async function encodeUserMetadata(
  encoding: PayloadEncoding,
  subject: MetadataSubject,
  summary: string | undefined,
  details: string | undefined,
): Promise<UserMetadata | undefined> {
  const [encodedSummary, encodedDetails] = await Promise.all([
    encodeUserText(encoding, subject, "summary", summary),
    encodeUserText(encoding, subject, "details", details),
  ]);
  if (encodedSummary === undefined && encodedDetails === undefined) return undefined;
  return {
    ...(encodedSummary ? { summary: encodedSummary } : {}),
    ...(encodedDetails ? { details: encodedDetails } : {}),
  };
}

async function encodeUserText(
  encoding: PayloadEncoding,
  subject: MetadataSubject,
  part: Part,
  text: string | undefined,
): Promise<Payload | undefined> {
  if (text === undefined) return undefined;
  return (await encodeValues(encoding, channelOf(subject, part), [text]))?.payloads[0];
}

/**
 * One of the texts of an operation; undefined when there is none.
 *
 * Throws what the codecs throw.
 *
 * @example
 * await decodeUserText(encoding, WORKFLOW_SUBJECT, "summary", metadata.summary);
 */
export async function decodeUserText(
  encoding: PayloadEncoding,
  subject: MetadataSubject,
  part: Part,
  payload: Payload | undefined,
): Promise<string | undefined> {
  if (payload === undefined) return undefined;
  const [text] = await decodeValues(encoding, channelOf(subject, part), { payloads: [payload] });
  return text as string | undefined;
}

/**
 * The texts of an operation as payloads in clear, for a history that is to be read.
 *
 * Throws what the codecs throw.
 *
 * @example
 * const clear = await decodeUserMetadata(encoding, { runId, subject: "timer/1" }, event.userMetadata);
 */
export async function decodeUserMetadata(
  encoding: PayloadEncoding,
  subject: MetadataSubject,
  metadata: UserMetadata | undefined,
): Promise<UserMetadata | undefined> {
  if (metadata === undefined) return undefined;
  const clear = async (part: Part): Promise<UserMetadata> => {
    const payload = metadata[part];
    if (payload === undefined) return {};
    const decoded = await encoding.decodePayloads({ payloads: [payload] }, channelOf(subject, part));
    return { [part]: decoded?.payloads[0] };
  };
  return { ...(await clear("summary")), ...(await clear("details")) };
}
