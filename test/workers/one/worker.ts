/** One Worker with both sides: the default deployment. */
import { holdfast } from "../fixtures/application.ts";

export { WorkflowWorker } from "../fixtures/application.ts";
export { WorkflowExecution } from "../fixtures/faulty-service.ts";

export default {
  fetch: () => new Response("holdfast test application"),
  queue: holdfast.queue,
} satisfies ExportedHandler<Cloudflare.Env>;
