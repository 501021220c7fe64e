/**
 * Signals of one run: handlers, and what arrived before one was set.
 *
 * Owns: the handler table and the buffer. A signal waits until its name has a handler; setting the handler delivers
 * what waits, at once and in order of arrival. A signal nobody ever handles is no error.
 */
import type { Payloads } from "../core/payload.ts";

export interface Signal {
  readonly signalName: string;
  readonly input: Payloads | undefined;
  /** Part of what the payload converter is told about the input's place. */
  readonly requestId: string;
}

export type SignalHandler = (...args: never[]) => void | Promise<void>;

interface RegisteredSignalHandler {
  readonly handler: SignalHandler;
  readonly description: string | undefined;
}

export class Signals {
  readonly #handlers = new Map<string, RegisteredSignalHandler>();
  readonly #buffered: Signal[] = [];
  readonly #call: (handler: SignalHandler, signal: Signal) => void;

  /** `call` runs one handler; it throws only what must end the activation. */
  constructor(call: (handler: SignalHandler, signal: Signal) => void) {
    this.#call = call;
  }

  setHandler(name: string, handler: SignalHandler | undefined, description: string | undefined): void {
    if (handler === undefined) {
      this.#handlers.delete(name);
      return;
    }
    this.#handlers.set(name, { handler, description });
    this.#deliverBuffered();
  }

  deliver(signal: Signal): void {
    this.#buffered.push(signal);
    this.#deliverBuffered();
  }

  /** What `setHandler` was told, for the metadata query. */
  describe(): readonly { readonly name: string; readonly description: string | undefined }[] {
    return Array.from(this.#handlers, ([name, { description }]) => ({ name, description }));
  }

  /** Looks again after every delivery, because a handler may set or remove handlers. */
  #deliverBuffered(): void {
    for (;;) {
      const index = this.#buffered.findIndex((signal) => this.#handlers.has(signal.signalName));
      const signal = this.#buffered[index];
      const registered = signal && this.#handlers.get(signal.signalName);
      if (signal === undefined || registered === undefined) return;
      this.#buffered.splice(index, 1);
      this.#call(registered.handler, signal);
    }
  }
}
