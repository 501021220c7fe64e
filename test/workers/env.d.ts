/** Bindings of the test Workers, the same names in both deployments. */
declare namespace Cloudflare {
  interface Env {
    WORKFLOW_EXECUTION: DurableObjectNamespace<import("./fixtures/faulty-service.ts").WorkflowExecution>;
    HOLDFAST_ENCRYPTION_KEYS: string;
  }
}
