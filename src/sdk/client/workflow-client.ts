/**
 * The client's door to workflows: starts them and makes handles.
 *
 * Owns: the typing from the workflow function to its arguments and result, the client's settings and their defaults.
 */
import { type DataConverter, loadDataConverter, ValueError } from "../../codec/index.ts";
import { namespaceProblem } from "../../core/identifiers.ts";
import type { QueryRejectCondition, StartReply, WorkflowOutcome, WorkflowService } from "../../core/protocol.ts";
import {
  extractWorkflowType,
  type SignalDefinition,
  type UpdateDefinition,
  type Workflow,
  type WorkflowResultType,
} from "../common/index.ts";
import type { WorkflowClientInterceptor } from "./interceptors.ts";
import { decodeQueryRejectCondition } from "./query-reject-condition.ts";
import { type RetryTiming, systemTiming } from "./transient-retry.ts";
import { WorkflowCalls } from "./workflow-calls.ts";
import { WithStartWorkflowOperation } from "./with-start-workflow-operation.ts";
import {
  checkWaitForStage,
  messageName,
  workflowHandle,
  type WorkflowHandle,
  type WorkflowHandleWithStartDetails,
  type WorkflowHandleWithSignaledRunId,
} from "./workflow-handle.ts";
import {
  checkId,
  compileWorkflowOptions,
  type UntypedWorkflowStartOptions,
  type WorkflowSignalWithStartOptions,
  type WorkflowStartOptions,
  type WorkflowUpdateOptions,
} from "./workflow-options.ts";
import type { AwaitedUpdateStage } from "./workflow-requests.ts";
import {
  type UntypedUpdateOptions,
  type WithUpdateArgs,
  workflowUpdateHandle,
  type WorkflowUpdateHandle,
} from "./workflow-update-handle.ts";

export const DEFAULT_NAMESPACE = "default";
export const DEFAULT_IDENTITY = "holdfast-client";

export interface WorkflowClientOptions {
  /** How the service is reached. In a Worker, `createWorker` of `holdfast/worker` makes it from a binding. */
  readonly service: WorkflowService;
  /**
   * How values become payloads, the same as on the workers. There is no default, because a forgotten codec would send
   * everything in clear.
   */
  readonly dataConverter: DataConverter;
  /** Default: "default". */
  readonly namespace?: string | undefined;
  /** Who is asking; stored in history and readable by the service. */
  readonly identity?: string | undefined;
  /** Which queries are not to be asked. Default: NONE. */
  readonly queryRejectCondition?: QueryRejectCondition | undefined;
  /** What is put around every call; the first is the outermost. */
  readonly interceptors?: readonly WorkflowClientInterceptor[] | undefined;
}

/** Waiting, chance and ids. The client's own tests decide them; everyone else leaves them to the platform. */
export interface ClientPorts {
  readonly timing: RetryTiming;
  /** Makes an id that was never made before. */
  readonly newId: () => string;
}

export const platformPorts: ClientPorts = { timing: systemTiming, newId: () => crypto.randomUUID() };

export interface WorkflowResultOptions {
  /**
   * Whether the result is that of the last run, where the workflow continues as new. Default: true. If false, a run
   * that does so has no result but a `WorkflowContinuedAsNewError`.
   */
  readonly followRuns?: boolean | undefined;
}

export interface GetWorkflowHandleOptions extends WorkflowResultOptions {
  /** `cancel` and `terminate` act only if the run belongs to the chain that this run began. */
  readonly firstExecutionRunId?: string | undefined;
}

/** What goes with an update that may start its workflow. */
export interface WorkflowUpdateWithStartOptions<T extends Workflow> extends WorkflowUpdateOptions {
  /** How to start the workflow, and where its handle will be. */
  readonly startWorkflowOperation: WithStartWorkflowOperation<T>;
}

type UntypedUpdateWithStart<T extends Workflow> = WorkflowUpdateWithStartOptions<T> & UntypedUpdateOptions;

/** A workflow of which only the name is known. */
export type UntypedWorkflow = (...args: never[]) => Promise<unknown>;

/**
 * Starts workflows and finds them again.
 *
 * @example
 * const handle = await client.workflow.start(transfer, { workflowId: "transfer-1", args: [order] });
 */
export class WorkflowClient {
  readonly #calls: WorkflowCalls;
  readonly namespace: string;

  /** Throws `ValueError` for a malformed namespace or data converter. */
  constructor(options: WorkflowClientOptions, ports: ClientPorts = platformPorts) {
    const { namespace = DEFAULT_NAMESPACE } = options;
    const problem = namespaceProblem(namespace);
    if (problem !== undefined) throw new ValueError(problem);
    this.namespace = namespace;
    this.#calls = new WorkflowCalls({
      service: options.service,
      namespace,
      identity: options.identity ?? DEFAULT_IDENTITY,
      dataConverter: loadDataConverter(options.dataConverter),
      queryRejectCondition: decodeQueryRejectCondition(options.queryRejectCondition) ?? "NONE",
      interceptors: options.interceptors ?? [],
      ...ports,
    });
  }

  /**
   * Starts a workflow, given as its function or its name; resolves once the service has stored it.
   *
   * Rejects with `WorkflowExecutionAlreadyStartedError` when the policies refuse the id, `ValueError` for malformed
   * options, `PayloadTooLargeError`, and `ServiceError` when no answer came: then it may have started or not, and the
   * same start again, with `workflowIdConflictPolicy: "USE_EXISTING"`, makes sure.
   *
   * @example
   * const handle = await client.workflow.start(transfer, { workflowId: "transfer-1", args: [order] });
   */
  start<T extends Workflow>(
    workflow: string | T,
    options: WorkflowStartOptions<T>,
  ): Promise<WorkflowHandleWithStartDetails<T>>;
  start(
    workflow: string,
    options: UntypedWorkflowStartOptions,
  ): Promise<WorkflowHandleWithStartDetails<UntypedWorkflow>>;
  async start<T extends Workflow>(
    workflow: string | T,
    options: UntypedWorkflowStartOptions,
  ): Promise<WorkflowHandleWithStartDetails<T>> {
    const { runId, firstExecutionRunId = runId, eagerlyStarted } = await this.#start(workflow, options);
    const { workflowId, followRuns } = options;
    const runs = { firstExecutionRunId, resultRunId: runId, followRuns };
    return { ...workflowHandle<T>(this.#calls, workflowId, runs), firstExecutionRunId, eagerlyStarted };
  }

  /**
   * Starts a workflow and waits for its result. Rejects like `start` and like the `result` of a handle.
   *
   * @example
   * const receipt = await client.workflow.execute(transfer, { workflowId: "transfer-1", args: [order] });
   */
  execute<T extends Workflow>(workflow: string | T, options: WorkflowStartOptions<T>): Promise<WorkflowResultType<T>>;
  execute(workflow: string, options: UntypedWorkflowStartOptions): Promise<unknown>;
  async execute(workflow: string | Workflow, options: UntypedWorkflowStartOptions): Promise<unknown> {
    let known: WorkflowOutcome | undefined;
    const { runId } = await this.#start(workflow, options, (outcome) => {
      known = outcome;
    });
    return await this.#calls.result(options.workflowId, { runId }, options.followRuns ?? true, known);
  }

  async #start(
    workflow: string | Workflow,
    options: UntypedWorkflowStartOptions,
    onOutcome?: (outcome: WorkflowOutcome) => void,
  ) {
    const input = {
      workflowType: extractWorkflowType(workflow),
      headers: {},
      options: compileWorkflowOptions(options),
    };
    return await this.#calls.start(input, onOutcome);
  }

  /**
   * Sends a signal to a workflow, and starts the workflow first if it is not running; both or nothing.
   *
   * Rejects like `start`.
   *
   * @example
   * await client.workflow.signalWithStart(cart, { workflowId: "cart-1", signal: addItem, signalArgs: ["book"] });
   */
  async signalWithStart<T extends Workflow, SignalArgs extends readonly unknown[] = []>(
    workflow: string | T,
    options: WorkflowSignalWithStartOptions<T, SignalArgs>,
  ): Promise<WorkflowHandleWithSignaledRunId<T>> {
    const untyped: UntypedWorkflowStartOptions & {
      readonly signal: SignalDefinition<SignalArgs> | string;
      readonly signalArgs?: readonly unknown[] | undefined;
    } = options;
    const { signal, signalArgs = [], ...start } = untyped;
    const signaledRunId = await this.#calls.signalWithStart({
      workflowType: extractWorkflowType(workflow),
      signalName: messageName(signal),
      signalArgs: [...signalArgs],
      headers: {},
      options: compileWorkflowOptions(start),
    });
    const runs = { resultRunId: signaledRunId, followRuns: start.followRuns };
    return { ...workflowHandle<T>(this.#calls, start.workflowId, runs), signaledRunId };
  }

  /**
   * Sends an update to a workflow, starts the workflow first if the options of the operation say so, and waits until
   * the update is accepted or rejected. The operation then has a handle of the workflow.
   *
   * Rejects like `start` and like the `startUpdate` of a handle.
   *
   * @example
   * const startWorkflowOperation = new WithStartWorkflowOperation(cart, {
   *   workflowId: "cart-1",
   *   workflowIdConflictPolicy: "USE_EXISTING",
   * });
   * const options = { startWorkflowOperation, args: ["book"], waitForStage: "ACCEPTED" } as const;
   * const update = await client.workflow.startUpdateWithStart(addItem, options);
   */
  async startUpdateWithStart<T extends Workflow, Ret, Args extends readonly unknown[]>(
    definition: UpdateDefinition<Ret, Args> | string,
    options: WithUpdateArgs<Args, WorkflowUpdateWithStartOptions<T> & { readonly waitForStage: "ACCEPTED" }>,
  ): Promise<WorkflowUpdateHandle<Ret>> {
    const { waitForStage, ...rest }: UntypedUpdateWithStart<T> & { readonly waitForStage: "ACCEPTED" } = options;
    checkWaitForStage(waitForStage);
    return await this.#startUpdateWithStart<T, Ret>("ACCEPTED", messageName(definition), rest);
  }

  /**
   * Sends an update to a workflow, starts the workflow first if the options of the operation say so, and waits for the
   * update's result. The operation has a handle of the workflow, even if the update fails.
   *
   * Rejects like `start` and like the `executeUpdate` of a handle.
   *
   * @example
   * const startWorkflowOperation = new WithStartWorkflowOperation(cart, {
   *   workflowId: "cart-1",
   *   workflowIdConflictPolicy: "USE_EXISTING",
   * });
   * const total = await client.workflow.executeUpdateWithStart(addItem, { startWorkflowOperation, args: ["book"] });
   */
  async executeUpdateWithStart<T extends Workflow, Ret, Args extends readonly unknown[]>(
    definition: UpdateDefinition<Ret, Args> | string,
    options: WithUpdateArgs<Args, WorkflowUpdateWithStartOptions<T>>,
  ): Promise<Ret> {
    const update = await this.#startUpdateWithStart<T, Ret>("COMPLETED", messageName(definition), options);
    return await update.result();
  }

  async #startUpdateWithStart<T extends Workflow, Ret>(
    waitForStage: AwaitedUpdateStage,
    updateName: string,
    { startWorkflowOperation: operation, args = [], ...updateOptions }: UntypedUpdateWithStart<T>,
  ): Promise<WorkflowUpdateHandle<Ret>> {
    const report = WithStartWorkflowOperation.take(operation);
    const options: UntypedWorkflowStartOptions = operation.options;
    const { workflowId, followRuns } = options;
    const onStart = ({ runId, firstExecutionRunId }: StartReply): void =>
      report.started(
        workflowHandle<T>(this.#calls, workflowId, { firstExecutionRunId, resultRunId: runId, followRuns }),
      );
    try {
      const output = await this.#calls.startUpdateWithStart(waitForStage, onStart, {
        workflowType: extractWorkflowType(operation.workflowTypeOrFunc),
        workflowStartOptions: compileWorkflowOptions(options),
        workflowStartHeaders: {},
        updateName,
        updateArgs: [...args],
        updateOptions,
        updateHeaders: {},
      });
      const { workflowExecution, updateId, originalExecutionRunId, updateOutcome: outcome } = output;
      const ref = { workflowId, updateId, runId: workflowExecution.runId };
      return workflowUpdateHandle<Ret>(this.#calls, ref, { originalExecutionRunId, outcome });
    } catch (error) {
      // Nothing happens to a handle that is there already.
      report.failed(error);
      throw error;
    }
  }

  /**
   * A handle of a workflow that was started before; asks nobody whether it is there. Without `runId` it means the
   * current run. Throws `ValueError` for a malformed id.
   *
   * @example
   * const status = (await client.workflow.getHandle("transfer-1").describe()).status.name;
   */
  getHandle<T extends Workflow>(
    workflowId: string,
    runId?: string,
    options: GetWorkflowHandleOptions = {},
  ): WorkflowHandle<T> {
    checkId("workflowId", workflowId);
    if (runId !== undefined) checkId("runId", runId);
    const { firstExecutionRunId, followRuns } = options;
    return workflowHandle<T>(this.#calls, workflowId, {
      runId,
      firstExecutionRunId,
      resultRunId: runId ?? firstExecutionRunId,
      followRuns,
    });
  }

  /**
   * Waits for the result of a workflow that was started before. Rejects like the `result` of a handle.
   *
   * @example
   * const receipt = await client.workflow.result<typeof transfer>("transfer-1");
   */
  async result<T extends Workflow>(
    workflowId: string,
    runId?: string,
    options: WorkflowResultOptions = {},
  ): Promise<WorkflowResultType<T>> {
    return await this.getHandle<T>(workflowId, runId, options).result();
  }
}
