/**
 * Running the handler of a signal.
 *
 * Owns: the way from a signal to its handler, through the interceptors. `message-handlers.ts` owns the handlers and
 * the signals that wait for one. A signal nobody ever handles is no error.
 */
import { holdfastStackBoundary, IllegalStateError } from "../codec/index.ts";
import { headersFromWire } from "./headers.ts";
import type { SignalInput } from "./interceptors.ts";
import type { MessageHandler } from "./message-handlers.ts";
import type { Signal, SignalHandler } from "./messages.ts";
import { isInternalName } from "./reserved-names.ts";
import { composeWorkflowInterceptors } from "./workflow-interception.ts";
import type { WorkflowRun } from "./workflow-run.ts";

/** Runs a handler up to its first await. What it rejects with goes to `fail`; arguments that do not decode are thrown. */
export function handleSignal(
  run: WorkflowRun,
  signal: Signal,
  { unfinishedPolicy }: MessageHandler<SignalHandler>,
  fail: (error: unknown) => void,
): void {
  const { name, requestId, input, header } = signal;
  const args = run.fromPayloads({ kind: "signal", signalName: name, requestId }, input);
  const finish = run.handlerExecutions.begin({ kind: "signal", name, policy: unfinishedPolicy });
  const interceptors = isInternalName(name) ? [] : run.interceptors.inbound;
  const execute = composeWorkflowInterceptors(interceptors, "handleSignal", (called) => callHandler(run, called));
  void execute({ signalName: name, args, headers: headersFromWire(header) })
    .catch(fail)
    .finally(finish);
}

/** Looks the handler up again: an interceptor may have given the signal another name. */
function callHandler(run: WorkflowRun, { signalName, args }: SignalInput): Promise<void> {
  return holdfastStackBoundary(() => {
    const found = run.signals.find(signalName);
    if (found === undefined) throw new IllegalStateError(`No registered signal handler for signal: ${signalName}`);
    return found.handler(...(args as never[]));
  });
}
