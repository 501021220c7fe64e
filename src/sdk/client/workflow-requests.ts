/**
 * Every request about a workflow that can be intercepted, from values to the wire and back.
 *
 * Owns: the innermost step of each call. Arguments are encoded and ids are made once, before the first try, so that all
 * tries of a call are the same request.
 */
import {
  decodeError,
  decodeValues,
  encodeValues,
  type LoadedDataConverter,
  PayloadEncoding,
} from "../../codec/index.ts";
import {
  PROTOCOL_VERSION,
  type QueryReply,
  type RunSelector,
  type StartReply,
  type WorkflowExecutionDescription,
  type WorkflowService,
  type WorkflowOutcome,
} from "../../core/protocol.ts";
import type { Reply } from "../../core/rejection.ts";
import { WorkflowQueryFailedError } from "./errors.ts";
import { encodeHeaders } from "./header-encoding.ts";
import type {
  TargetExecution,
  WorkflowCancelInput,
  WorkflowDescribeInput,
  WorkflowQueryInput,
  WorkflowResetInput,
  WorkflowSignalInput,
  WorkflowSignalWithStartInput,
  WorkflowStartInput,
  WorkflowStartOutput,
  WorkflowStartUpdateInput,
  WorkflowStartUpdateOutput,
  WorkflowStartUpdateWithStartInput,
  WorkflowStartUpdateWithStartOutput,
  WorkflowTerminateInput,
} from "./interceptors.ts";
import { checkExcludeTypes, DEFAULT_RESET_REASON, resetPoint } from "./reset-options.ts";
import { valueOf } from "./rejection-errors.ts";
import { ServiceCaller } from "./service-caller.ts";
import type { RetryTiming } from "./transient-retry.ts";
import { UpdateCalls } from "./update-calls.ts";
import { checkId, type RequestOrigin, startRequest } from "./workflow-options.ts";

export interface WorkflowRequestsOptions {
  readonly service: WorkflowService;
  readonly namespace: string;
  readonly identity: string;
  readonly dataConverter: LoadedDataConverter;
  readonly timing: RetryTiming;
  /** Makes an id that was never made before. */
  readonly newId: () => string;
}

/** How far an update must have come before it is waited for no longer. */
export type AwaitedUpdateStage = "ACCEPTED" | "COMPLETED";

export class WorkflowRequests {
  readonly caller: ServiceCaller;
  readonly updates: UpdateCalls;
  readonly #options: WorkflowRequestsOptions;

  constructor(options: WorkflowRequestsOptions) {
    const { service, namespace, timing, identity } = options;
    this.#options = options;
    this.caller = new ServiceCaller(service, namespace, timing);
    this.updates = new UpdateCalls({ service, caller: this.caller, timing, namespace, identity });
  }

  /** What the payloads of a workflow are encoded and decoded with. */
  encoding(workflowId: string): PayloadEncoding {
    return new PayloadEncoding(this.#options.dataConverter, { namespace: this.#options.namespace, workflowId });
  }

  /** `onOutcome` is told how the run ended, if that is known with its start; asking for it costs no call of its own. */
  async start(input: WorkflowStartInput, onOutcome?: (outcome: WorkflowOutcome) => void): Promise<WorkflowStartOutput> {
    const { workflowId } = input.options;
    const request = await startRequest(this.encoding(workflowId), input, this.#origin());
    const reply = await this.caller.call(workflowId, (execution, attempt) =>
      // Once a connection was lost, the end is awaited in the way that outlives connections.
      execution.start(onOutcome && attempt === 1 ? { ...request, awaitsOutcome: true } : request),
    );
    const started = valueOf(reply, { workflowId, workflowType: input.workflowType });
    if (started.outcome) onOutcome?.(started.outcome);
    const { runId, firstExecutionRunId, eagerlyStarted = false } = started;
    return { runId, firstExecutionRunId, eagerlyStarted };
  }

  async signalWithStart(input: WorkflowSignalWithStartInput): Promise<string> {
    const { workflowType, signalName, options } = input;
    const { workflowId } = options;
    const encoding = this.encoding(workflowId);
    const start = await startRequest(encoding, input, this.#origin());
    const signal = await this.#signalRequest(encoding, signalName, input.signalArgs, input.headers);
    const request = { version: PROTOCOL_VERSION, start, signal } as const;
    const reply = await this.caller.call(workflowId, (execution) => execution.signalWithStart(request));
    return valueOf(reply, { workflowId, workflowType }).runId;
  }

  async signal(input: WorkflowSignalInput): Promise<void> {
    const { workflowId, runId } = input.workflowExecution;
    const signal = await this.#signalRequest(this.encoding(workflowId), input.signalName, input.args, input.headers);
    const request = { ...signal, ...selector(input.workflowExecution) };
    const reply = await this.caller.call(workflowId, (execution) => execution.signal(request));
    valueOf(reply, { workflowId, runId });
  }

  async query(input: WorkflowQueryInput): Promise<unknown> {
    const { queryType, workflowExecution } = input;
    const { workflowId, runId } = workflowExecution;
    checkId("queryType", queryType);
    const encoding = this.encoding(workflowId);
    const place = { queryType, queryId: this.#options.newId() };
    const [args, header] = await Promise.all([
      encodeValues(encoding, { kind: "query", ...place }, input.args),
      encodeHeaders(encoding, input.headers),
    ]);
    const request = {
      version: PROTOCOL_VERSION,
      ...selector(workflowExecution),
      ...place,
      ...(args ? { args } : {}),
      ...(header ? { header } : {}),
      ...(input.queryRejectCondition ? { rejectCondition: input.queryRejectCondition } : {}),
    } as const;
    const reply = await this.caller.call(workflowId, (execution) => execution.query(request));
    await throwQueryFailure(encoding, place, reply);
    const { result } = valueOf(reply, { workflowId, runId });
    const [value] = await decodeValues(encoding, { kind: "query-result", ...place }, result);
    return value;
  }

  async cancel(input: WorkflowCancelInput): Promise<void> {
    const { workflowId, runId } = input.workflowExecution;
    const request = {
      version: PROTOCOL_VERSION,
      ...selector(input.workflowExecution, input.firstExecutionRunId),
      ...this.#origin(),
    } as const;
    const reply = await this.caller.call(workflowId, (execution) => execution.requestCancel(request));
    valueOf(reply, { workflowId, runId });
  }

  async terminate(input: WorkflowTerminateInput): Promise<void> {
    const { workflowId, runId } = input.workflowExecution;
    const run = selector(input.workflowExecution, input.firstExecutionRunId);
    const encodedDetails = await encodeValues(this.encoding(workflowId), { kind: "termination" }, input.details ?? []);
    const request = {
      version: PROTOCOL_VERSION,
      ...run,
      ...(input.reason ? { reason: input.reason } : {}),
      ...(encodedDetails ? { details: encodedDetails } : {}),
      identity: this.#options.identity,
    } as const;
    let tries = 0;
    const reply = await this.caller.call(workflowId, (execution, attempt) => {
      tries = attempt;
      return execution.terminate(request);
    });
    // Termination has no request id: a try that was carried out makes the next one find the workflow closed.
    if (!reply.ok && tries > 1 && (await this.#isTerminated(workflowId, run))) return;
    valueOf(reply, { workflowId, runId });
  }

  async delete(input: WorkflowCancelInput): Promise<void> {
    const { workflowId, runId } = input.workflowExecution;
    const request = {
      version: PROTOCOL_VERSION,
      ...selector(input.workflowExecution, input.firstExecutionRunId),
      identity: this.#options.identity,
    } as const;
    let tries = 0;
    const reply = await this.caller.call(workflowId, (execution, attempt) => {
      tries = attempt;
      return execution.deleteExecution(request);
    });
    // A try that was carried out makes the next one find nothing.
    if (!reply.ok && tries > 1 && reply.rejection.code === "WorkflowNotFound") return;
    valueOf(reply, { workflowId, runId });
  }

  async reset({ workflowExecution, firstExecutionRunId, options }: WorkflowResetInput): Promise<string> {
    const { workflowId, runId } = workflowExecution;
    const { identity, requestId } = this.#origin();
    const { resetReapplyExcludeTypes: excluded = [] } = options;
    checkExcludeTypes(excluded);
    const request = {
      version: PROTOCOL_VERSION,
      ...selector(workflowExecution, firstExecutionRunId),
      resetPoint: resetPoint(options),
      reason: options.reason ?? DEFAULT_RESET_REASON,
      requestId: options.requestId ?? requestId,
      identity,
      ...(excluded.length > 0 ? { reapplyExclude: excluded } : {}),
    } as const;
    const reply = await this.caller.call(workflowId, (execution) => execution.reset(request));
    return valueOf(reply, { workflowId, runId }).runId;
  }

  async describe(input: WorkflowDescribeInput): Promise<WorkflowExecutionDescription> {
    const { workflowId, runId } = input.workflowExecution;
    const request = { version: PROTOCOL_VERSION, ...selector(input.workflowExecution) } as const;
    const reply = await this.caller.call(workflowId, (execution) => execution.describe(request));
    return valueOf(reply, { workflowId, runId });
  }

  async startUpdate(
    waitForStage: AwaitedUpdateStage,
    input: WorkflowStartUpdateInput,
  ): Promise<WorkflowStartUpdateOutput> {
    const { workflowExecution, updateName, args, headers } = input;
    const updateId = input.options.updateId ?? this.#options.newId();
    const reply = await this.updates.send(
      this.encoding(workflowExecution.workflowId),
      selector(workflowExecution, input.firstExecutionRunId),
      { updateId, updateName, args, headers, waitForStage },
    );
    const { runId, originalExecutionRunId, outcome } = reply;
    return { updateId, workflowRunId: runId, originalExecutionRunId, outcome };
  }

  /** `onStart` is told as soon as the start is known, which may be long before the update is accepted. */
  async startUpdateWithStart(
    waitForStage: AwaitedUpdateStage,
    onStart: (start: StartReply) => void,
    input: WorkflowStartUpdateWithStartInput,
  ): Promise<WorkflowStartUpdateWithStartOutput> {
    const { workflowType, workflowStartOptions: options, workflowStartHeaders, updateName } = input;
    const { workflowId } = options;
    const encoding = this.encoding(workflowId);
    const start = await startRequest(
      encoding,
      { workflowType, options, headers: workflowStartHeaders },
      this.#origin(),
    );
    const updateId = input.updateOptions.updateId ?? this.#options.newId();
    const update = { updateId, updateName, args: input.updateArgs, headers: input.updateHeaders, waitForStage };
    const reply = await this.updates.sendWithStart(encoding, start, update, onStart);
    const { runId, originalExecutionRunId, outcome } = reply.update;
    return { workflowExecution: { workflowId, runId }, updateId, originalExecutionRunId, updateOutcome: outcome };
  }

  async #signalRequest(
    encoding: PayloadEncoding,
    signalName: string,
    args: readonly unknown[],
    headers: WorkflowSignalInput["headers"],
  ) {
    checkId("signalName", signalName);
    const { identity, requestId } = this.#origin();
    const [input, header] = await Promise.all([
      encodeValues(encoding, { kind: "signal", signalName, requestId }, args),
      encodeHeaders(encoding, headers),
    ]);
    return {
      version: PROTOCOL_VERSION,
      signalName,
      ...(input ? { input } : {}),
      ...(header ? { header } : {}),
      requestId,
      identity,
    } as const;
  }

  async #isTerminated(workflowId: string, run: RunSelector): Promise<boolean> {
    const request = { version: PROTOCOL_VERSION, ...run } as const;
    const reply = await this.caller.call(workflowId, (execution) => execution.outcome(request));
    return reply.ok && reply.value.kind === "terminated";
  }

  #origin(): RequestOrigin {
    return { identity: this.#options.identity, requestId: this.#options.newId() };
  }
}

function selector({ runId }: TargetExecution, firstExecutionRunId?: string): RunSelector {
  return { ...(runId ? { runId } : {}), ...(firstExecutionRunId ? { firstExecutionRunId } : {}) };
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
