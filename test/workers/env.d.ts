/** Bindings of the test Workers, the same names in both deployments. */
import type { WorkflowExecution } from "./fixtures/faulty-service.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      WORKFLOW_EXECUTION: DurableObjectNamespace<WorkflowExecution>;
      HOLDFAST_ENCRYPTION_KEYS: string;
    }
  }
}
