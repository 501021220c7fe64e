/** An interceptor that keeps state in its module, and adds it to what workflows answer. */
import type { WorkflowInterceptorsFactory } from "../../../src/sdk/workflow/index.ts";

// holdfast-allow-module-state: what the test is about
let executions = 0;

export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [
    {
      execute: async (input, next) => {
        executions += 1;
        const result = await next(input);
        return { ...(result as object), executions };
      },
    },
  ],
});
