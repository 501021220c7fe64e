export { WorkflowExecution } from "../../../src/durable-objects/index.ts";

export default { fetch: () => new Response("There is nothing to see here.", { status: 404 }) };
