/**
 * A subscription to a run's events on a Workers WebSocket.
 *
 * Owns: the messages that have come and were not asked for yet, of which the service's flow control lets only a page or
 * two be there at a time, and what is said when the connection ends.
 */
import type { EventsAcknowledgement, EventSubscription, EventsMessage } from "../core/live-events.ts";
import type { Reply } from "../core/rejection.ts";

const NORMAL_CLOSURE = 1_000;

/** The part of a Workers WebSocket that is used. */
export interface EventsSocket {
  accept(): void;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { readonly code: number; readonly reason: string }) => void): void;
  addEventListener(type: "error", listener: () => void): void;
}

/**
 * Makes the subscription of an opened socket that was not accepted yet, and of the run that it follows.
 *
 * @example
 * const subscription = eventSubscription(response.webSocket, response.headers.get("Holdfast-Run-Id"));
 * const message = await subscription.next();
 */
export function eventSubscription(socket: EventsSocket, runId?: string | null): EventSubscription {
  const texts: string[] = [];
  // What is said to whoever asks for more than has come; a message that came before the end is still theirs.
  let ended: Error | undefined;
  let wake: (() => void) | undefined;
  const end = (reason: string): void => {
    ended ??= new Error(`WebSocket closed before the run's end came: ${reason}`.trimEnd());
    wake?.();
  };
  socket.addEventListener("message", ({ data }) => {
    if (typeof data === "string") texts.push(data);
    else ended ??= new Error("The service sent events as something other than text.");
    wake?.();
  });
  socket.addEventListener("close", ({ code, reason }) => end(`${code} ${reason}`));
  socket.addEventListener("error", () => end("it broke."));
  socket.accept();
  return {
    ...(typeof runId === "string" ? { runId } : {}),
    next: async () => {
      for (;;) {
        const text = texts.shift();
        if (text !== undefined) return JSON.parse(text) as Reply<EventsMessage>;
        if (ended) throw ended;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    acknowledge: (acknowledged) => {
      try {
        socket.send(JSON.stringify({ acknowledged } satisfies EventsAcknowledgement));
      } catch {
        end("it took no acknowledgement.");
      }
    },
    close: () => {
      texts.length = 0;
      end("by the subscriber.");
      try {
        socket.close(NORMAL_CLOSURE);
      } catch {
        // It was closed from the other side already, which is as good.
      }
    },
  };
}
