/**
 * The client's door to workflows: starts them and makes handles.
 *
 * Owns: the typing from the workflow function to its arguments and result, the client's settings and their defaults.
 */
import { type DataConverter, loadDataConverter, ValueError } from "../../codec/index.ts";
import { namespaceProblem } from "../../core/identifiers.ts";
import type { QueryRejectCondition, WorkflowService } from "../../core/protocol.ts";
import { extractWorkflowType, type SignalDefinition, type Workflow, type WorkflowResultType } from "../common/index.ts";
import { type RetryTiming, systemTiming } from "./transient-retry.ts";
import { WorkflowCalls } from "./workflow-calls.ts";
import {
  messageName,
  workflowHandle,
  type WorkflowHandle,
  type WorkflowHandleWithFirstExecutionRunId,
  type WorkflowHandleWithSignaledRunId,
} from "./workflow-handle.ts";
import {
  checkId,
  type UntypedWorkflowStartOptions,
  type WorkflowSignalWithStartOptions,
  type WorkflowStartOptions,
} from "./workflow-options.ts";

export const DEFAULT_NAMESPACE = "default";
const DEFAULT_IDENTITY = "holdfast-client";

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
}

/** Waiting, chance and ids. The client's own tests decide them; everyone else leaves them to the platform. */
export interface ClientPorts {
  readonly timing: RetryTiming;
  /** Makes an id that was never made before. */
  readonly newId: () => string;
}

const platformPorts: ClientPorts = { timing: systemTiming, newId: () => crypto.randomUUID() };

export interface GetWorkflowHandleOptions {
  /** `cancel` and `terminate` act only if the run belongs to the chain that this run began. */
  readonly firstExecutionRunId?: string | undefined;
}

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
      queryRejectCondition: options.queryRejectCondition ?? "NONE",
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
  ): Promise<WorkflowHandleWithFirstExecutionRunId<T>>;
  start(
    workflow: string,
    options: UntypedWorkflowStartOptions,
  ): Promise<WorkflowHandleWithFirstExecutionRunId<UntypedWorkflow>>;
  async start<T extends Workflow>(
    workflow: string | T,
    options: UntypedWorkflowStartOptions,
  ): Promise<WorkflowHandleWithFirstExecutionRunId<T>> {
    const { runId, firstExecutionRunId } = await this.#calls.start(extractWorkflowType(workflow), options);
    const handle = workflowHandle<T>(this.#calls, options.workflowId, { firstExecutionRunId, resultRunId: runId });
    return { ...handle, firstExecutionRunId };
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
    const { runId } = await this.#calls.start(extractWorkflowType(workflow), options);
    return await this.#calls.result(options.workflowId, { runId });
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
    const signal = { name: messageName(untyped.signal), args: untyped.signalArgs ?? [] };
    const { runId } = await this.#calls.signalWithStart(extractWorkflowType(workflow), untyped, signal);
    const handle = workflowHandle<T>(this.#calls, untyped.workflowId, { resultRunId: runId });
    return { ...handle, signaledRunId: runId };
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
    return workflowHandle<T>(this.#calls, workflowId, { runId, firstExecutionRunId: options.firstExecutionRunId });
  }

  /**
   * Waits for the result of a workflow that was started before. Rejects like the `result` of a handle.
   *
   * @example
   * const receipt = await client.workflow.result<typeof transfer>("transfer-1");
   */
  async result<T extends Workflow>(workflowId: string, runId?: string): Promise<WorkflowResultType<T>> {
    return await this.getHandle<T>(workflowId, runId).result();
  }
}
