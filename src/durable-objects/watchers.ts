/**
 * Who watches a WorkflowExecution, and through which door.
 *
 * Owns: `fetch`: the hibernating WebSockets, told apart by the query parameter that carries the JSON of what they wait
 * for (`?request=` the end of a run, `?events=` what happens in a run, `?update=` an update, `?activity=` news for the attempt of an activity), and the
 * checks before one is accepted. What a watcher is told, and when, is said by the file that keeps its kind.
 */
import { type WatchActivityRequest, decodeTaskToken } from "../core/activity-task.ts";
import type { EventsRequest } from "../core/live-events.ts";
import type { OutcomeRequest, PollUpdateRequest, RunSelector, WorkflowOutcome } from "../core/protocol.ts";
import { type Reply, accepted, rejected } from "../core/rejection.ts";
import * as check from "../core/request-check.ts";
import type { ActivityWatch } from "./activity-watch.ts";
import type { EventStream } from "./event-stream.ts";
import type { OutcomeWatch } from "./outcome-watch.ts";
import type { LoadedRun } from "./run-store.ts";
import type { UpdateWaiters } from "./update-waiters.ts";

export interface WatchersOptions {
  readonly outcomes: OutcomeWatch;
  readonly stream: EventStream;
  readonly updates: UpdateWaiters;
  readonly activities: ActivityWatch;
  /** The run that a watcher means. */
  readonly selected: (selector: RunSelector) => Reply<LoadedRun>;
  readonly outcomeOf: (run: LoadedRun) => WorkflowOutcome;
  /** Whether the object is at work, so that nothing is lost by a caller who waits for that to end. */
  readonly isBusy: () => boolean;
}

/** Names the run that a WebSocket waits for, in the answer that opens it. */
const RUN_HEADER = "Holdfast-Run-Id";

/** What a watcher's URL asks for. Its fields are the sender's word until they are checked. */
type Watched =
  | { readonly kind: "outcome"; readonly request: OutcomeRequest }
  | { readonly kind: "events"; readonly request: EventsRequest }
  | { readonly kind: "update"; readonly request: PollUpdateRequest }
  | { readonly kind: "activity"; readonly request: WatchActivityRequest };

/** The query parameter of each kind of watcher; the first that a URL carries counts. */
const PARAMETERS = [
  ["outcome", "request"],
  ["events", "events"],
  ["update", "update"],
  ["activity", "activity"],
] as const satisfies readonly (readonly [Watched["kind"], string])[];

export class Watchers {
  readonly #options: WatchersOptions;

  constructor(options: WatchersOptions) {
    this.#options = options;
  }

  /** Accepts the WebSocket that a request asks for, or says what is wrong with the request. */
  async accept(request: Request): Promise<Response> {
    if (request.headers.get("Upgrade") !== "websocket")
      return new Response("holdfast: only WebSockets that wait for an outcome are served here", { status: 426 });
    const wanted = watched(request.url);
    if (!wanted && new URL(request.url).searchParams.has("events"))
      return this.#refused(rejected("InvalidArgument", "the request of a subscriber must be an object in JSON"));
    if (!wanted) return new Response("holdfast: the request of the watcher is missing or malformed", { status: 400 });
    switch (wanted.kind) {
      case "outcome":
        return await this.#outcome(wanted.request);
      case "events":
        return this.#events(wanted.request);
      case "update":
        return this.#update(wanted.request);
      case "activity":
        return this.#activity(wanted.request);
    }
  }

  async #outcome(request: OutcomeRequest): Promise<Response> {
    const { outcomes, stream, outcomeOf, isBusy } = this.#options;
    const run = this.#checked(check.version(request.version), request);
    if (!run.ok) return this.#refused(run);
    const { runId } = run.value.state.identity;
    if (request.plainResponse) {
      const known = outcomeOf(run.value);
      const outcome = known.kind === "pending" && isBusy() ? await outcomes.whileBusy(runId) : known;
      if (outcome.kind !== "pending") return Response.json(accepted(outcome));
    }
    return upgraded((socket) => stream.awaitEnd(socket, run.value), runId);
  }

  #events(request: EventsRequest): Response {
    const { version, runId, firstExecutionRunId, fromEventId = 1 } = request;
    const selector = {
      ...(runId === undefined ? {} : { runId }),
      ...(firstExecutionRunId === undefined ? {} : { firstExecutionRunId }),
    };
    const run = this.#checked(check.historyRequest({ version, ...selector, fromEventId }), selector);
    if (!run.ok) return this.#refused(run);
    return upgraded(
      (socket) => this.#options.stream.follow(socket, run.value, fromEventId),
      run.value.state.identity.runId,
    );
  }

  /** Tells a watcher on its socket why it is none. */
  #refused(reply: Reply<never>): Response {
    return upgraded((socket) => this.#options.stream.refuse(socket, reply));
  }

  #update(request: PollUpdateRequest): Response {
    const run = this.#checked(check.pollUpdateRequest(request), request);
    if (!run.ok) return this.#refused(run);
    const { updateId, waitForStage } = request;
    return this.#options.updates.accept({ runId: run.value.state.identity.runId, updateId, waitForStage });
  }

  #activity(request: WatchActivityRequest): Response {
    const refused = check.version(request.version);
    if (refused) return this.#refused(refused);
    const token = decodeTaskToken(request.taskToken);
    if (!token) return this.#refused(rejected("InvalidArgument", "this is not a task token"));
    return this.#options.activities.accept(token);
  }

  #checked(refused: Extract<Reply<never>, { ok: false }> | undefined, selector: RunSelector): Reply<LoadedRun> {
    return refused ?? this.#options.selected(selector);
  }
}

/** The answer that opens a WebSocket, once `take` has taken the service's end of it. */
function upgraded(take: (socket: WebSocket) => void, runId?: string): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  take(server);
  const headers = runId === undefined ? {} : { [RUN_HEADER]: runId };
  return new Response(null, { status: 101, webSocket: client, headers });
}

/** What a watcher's URL asks for, or undefined if it asks for nothing that is watched here. */
function watched(url: string): Watched | undefined {
  const { searchParams } = new URL(url);
  for (const [kind, parameter] of PARAMETERS) {
    const request = parsed(searchParams.get(parameter));
    // Which request it is, the parameter says; what is in it, the check that follows.
    if (request) return { kind, request } as Watched;
  }
  return undefined;
}

/** An object in JSON, or undefined for anything else. */
function parsed(text: string | null): object | undefined {
  if (text === null) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
