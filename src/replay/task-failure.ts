/**
 * What goes wrong in a workflow task, as a failure for the service.
 *
 * Owns: the conversion that cannot fail. When the codec itself is what is broken, the failure says so by name and says
 * nothing else: it would leave the application readable.
 */
import { encodeError, ensureTemporalFailure, type PayloadChannel, type PayloadEncoding } from "../codec/index.ts";
import type { Failure } from "../core/failure.ts";

const FAILURE_SOURCE = "HoldfastWorker";

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

/** The encoded failure of an error. */
export async function encodeTaskError(
  encoding: PayloadEncoding,
  channel: PayloadChannel,
  error: unknown,
): Promise<Failure> {
  try {
    return await encodeError(encoding, channel, ensureTemporalFailure(error));
  } catch (encodingError) {
    return {
      message: `${nameOf(error)}; its message could not be encoded: ${nameOf(encodingError)}`,
      source: FAILURE_SOURCE,
      applicationFailureInfo: { type: nameOf(error), nonRetryable: false },
    };
  }
}
