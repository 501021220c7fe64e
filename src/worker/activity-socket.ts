/**
 * The WebSocket on which a worker hears of what concerns its attempt.
 *
 * Owns: the life of that socket: told until either side closes it, and nothing after that. Wire values cross; what they
 * mean is the activity runner's to say.
 */
import type { HeartbeatActivityReply } from "../core/activity-task.ts";
import type { ActivityWatching } from "../core/protocol.ts";
import type { Reply } from "../core/rejection.ts";

const NORMAL_CLOSURE = 1_000;

/** The part of a Workers WebSocket that is used. */
export interface NewsSocket {
  accept(): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close" | "error", listener: () => void): void;
}

/**
 * Tells what comes through a socket until it ends. `open` may take its time; a socket that is closed before it is open
 * is closed then.
 *
 * @example
 * const watching = activityWatching(() => openSocket(request), (news) => execution.hear(news));
 */
export function activityWatching(
  open: () => Promise<NewsSocket>,
  tell: (news: Reply<HeartbeatActivityReply>) => void,
): ActivityWatching {
  const ending = Promise.withResolvers<void>();
  // Whoever has closed it need not hear that it could not be opened.
  ending.promise.catch(() => undefined);
  let socket: NewsSocket | undefined;
  let isClosed = false;
  const close = (): void => {
    isClosed = true;
    if (socket) closeQuietly(socket);
    ending.resolve();
  };
  const follow = async (): Promise<void> => {
    socket = await open();
    socket.addEventListener("message", ({ data }) => {
      if (!isClosed && typeof data === "string") tell(JSON.parse(data) as Reply<HeartbeatActivityReply>);
    });
    socket.addEventListener("close", close);
    socket.addEventListener("error", close);
    socket.accept();
    if (isClosed) closeQuietly(socket);
  };
  follow().catch((error: unknown) => ending.reject(error));
  return { ended: ending.promise, close };
}

function closeQuietly(socket: NewsSocket): void {
  try {
    socket.close(NORMAL_CLOSURE);
  } catch {
    // It was closed from the other side already, which is as good.
  }
}
