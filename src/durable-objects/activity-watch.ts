/**
 * Workers that hear at once what concerns the attempt they run.
 *
 * Owns: their hibernating WebSockets. The object sleeps meanwhile; the turn that changes something for an attempt tells
 * it, as the answer to its next heartbeat would. A rejection is the last word, and closes the socket. What was told
 * stands with the socket, so that nothing is told twice, an eviction in between or not.
 */
import { startedActivity } from "../core/activity.ts";
import { isNews, newsOf } from "../core/activity-news.ts";
import type { HeartbeatActivityReply, TaskToken } from "../core/activity-task.ts";
import type { Changes } from "../core/draft.ts";
import { type Reply, accepted, rejected } from "../core/rejection.ts";
import type { WorkflowState } from "../core/state.ts";
import { sendAndClose } from "./outcome-watch.ts";
import type { LoadedRun } from "./run-store.ts";

/** Tag of all these sockets. Each also has one that names its activity. */
const SOCKET_TAG = "activity";

/** What stands with a socket, which has room for two kilobytes: the attempt, not its whole token. */
interface Watching extends Pick<TaskToken, "runId" | "scheduledEventId" | "attempt"> {
  /** The JSON of what was told last. */
  readonly told?: string;
}

export class ActivityWatch {
  readonly #ctx: Pick<DurableObjectState, "acceptWebSocket" | "getWebSockets">;
  readonly #current: () => LoadedRun | undefined;

  /** `current` is the run whose activities can be running. */
  constructor(
    ctx: Pick<DurableObjectState, "acceptWebSocket" | "getWebSockets">,
    current: () => LoadedRun | undefined,
  ) {
    this.#ctx = ctx;
    this.#current = current;
  }

  /** Accepts the socket of a worker that runs the attempt; what it does not know yet is told at once. */
  accept(token: TaskToken): Response {
    const state = this.#current()?.state;
    const { runId, scheduledEventId, attempt } = token;
    const isRunning = state !== undefined && startedActivity(state, token) !== undefined;
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server, isRunning ? [SOCKET_TAG, activityTag(runId, scheduledEventId)] : []);
    if (isRunning) {
      server.serializeAttachment({ runId, scheduledEventId, attempt } satisfies Watching);
      tell(server, state);
    } else sendAndClose(server, notRunning(attempt));
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Changes of a run are committed: tells the workers of the attempts that they are about. */
  changed(run: LoadedRun, changes: Changes): void {
    const { runId } = run.state.identity;
    if (run.state.status !== "RUNNING") this.#tellAll(SOCKET_TAG);
    else for (const scheduledEventId of concerned(changes)) this.#tellAll(activityTag(runId, scheduledEventId));
  }

  /**
   * Somebody has reported the end of an activity that may be running elsewhere. Such a report may be committed later
   * than it is taken, and then is no change that `changed` hears of.
   */
  reported(token?: TaskToken): void {
    this.#tellAll(token ? activityTag(token.runId, token.scheduledEventId) : SOCKET_TAG);
  }

  #tellAll(tag: string): void {
    const sockets = this.#ctx.getWebSockets(tag);
    for (const socket of sockets) tell(socket, this.#current()?.state);
  }
}

/** The activities for which something may have changed. */
function concerned({ events, buffered, progress }: Changes): ReadonlySet<number> {
  const ids = new Set<number>();
  for (const { attributes } of [...events, ...buffered])
    if ("scheduledEventId" in attributes) ids.add(attributes.scheduledEventId);
  for (const change of progress) if (change.kind === "activity") ids.add(change.scheduledEventId);
  return ids;
}

function activityTag(runId: string, scheduledEventId: number): string {
  return `${SOCKET_TAG}/${runId}/${scheduledEventId}`;
}

/** Sends the worker what it has not been told yet. */
function tell(socket: WebSocket, state: Readonly<WorkflowState> | undefined): void {
  const watching = socket.deserializeAttachment() as Watching;
  const news = currentNews(state, watching);
  if (!news.ok) {
    sendAndClose(socket, news);
    return;
  }
  const text = JSON.stringify(news);
  if (text === watching.told || (watching.told === undefined && !isNews(news.value))) return;
  try {
    socket.send(text);
    socket.serializeAttachment({ ...watching, told: text } satisfies Watching);
  } catch {
    // The worker has gone. If it still runs the attempt, it opens another socket or beats its heart.
  }
}

function currentNews(
  state: Readonly<WorkflowState> | undefined,
  { runId, scheduledEventId, attempt }: Watching,
): Reply<HeartbeatActivityReply> {
  const activity = state?.identity.runId === runId ? state.activities[scheduledEventId] : undefined;
  const isRunning = activity?.progress.attempt === attempt && activity.progress.startedTimeMs !== undefined;
  return isRunning ? accepted(newsOf(activity)) : notRunning(attempt);
}

function notRunning(attempt: number): Reply<never> {
  return rejected("ActivityNotFound", `nobody waits for attempt ${attempt} of this activity any more`);
}
