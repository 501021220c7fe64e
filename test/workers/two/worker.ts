/** The application's Worker of the two-Worker deployment: keys and user code, no memory. */
import { holdfast } from "../fixtures/application.ts";
import { largePayloads } from "../fixtures/large-payloads.ts";

export const LargePayloadsWorker = largePayloads.WorkflowWorker;
export { WorkflowWorker } from "../fixtures/application.ts";
export { LoyaltyWorker } from "../fixtures/loyalty.ts";

export default {
  fetch: () => new Response("holdfast test application"),
  queue: holdfast.queue,
} satisfies ExportedHandler<Cloudflare.Env>;
