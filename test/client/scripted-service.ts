/**
 * A service in memory that answers what a test told it to, and remembers what it was asked.
 *
 * Owns: the recording. Each method answers with the replies of its script in order, the last one for ever; a reply that
 * is an `Error` is thrown, as a lost connection would be.
 */
import type { EventSubscription, EventsRequest } from "../../src/core/live-events.ts";
import type { HeartbeatActivityReply, WatchActivityRequest } from "../../src/core/activity-task.ts";
import type {
  ActivityWatching,
  OutcomeRequest,
  PollUpdateRequest,
  UpdateReply,
  WorkflowExecutionRpc,
  WorkflowOutcome,
  WorkflowService,
} from "../../src/core/protocol.ts";
import type { Reply } from "../../src/core/rejection.ts";
import type { RetryTiming } from "../../src/sdk/client/transient-retry.ts";

type Method = keyof WorkflowExecutionRpc;
type Request<M extends Method> = Parameters<WorkflowExecutionRpc[M]>[0];
type Answer<M extends Method> = Awaited<ReturnType<WorkflowExecutionRpc[M]>>;
type Step<M extends Method> = Answer<M> | Error | ((request: Request<M>) => Answer<M> | Promise<Answer<M>>);

export type Script = { readonly [M in Method]?: readonly Step<M>[] } & {
  readonly watchOutcome?: readonly (Reply<WorkflowOutcome> | Error)[];
  readonly watchUpdate?: readonly (Reply<UpdateReply> | Error)[];
  readonly watchEvents?: readonly (EventSubscription | Error)[];
};

export interface RecordedCall {
  readonly namespace: string;
  readonly workflowId: string;
  readonly method: Method | "watchActivity" | "watchOutcome" | "watchUpdate" | "watchEvents";
  readonly request: object;
}

/** One connection of a worker, from the service's side. */
export interface ScriptedWatch {
  readonly tell: (news: Reply<HeartbeatActivityReply>) => void;
  readonly lose: () => void;
  readonly refuse: (error: Error) => void;
  isClosed: boolean;
}

export class ScriptedService implements WorkflowService {
  readonly calls: RecordedCall[] = [];
  /** Connections of workers that watch their attempts, for the test to speak through. */
  readonly activityWatches: ScriptedWatch[] = [];
  readonly #script: Script;
  readonly #counts = new Map<string, number>();

  constructor(script: Script) {
    this.#script = script;
  }

  /** The requests that those who watch for an outcome made, in order. */
  get watches(): OutcomeRequest[] {
    return this.calls.filter((call) => call.method === "watchOutcome").map((call) => call.request as OutcomeRequest);
  }

  /** The requests that one method got, in order. */
  requests<M extends Method>(method: M): Request<M>[] {
    return this.calls.filter((call) => call.method === method).map((call) => call.request as Request<M>);
  }

  execution(namespace: string, workflowId: string): WorkflowExecutionRpc {
    const method =
      <M extends Method>(name: M) =>
      async (request: Request<M>): Promise<Answer<M>> => {
        this.calls.push({ namespace, workflowId, method: name, request });
        const step = this.#next(name, this.#script[name] as readonly Step<M>[] | undefined);
        if (step instanceof Error) throw step;
        return typeof step === "function" ? await step(request) : step;
      };
    return {
      start: method("start"),
      signal: method("signal"),
      signalWithStart: method("signalWithStart"),
      requestCancel: method("requestCancel"),
      terminate: method("terminate"),
      pause: method("pause"),
      unpause: method("unpause"),
      pauseActivity: method("pauseActivity"),
      unpauseActivity: method("unpauseActivity"),
      resetActivity: method("resetActivity"),
      updateActivityOptions: method("updateActivityOptions"),
      reset: method("reset"),
      deleteExecution: method("deleteExecution"),
      query: method("query"),
      update: method("update"),
      pollUpdate: method("pollUpdate"),
      updateWithStart: method("updateWithStart"),
      describe: method("describe"),
      history: method("history"),
      outcome: method("outcome"),
      childClosed: method("childClosed"),
      claimActivity: method("claimActivity"),
      heartbeatActivity: method("heartbeatActivity"),
      respondActivity: method("respondActivity"),
      reportDeadLetter: method("reportDeadLetter"),
      respondActivityById: method("respondActivityById"),
      heartbeatActivityById: method("heartbeatActivityById"),
    };
  }

  async watchOutcome(namespace: string, workflowId: string, request: OutcomeRequest): Promise<Reply<WorkflowOutcome>> {
    this.calls.push({ namespace, workflowId, method: "watchOutcome", request });
    // Without a script of its own a watch comes to what a question does, as it does for a run that has ended.
    const { watchOutcome, outcome } = this.#script;
    const step = watchOutcome ? this.#next("watchOutcome", watchOutcome) : this.#next("outcome", outcome);
    if (step instanceof Error) throw step;
    return typeof step === "function" ? await step(request) : step;
  }

  async watchEvents(namespace: string, workflowId: string, request: EventsRequest): Promise<EventSubscription> {
    this.calls.push({ namespace, workflowId, method: "watchEvents", request });
    const step = this.#next("watchEvents", this.#script.watchEvents);
    if (step instanceof Error) throw step;
    return step;
  }

  async watchUpdate(namespace: string, workflowId: string, request: PollUpdateRequest): Promise<Reply<UpdateReply>> {
    this.calls.push({ namespace, workflowId, method: "watchUpdate", request });
    const step = this.#next("watchUpdate", this.#script.watchUpdate);
    if (step instanceof Error) throw step;
    return step;
  }

  watchActivity(
    namespace: string,
    workflowId: string,
    request: WatchActivityRequest,
    tell: (news: Reply<HeartbeatActivityReply>) => void,
  ): ActivityWatching {
    this.calls.push({ namespace, workflowId, method: "watchActivity", request });
    const { promise: ended, resolve: lose, reject: refuse } = Promise.withResolvers<void>();
    const watch: ScriptedWatch = { tell, lose, refuse, isClosed: false };
    this.activityWatches.push(watch);
    return { ended, close: () => void (watch.isClosed = true) };
  }

  #next<S>(name: string, steps: readonly S[] | undefined): S {
    const count = this.#counts.get(name) ?? 0;
    this.#counts.set(name, count + 1);
    const step = steps?.[Math.min(count, steps.length - 1)];
    if (step === undefined) throw new Error(`The test's service has no answer for ${name}.`);
    return step;
  }
}

/** An error as the Workers runtime marks it. */
export function transportError(message: string, flags: object = {}): Error {
  return Object.assign(new Error(message), flags);
}

/** Waiting that takes no time and is written down; chance that always falls the same way. */
export function recordedTiming(): { readonly timing: RetryTiming; readonly delaysMs: number[] } {
  const delaysMs: number[] = [];
  const timing: RetryTiming = {
    sleep: async (delayMs) => void delaysMs.push(delayMs),
    random: () => 1,
  };
  return { timing, delaysMs };
}
