/**
 * Interceptors of the official SDK that report what a workflow does while it is replayed.
 *
 * Owns: nothing but the calls. They run inside the official sandbox; the sink's end is in `replay.ts`. The commands of an
 * activation hold the encoded inputs of everything the workflow asked for, its result and its handlers' results.
 */
import { proxySinks, type WorkflowInterceptors } from "@temporalio/workflow";

import type { ReportSinks } from "./report.ts";

const { report } = proxySinks<ReportSinks>();

export function interceptors(): WorkflowInterceptors {
  return {
    inbound: [
      {
        async execute(input, next) {
          report.called("execute", "", input.args);
          return await next(input);
        },
        async handleSignal(input, next) {
          report.called("signal", input.signalName, input.args);
          await next(input);
        },
        async handleUpdate(input, next) {
          report.called("update", input.name, input.args);
          return await next(input);
        },
      },
    ],
    internals: [
      {
        concludeActivation(input, next) {
          const output = next(input);
          report.commands(output.commands);
          return output;
        },
      },
    ],
  };
}
