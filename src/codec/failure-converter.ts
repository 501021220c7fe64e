/**
 * The line between errors and failures as data.
 *
 * Owns: the interface and the default. Payloads inside are in clear; `PayloadEncoding` encodes them before the
 * failure leaves the application. Message and stack trace are moved into one of those payloads by default, because
 * whatever stays in `message` is readable by the service.
 */
import type { Failure } from "../core/failure.ts";
import { errorFromFailure } from "./error-from-failure.ts";
import { failureFromError } from "./failure-from-error.ts";
import type { PayloadConverter } from "./payload-converter.ts";

/** Turns errors into failures and back. Synchronous: it runs inside workflow code. */
export interface FailureConverter {
  errorToFailure(error: unknown, payloadConverter: PayloadConverter): Failure;
  failureToError(failure: Failure, payloadConverter: PayloadConverter): Error;
}

export interface DefaultFailureConverterOptions {
  /** False leaves messages and stack traces readable by the service. */
  readonly encodeCommonAttributes: boolean;
}

/**
 * Temporal's conversion of failures, with messages and stack traces encoded unless that is turned off.
 *
 * @example
 * new DefaultFailureConverter({ encodeCommonAttributes: false });
 */
export class DefaultFailureConverter implements FailureConverter {
  readonly options: DefaultFailureConverterOptions;

  constructor(options?: Partial<DefaultFailureConverterOptions>) {
    this.options = { encodeCommonAttributes: options?.encodeCommonAttributes ?? true };
  }

  /** The failure of anything thrown. A failure that was decoded before comes back as the data it was. */
  errorToFailure(error: unknown, payloadConverter: PayloadConverter): Failure {
    return failureFromError(error, payloadConverter, this.options.encodeCommonAttributes);
  }

  /** The error of a failure, with the failure kept on it. */
  failureToError(failure: Failure, payloadConverter: PayloadConverter): Error {
    return errorFromFailure(failure, payloadConverter);
  }
}

export const defaultFailureConverter: FailureConverter = new DefaultFailureConverter();
