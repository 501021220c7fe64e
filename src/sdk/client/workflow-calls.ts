/**
 * Every request that a client makes, from values to the wire and back.
 *
 * Owns: one method for each thing that can be asked of a workflow. Arguments are encoded and ids are made once, before
 * the first try, so that all tries of a call are the same request. Users see this through `WorkflowHandle` and
 * `WorkflowClient`, which add the types.
 */
import {
  decodeError,
  decodeValues,
  encodeValues,
  type LoadedDataConverter,
  PayloadEncoding,
} from "../../codec/index.ts";
import type { HistoryEvent } from "../../core/history-event.ts";
import { historyToJson, type JsonHistory } from "../../core/history-json.ts";
import {
  type HistoryReply,
  PROTOCOL_VERSION,
  type QueryRejectCondition,
  type QueryReply,
  type RunSelector,
  type StartReply,
  type WorkflowService,
} from "../../core/protocol.ts";
import type { Reply } from "../../core/rejection.ts";
import { WorkflowQueryFailedError } from "./errors.ts";
import { decodeHistory } from "./history-decoding.ts";
import { valueOf } from "./rejection-errors.ts";
import { ServiceCaller } from "./service-caller.ts";
import type { RetryTiming } from "./transient-retry.ts";
import { decodeDescription, type WorkflowExecutionDescription } from "./workflow-description.ts";
import { checkId, startRequest, type UntypedWorkflowStartOptions } from "./workflow-options.ts";
import { awaitOutcome, outcomeResult } from "./workflow-outcome.ts";

export interface WorkflowCallsOptions {
  readonly service: WorkflowService;
  readonly namespace: string;
  readonly identity: string;
  readonly dataConverter: LoadedDataConverter;
  readonly queryRejectCondition: QueryRejectCondition;
  readonly timing: RetryTiming;
  /** Makes an id that was never made before. */
  readonly newId: () => string;
}

/** A message by name, with its arguments. */
export interface NamedCall {
  readonly name: string;
  readonly args: readonly unknown[];
}

export class WorkflowCalls {
  readonly #options: WorkflowCallsOptions;
  readonly #caller: ServiceCaller;

  constructor(options: WorkflowCallsOptions) {
    this.#options = options;
    this.#caller = new ServiceCaller(options.service, options.namespace, options.timing);
  }

  async start(workflowType: string, options: UntypedWorkflowStartOptions): Promise<StartReply> {
    const { workflowId } = options;
    const request = await startRequest(this.#encoding(workflowId), workflowType, options, this.#origin());
    const reply = await this.#caller.call(workflowId, (execution) => execution.start(request));
    return valueOf(reply, { workflowId, workflowType });
  }

  async signalWithStart(
    workflowType: string,
    options: UntypedWorkflowStartOptions,
    signal: NamedCall,
  ): Promise<StartReply> {
    const { workflowId } = options;
    checkId("signalName", signal.name);
    const encoding = this.#encoding(workflowId);
    const start = await startRequest(encoding, workflowType, options, this.#origin());
    const { identity, requestId } = this.#origin();
    const channel = { kind: "signal", signalName: signal.name, requestId } as const;
    const input = await encodeValues(encoding, channel, signal.args);
    const request = {
      version: PROTOCOL_VERSION,
      start,
      signal: {
        version: PROTOCOL_VERSION,
        signalName: signal.name,
        ...(input ? { input } : {}),
        requestId,
        identity,
      },
    } as const;
    const reply = await this.#caller.call(workflowId, (execution) => execution.signalWithStart(request));
    return valueOf(reply, { workflowId, workflowType });
  }

  async signal(workflowId: string, run: RunSelector, { name, args }: NamedCall): Promise<void> {
    checkId("signalName", name);
    const { identity, requestId } = this.#origin();
    const channel = { kind: "signal", signalName: name, requestId } as const;
    const input = await encodeValues(this.#encoding(workflowId), channel, args);
    const request = {
      version: PROTOCOL_VERSION,
      ...run,
      signalName: name,
      ...(input ? { input } : {}),
      requestId,
      identity,
    } as const;
    const reply = await this.#caller.call(workflowId, (execution) => execution.signal(request));
    valueOf(reply, { workflowId, runId: run.runId });
  }

  async query(workflowId: string, run: RunSelector, { name, args }: NamedCall): Promise<unknown> {
    checkId("queryType", name);
    const encoding = this.#encoding(workflowId);
    const place = { queryType: name, queryId: this.#options.newId() };
    const encodedArgs = await encodeValues(encoding, { kind: "query", ...place }, args);
    const request = {
      version: PROTOCOL_VERSION,
      ...run,
      ...place,
      ...(encodedArgs ? { args: encodedArgs } : {}),
      rejectCondition: this.#options.queryRejectCondition,
    } as const;
    const reply = await this.#caller.call(workflowId, (execution) => execution.query(request));
    await throwQueryFailure(encoding, place, reply);
    const { result } = valueOf(reply, { workflowId, runId: run.runId });
    const [value] = await decodeValues(encoding, { kind: "query-result", ...place }, result);
    return value;
  }

  async cancel(workflowId: string, run: RunSelector): Promise<void> {
    const request = { version: PROTOCOL_VERSION, ...run, ...this.#origin() } as const;
    const reply = await this.#caller.call(workflowId, (execution) => execution.requestCancel(request));
    valueOf(reply, { workflowId, runId: run.runId });
  }

  async terminate(workflowId: string, run: RunSelector, reason: string | undefined): Promise<void> {
    const { identity } = this.#options;
    const request = { version: PROTOCOL_VERSION, ...run, ...(reason ? { reason } : {}), identity } as const;
    let tries = 0;
    const reply = await this.#caller.call(workflowId, (execution, attempt) => {
      tries = attempt;
      return execution.terminate(request);
    });
    // Termination has no request id: a try that was carried out makes the next one find the workflow closed.
    if (!reply.ok && tries > 1 && (await this.#isTerminated(workflowId, run))) return;
    valueOf(reply, { workflowId, runId: run.runId });
  }

  async describe(workflowId: string, run: RunSelector): Promise<WorkflowExecutionDescription> {
    const request = { version: PROTOCOL_VERSION, ...run } as const;
    const reply = await this.#caller.call(workflowId, (execution) => execution.describe(request));
    return await decodeDescription(this.#encoding(workflowId), valueOf(reply, { workflowId, runId: run.runId }));
  }

  async history(workflowId: string, run: RunSelector, decoded: boolean): Promise<JsonHistory> {
    const events = await this.#allEvents(workflowId, run);
    return historyToJson(decoded ? await decodeHistory(this.#encoding(workflowId), events) : events);
  }

  async result(workflowId: string, run: RunSelector): Promise<unknown> {
    const { service, timing, namespace } = this.#options;
    const outcome = await awaitOutcome({ service, caller: this.#caller, timing, namespace, workflowId, run });
    return await outcomeResult(this.#encoding(workflowId), outcome);
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
    const reply = await this.#caller.call(workflowId, (execution) => execution.history(request));
    return valueOf(reply, { workflowId, runId: run.runId });
  }

  async #isTerminated(workflowId: string, run: RunSelector): Promise<boolean> {
    const request = { version: PROTOCOL_VERSION, ...run } as const;
    const reply = await this.#caller.call(workflowId, (execution) => execution.outcome(request));
    return reply.ok && reply.value.kind === "terminated";
  }

  #encoding(workflowId: string): PayloadEncoding {
    return new PayloadEncoding(this.#options.dataConverter, { namespace: this.#options.namespace, workflowId });
  }

  #origin(): { readonly identity: string; readonly requestId: string } {
    return { identity: this.#options.identity, requestId: this.#options.newId() };
  }
}

async function throwQueryFailure(
  encoding: PayloadEncoding,
  place: { readonly queryType: string; readonly queryId: string },
  reply: Reply<QueryReply>,
): Promise<void> {
  if (reply.ok || reply.rejection.code !== "QueryFailed" || !reply.rejection.failure) return;
  const cause = await decodeError(encoding, { kind: "query-failure", ...place }, reply.rejection.failure);
  throw new WorkflowQueryFailedError(cause);
}
