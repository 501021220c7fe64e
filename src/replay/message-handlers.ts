/**
 * Handlers of one kind of message, and the messages that wait for one.
 *
 * Owns: the handler table, the default handler and the buffer. A message waits until its name has a handler, or until
 * there is a default one; setting a handler delivers what waits, at once and in order of arrival.
 */
import { HandlerUnfinishedPolicy } from "./handler-executions.ts";
import { assertNotReserved } from "./reserved-names.ts";

/** A handler with what goes with it. */
export interface MessageHandler<H> {
  readonly handler: H;
  readonly description?: string | undefined;
  readonly unfinishedPolicy: HandlerUnfinishedPolicy;
  /** Of updates only: refuses by throwing. */
  readonly validator?: ((...args: never[]) => void) | undefined;
}

/** Takes the messages whose names have no handler. */
export type DefaultHandler = (name: string, ...args: unknown[]) => unknown;

/** The handlers of signals, or of updates. */
export class MessageHandlers<M extends { readonly name: string }, H> {
  readonly #kind: "signal" | "update";
  readonly #call: (message: M, handler: MessageHandler<H>) => void;
  readonly #handlers = new Map<string, MessageHandler<H>>();
  readonly #buffered: M[] = [];
  #default: DefaultHandler | undefined;

  /** `call` runs one handler; it throws only what must end the activation. */
  constructor(kind: "signal" | "update", call: (message: M, handler: MessageHandler<H>) => void) {
    this.#kind = kind;
    this.#call = call;
  }

  set(name: string, handler: MessageHandler<H> | undefined): void {
    if (handler === undefined) {
      this.#handlers.delete(name);
      return;
    }
    this.#handlers.set(name, handler);
    this.#deliverBuffered();
  }

  setDefault(handler: DefaultHandler | undefined): void {
    this.#default = handler;
    if (handler !== undefined) this.#deliverBuffered();
  }

  /** The handler of a name, or the default one with the name as its first argument. */
  find(name: string): MessageHandler<H> | undefined {
    const named = this.#handlers.get(name);
    const fallback = this.#default;
    if (named !== undefined || fallback === undefined) return named;
    const handler = (...args: unknown[]) => fallback(name, ...args);
    return { handler: handler as H, unfinishedPolicy: HandlerUnfinishedPolicy.WARN_AND_ABANDON };
  }

  /** Throws `TypeError` if only the default handler would get a message of a reserved name. */
  deliver(message: M): void {
    this.#buffered.push(message);
    this.#deliverBuffered();
  }

  /** Takes what still waits out of the buffer. */
  takeBuffered(): readonly M[] {
    return this.#buffered.splice(0);
  }

  /** What `set` was told, for the metadata query. The default handler has no name and is not among it. */
  describe(): readonly { readonly name: string; readonly description: string | undefined }[] {
    return Array.from(this.#handlers, ([name, { description }]) => ({ name, description }));
  }

  /** Looks again after every delivery, because a handler may set or remove handlers. */
  #deliverBuffered(): void {
    for (;;) {
      const index = this.#buffered.findIndex(({ name }) => this.find(name) !== undefined);
      const message = this.#buffered[index];
      const handler = message && this.find(message.name);
      if (message === undefined || handler === undefined) return;
      this.#buffered.splice(index, 1);
      if (!this.#handlers.has(message.name)) assertNotReserved(this.#kind, message.name);
      this.#call(message, handler);
    }
  }
}
