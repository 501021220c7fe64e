/**
 * Batch operations as a Durable Object namespace: the part of the port `WorkflowService` over stubs of BatchOperation
 * objects.
 *
 * Owns: how a job's object is addressed, and one new stub for each call. Nothing is decoded, retried or judged here.
 */
import type { BatchOperationRpc } from "../core/batch-protocol.ts";
import { workflowObjectName } from "../core/identifiers.ts";
import type { WorkflowService } from "../core/protocol.ts";
import type { ExecutionNamespace } from "./service-adapter.ts";

/** Makes the part of the port from what finds the namespace. It is looked for when the first job is asked for. */
export function batchOperations(find: () => ExecutionNamespace): NonNullable<WorkflowService["batchOperation"]> {
  return (namespace, jobId) => {
    const objects = find();
    // Namespaces and ids follow the same rules as those of workflows, and the objects are of a class of their own.
    const name = workflowObjectName(namespace, jobId);
    // A stub takes any method name and the class behind it is in another bundle, so only the contract knows its methods.
    return batchRpc(() => objects.getByName(name) as unknown as BatchOperationRpc);
  };
}

function batchRpc(rpc: () => BatchOperationRpc): BatchOperationRpc {
  return {
    begin: async (request) => await rpc().begin(request),
    add: async (request) => await rpc().add(request),
    run: async (request) => await rpc().run(request),
    describe: async (request) => await rpc().describe(request),
    failures: async (request) => await rpc().failures(request),
    stop: async (request) => await rpc().stop(request),
  };
}
