/**
 * Where the application finds the service.
 *
 * Owns: the two places, in order: the binding WORKFLOW_EXECUTION, when the service is a Worker of its own, and the
 * Worker's own exports, when service and application are deployed as one.
 */
import type { ExecutionNamespace } from "./service-adapter.ts";

/** The part of an execution context that is used. */
export interface ServiceContext {
  readonly exports?: object | undefined;
}

const EXPORT_NAME = "WorkflowExecution";
const BINDING_NAME = "WORKFLOW_EXECUTION";
const BATCH_EXPORT_NAME = "BatchOperation";
const BATCH_BINDING_NAME = "BATCH_OPERATION";

/**
 * The namespace of the service's objects. Throws when there is none, with what to set.
 *
 * @example
 * const service = workflowService(findService(env, ctx));
 */
export function findService(env: object, ctx: ServiceContext): ExecutionNamespace {
  const found = namespaceIn(env, BINDING_NAME) ?? namespaceIn(ctx.exports, EXPORT_NAME);
  if (found) return found;
  throw new Error(
    `The Holdfast service was not found. Service in this Worker: export ${EXPORT_NAME} from holdfast/durable-objects ` +
      `and list it under new_sqlite_classes of a migration. Service in a Worker of its own: add a durable_objects ` +
      `binding named ${BINDING_NAME} with its script_name.`,
  );
}

/** The namespace of the service's batch operations. Throws when there is none, with what to set. */
export function findBatchOperations(env: object, ctx: ServiceContext): ExecutionNamespace {
  const found = namespaceIn(env, BATCH_BINDING_NAME) ?? namespaceIn(ctx.exports, BATCH_EXPORT_NAME);
  if (found) return found;
  throw new Error(
    `Holdfast's batch operations were not found. Service in this Worker: export ${BATCH_EXPORT_NAME} from ` +
      `holdfast/durable-objects and list it under new_sqlite_classes of a migration. Service in a Worker of its own: ` +
      `add a durable_objects binding named ${BATCH_BINDING_NAME} with its script_name.`,
  );
}

function namespaceIn(holder: object | undefined, name: string): ExecutionNamespace | undefined {
  const candidate = (holder as Readonly<Record<string, unknown>> | undefined)?.[name];
  if (typeof candidate !== "object" && typeof candidate !== "function") return undefined;
  const namespace = candidate as ExecutionNamespace | null;
  return typeof namespace?.getByName === "function" ? namespace : undefined;
}
