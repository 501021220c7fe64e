/** A second application's Worker of the two-Worker deployment. Its tasks find it by their task queue. */
import { payments } from "../../fixtures/payments.ts";

export const { WorkflowWorker } = payments;

export default {
  fetch: () => new Response("holdfast test payments"),
  queue: payments.queue,
} satisfies ExportedHandler<Cloudflare.Env>;
