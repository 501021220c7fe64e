/**
 * The bindings that batch operations need, by their default names.
 *
 * Owns: names and types only.
 */
import type { DeleteReply, DeleteRequest, ResetReply, ResetRequest } from "../core/control-requests.ts";
import type { WorkflowExecutionRpc } from "../core/protocol.ts";
import type { Reply } from "../core/rejection.ts";

export interface BatchOperationEnv {
  /** The executions that are acted on, when their class is not exported from the same Worker as `WorkflowExecution`. */
  readonly WORKFLOW_EXECUTION?: BatchExecutionNamespace;
}

/** What a batch operation does to an execution. */
export interface BatchExecutionStub extends Pick<WorkflowExecutionRpc, "signal" | "requestCancel" | "terminate"> {
  reset(request: ResetRequest): Promise<Reply<ResetReply>>;
  deleteExecution(request: DeleteRequest): Promise<Reply<DeleteReply>>;
}

/** Objects by name, as a Durable Object namespace gives them. */
export interface BatchExecutionNamespace {
  getByName(name: string): BatchExecutionStub;
}
