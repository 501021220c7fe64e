/**
 * What a client can do, without the types: every call through its interceptors, and what is waited for or read.
 *
 * Owns: which calls go through interceptors, and in which order. Users see this through `WorkflowHandle` and
 * `WorkflowClient`, which add the types.
 */
import type { HistoryEvent } from "../../core/history-event.ts";
import { historyToJson, type JsonHistory } from "../../core/history-json.ts";
import {
  type HistoryReply,
  PROTOCOL_VERSION,
  type QueryRejectCondition,
  type RunSelector,
  type StartReply,
  type WorkflowOutcome,
} from "../../core/protocol.ts";
import { composeInterceptors } from "../../replay/interceptors.ts";
import { decodeHistory } from "./history-decoding.ts";
import { liveEvents, type LiveEvents, type SubscribeOptions } from "./live-events.ts";
import {
  withStartDetails,
  type WorkflowCancelInput,
  type WorkflowClientInterceptor,
  type WorkflowDescribeInput,
  type WorkflowQueryInput,
  type WorkflowResetInput,
  type WorkflowSignalInput,
  type WorkflowSignalWithStartInput,
  type WorkflowStartInput,
  type WorkflowStartOutput,
  type WorkflowStartUpdateInput,
  type WorkflowStartUpdateOutput,
  type WorkflowStartUpdateWithStartInput,
  type WorkflowStartUpdateWithStartOutput,
  type WorkflowTerminateInput,
} from "./interceptors.ts";
import { OperatorRequests } from "./operator-requests.ts";
import { valueOf } from "./rejection-errors.ts";
import { type BoundOutcome, type UpdateRef, updateResult } from "./update-calls.ts";
import { decodeDescription, type WorkflowExecutionDescription } from "./workflow-description.ts";
import { awaitLastOutcome, awaitOutcome, outcomeResult } from "./workflow-outcome.ts";
import { type AwaitedUpdateStage, WorkflowRequests, type WorkflowRequestsOptions } from "./workflow-requests.ts";

export interface WorkflowCallsOptions extends WorkflowRequestsOptions {
  /** What queries are asked under, unless an interceptor says otherwise. */
  readonly queryRejectCondition: QueryRejectCondition;
  /** The first is the outermost. */
  readonly interceptors: readonly WorkflowClientInterceptor[];
}

export class WorkflowCalls {
  readonly #options: WorkflowCallsOptions;
  readonly #interceptors: readonly WorkflowClientInterceptor[];
  readonly #requests: WorkflowRequests;
  /** What operators ask for, which no interceptor sees. */
  readonly operator: OperatorRequests;

  constructor(options: WorkflowCallsOptions) {
    this.#options = options;
    this.#interceptors = options.interceptors;
    this.#requests = new WorkflowRequests(options);
    const { identity, newId } = options;
    this.operator = new OperatorRequests({ caller: this.#requests.caller, identity, newId });
  }

  async start(input: WorkflowStartInput, onOutcome?: (outcome: WorkflowOutcome) => void): Promise<WorkflowStartOutput> {
    const interceptors = this.#interceptors.map(withStartDetails);
    const send = (given: WorkflowStartInput) => this.#requests.start(given, onOutcome);
    return await composeInterceptors(interceptors, "startWithDetails", send)(input);
  }

  async signalWithStart(input: WorkflowSignalWithStartInput): Promise<string> {
    const send = (given: WorkflowSignalWithStartInput) => this.#requests.signalWithStart(given);
    return await composeInterceptors(this.#interceptors, "signalWithStart", send)(input);
  }

  async signal(input: WorkflowSignalInput): Promise<void> {
    await composeInterceptors(this.#interceptors, "signal", (given) => this.#requests.signal(given))(input);
  }

  async query(input: WorkflowQueryInput): Promise<unknown> {
    const { queryRejectCondition } = this.#options;
    const ask = composeInterceptors(this.#interceptors, "query", (given) => this.#requests.query(given));
    return await ask({ queryRejectCondition, ...input });
  }

  async cancel(input: WorkflowCancelInput): Promise<void> {
    await composeInterceptors(this.#interceptors, "cancel", (given) => this.#requests.cancel(given))(input);
  }

  async terminate(input: WorkflowTerminateInput): Promise<void> {
    await composeInterceptors(this.#interceptors, "terminate", (given) => this.#requests.terminate(given))(input);
  }

  async delete(input: WorkflowCancelInput): Promise<void> {
    await this.#requests.delete(input);
  }

  async reset(input: WorkflowResetInput): Promise<string> {
    return await composeInterceptors(this.#interceptors, "reset", (given) => this.#requests.reset(given))(input);
  }

  async describe(input: WorkflowDescribeInput): Promise<WorkflowExecutionDescription> {
    const ask = composeInterceptors(this.#interceptors, "describe", (given) => this.#requests.describe(given));
    return await decodeDescription(this.#requests.encoding(input.workflowExecution.workflowId), await ask(input));
  }

  /** Sends an update; answers when it is accepted or rejected. `waitForStage` lets the service answer later. */
  async startUpdate(
    waitForStage: AwaitedUpdateStage,
    input: WorkflowStartUpdateInput,
  ): Promise<WorkflowStartUpdateOutput> {
    const send = (given: WorkflowStartUpdateInput) => this.#requests.startUpdate(waitForStage, given);
    return await composeInterceptors(this.#interceptors, "startUpdate", send)(input);
  }

  async startUpdateWithStart(
    waitForStage: AwaitedUpdateStage,
    onStart: (start: StartReply) => void,
    input: WorkflowStartUpdateWithStartInput,
  ): Promise<WorkflowStartUpdateWithStartOutput> {
    const send = (given: WorkflowStartUpdateWithStartInput) =>
      this.#requests.startUpdateWithStart(waitForStage, onStart, given);
    return await composeInterceptors(this.#interceptors, "startUpdateWithStart", send)(input);
  }

  /**
   * The result of an update, which is waited for. `known` is what is known of it already: that it was accepted, or how
   * it ended.
   */
  async updateResult(ref: UpdateRef, known: BoundOutcome | "accepted" | undefined): Promise<unknown> {
    const { workflowId, updateId } = ref;
    const bound = typeof known === "object" ? known : await this.#requests.updates.outcome(ref, known === "accepted");
    return await updateResult(this.#requests.encoding(workflowId), updateId, bound);
  }

  async history(workflowId: string, run: RunSelector, decoded: boolean): Promise<JsonHistory> {
    const events = await this.#allEvents(workflowId, run);
    return historyToJson(decoded ? await decodeHistory(this.#requests.encoding(workflowId), events) : events);
  }

  subscribe(
    workflowId: string,
    run: RunSelector,
    options: SubscribeOptions & { readonly followRuns: boolean },
  ): LiveEvents {
    const { service, timing, namespace } = this.#options;
    const encoding = this.#requests.encoding(workflowId);
    const { caller } = this.#requests;
    return liveEvents({ service, caller, timing, namespace, workflowId, encoding }, run, options);
  }

  /** `known` is what is known already of how a run ended; of another run it says nothing. */
  async result(workflowId: string, run: RunSelector, followRuns: boolean, known?: WorkflowOutcome): Promise<unknown> {
    const { service, timing, namespace } = this.#options;
    const ofThisRun = known?.runId === run.runId ? known : undefined;
    const wait = { service, caller: this.#requests.caller, timing, namespace, workflowId, run, known: ofThisRun };
    const outcome = await (followRuns ? awaitLastOutcome(wait) : awaitOutcome(wait));
    return await outcomeResult(this.#requests.encoding(workflowId), outcome);
  }

  async #allEvents(workflowId: string, run: RunSelector): Promise<readonly HistoryEvent[]> {
    const events: HistoryEvent[] = [];
    let page = await this.#historyPage(workflowId, run, 1);
    // Later pages name the run of the first: another may have taken the workflow id in between.
    const sameRun = { ...run, runId: page.runId };
    for (;;) {
      events.push(...page.events);
      if (page.nextEventId === undefined) return events;
      page = await this.#historyPage(workflowId, sameRun, page.nextEventId);
    }
  }

  async #historyPage(workflowId: string, run: RunSelector, fromEventId: number): Promise<HistoryReply> {
    const request = { version: PROTOCOL_VERSION, ...run, fromEventId } as const;
    const reply = await this.#requests.caller.call(workflowId, (execution) => execution.history(request));
    return valueOf(reply, { workflowId, runId: run.runId });
  }
}
