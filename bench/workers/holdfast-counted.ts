/**
 * Holdfast, counted: the published class with its storage and its methods counted.
 *
 * Owns: the list of the methods that are called from outside, each of which the platform bills as a request. Calls on
 * a session that the workflow worker returned, and calls of its entrypoint, are free.
 */
import { WorkflowExecution } from "../../src/durable-objects/index.ts";
import { app, holdfast, type HoldfastEnv } from "./holdfast-application.ts";
import { countInvocations, invocations, INVOCATIONS_ROUTE } from "./invocations.ts";
import { countBatch, countFetch, countRequests, countWrites } from "./usage.ts";

class CountedWorkflowExecution extends WorkflowExecution {
  constructor(ctx: DurableObjectState, env: HoldfastEnv) {
    countWrites(ctx.storage);
    super(ctx, env);
    invocations.loads += 1;
  }
}

// Before the requests: what these wrap is the class's own.
countInvocations(CountedWorkflowExecution.prototype, "objectCalls");

countRequests(CountedWorkflowExecution.prototype, [
  "start",
  "signal",
  "signalWithStart",
  "requestCancel",
  "terminate",
  "query",
  "describe",
  "history",
  "outcome",
  "claimActivity",
  "heartbeatActivity",
  "respondActivity",
  "reportDeadLetter",
  "fetch",
  "alarm",
]);

export { CountedWorkflowExecution as WorkflowExecution };

export class WorkflowWorker extends holdfast.WorkflowWorker {}
countInvocations(WorkflowWorker.prototype, "workerCalls");

export default {
  fetch: async (request: Request, env: HoldfastEnv, ctx: ExecutionContext): Promise<Response> =>
    new URL(request.url).pathname === INVOCATIONS_ROUTE
      ? Response.json(invocations)
      : await countFetch(request, () => app.fetch(request, env, ctx)),
  queue: (batch: MessageBatch, env: HoldfastEnv, ctx: ExecutionContext): Promise<void> => {
    countBatch(batch);
    return holdfast.queue(batch, env, ctx);
  },
};
