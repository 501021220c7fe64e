/**
 * The client as one object.
 *
 * Owns: nothing but the parts it is made of.
 */
import { BatchClient } from "./batch-client.ts";
import { AsyncCompletionClient } from "./async-completion-client.ts";
import type { ClientInterceptors } from "./interceptors.ts";
import { type ClientPorts, WorkflowClient, type WorkflowClientOptions } from "./workflow-client.ts";

export interface ClientOptions extends Omit<WorkflowClientOptions, "interceptors"> {
  /** What is put around the calls of each part; the first of a list is the outermost. */
  readonly interceptors?: ClientInterceptors | undefined;
}

/**
 * Talks to the service on behalf of the application. In a Worker, take the one that `createWorker` makes.
 *
 * @example
 * const client = new Client({ service, dataConverter: { payloadCodecs: [codec] } });
 * const handle = await client.workflow.start(transfer, { workflowId: "transfer-1", args: [order] });
 */
export class Client {
  readonly workflow: WorkflowClient;
  /** Reports about activities from outside their worker. */
  readonly activity: AsyncCompletionClient;
  readonly batch: BatchClient;

  /** Throws `ValueError` for a malformed namespace or data converter. */
  constructor(options: ClientOptions, ports?: ClientPorts) {
    this.workflow = new WorkflowClient({ ...options, interceptors: options.interceptors?.workflow }, ports);
    this.activity = new AsyncCompletionClient(options, ports);
    this.batch = new BatchClient(options, ports);
  }
}
