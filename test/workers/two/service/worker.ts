/** The service's Worker of the two-Worker deployment: it remembers, and has neither key nor user code. */
export { BatchOperation } from "../../fixtures/faulty-batch.ts";
export { WorkflowExecution } from "../../fixtures/faulty-service.ts";

export default { fetch: () => new Response("holdfast service") };
