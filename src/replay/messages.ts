/**
 * Signals and updates on their way to a handler.
 *
 * Owns: the shapes. Payloads are in clear, not yet converted. `signals.ts` and `updates.ts` run the handlers.
 */
import type { PayloadMap, Payloads } from "../core/payload.ts";

export interface Signal {
  readonly name: string;
  readonly input: Payloads | undefined;
  readonly header?: PayloadMap | undefined;
  /** Part of what the payload converter is told about the input's place. */
  readonly requestId: string;
}

export type SignalHandler = (...args: never[]) => void | Promise<void>;

export interface Update {
  readonly updateId: string;
  readonly name: string;
  readonly args: Payloads | undefined;
  readonly header?: PayloadMap | undefined;
  /** Why the arguments could not be decoded. The update is rejected with it. */
  readonly decodeError?: { readonly error: unknown } | undefined;
  /** False where history says that the update was accepted. */
  readonly runValidator: boolean;
}

export type UpdateHandler = (...args: never[]) => unknown;
