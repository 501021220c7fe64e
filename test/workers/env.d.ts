/** Bindings of the test Workers, the same names in both deployments. */
import type { BatchOperation } from "./fixtures/faulty-batch.ts";
import type { WorkflowExecution } from "./fixtures/faulty-service.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      WORKFLOW_EXECUTION: DurableObjectNamespace<WorkflowExecution>;
      BATCH_OPERATION: DurableObjectNamespace<BatchOperation>;
      HOLDFAST_ENCRYPTION_KEYS: string;
      HOLDFAST_PAYLOADS: R2Bucket;
    }
  }
}
