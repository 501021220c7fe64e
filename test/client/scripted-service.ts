/**
 * A service in memory that answers what a test told it to, and remembers what it was asked.
 *
 * Owns: the recording. Each method answers with the replies of its script in order, the last one for ever; a reply that
 * is an `Error` is thrown, as a lost connection would be.
 */
import type {
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
};

export interface RecordedCall {
  readonly namespace: string;
  readonly workflowId: string;
  readonly method: Method | "watchOutcome" | "watchUpdate";
  readonly request: object;
}

export class ScriptedService implements WorkflowService {
  readonly calls: RecordedCall[] = [];
  readonly #script: Script;
  readonly #counts = new Map<string, number>();

  constructor(script: Script) {
    this.#script = script;
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
    };
  }

  async watchOutcome(namespace: string, workflowId: string, request: OutcomeRequest): Promise<Reply<WorkflowOutcome>> {
    this.calls.push({ namespace, workflowId, method: "watchOutcome", request });
    const step = this.#next("watchOutcome", this.#script.watchOutcome);
    if (step instanceof Error) throw step;
    return step;
  }

  async watchUpdate(namespace: string, workflowId: string, request: PollUpdateRequest): Promise<Reply<UpdateReply>> {
    this.calls.push({ namespace, workflowId, method: "watchUpdate", request });
    const step = this.#next("watchUpdate", this.#script.watchUpdate);
    if (step instanceof Error) throw step;
    return step;
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
