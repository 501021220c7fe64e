/**
 * Running the handler of an update: validation, acceptance, completion.
 *
 * Owns: what becomes of an update, and the three commands that say so. `message-handlers.ts` owns the handlers and the
 * updates that wait for one.
 *
 *   arguments do not decode, or the validator throws ──▶ RejectUpdate
 *   no handler by the end of the activation ───────────▶ RejectUpdate
 *   otherwise AcceptUpdate, then the handler ──returns──▶ CompleteUpdate, success
 *                                            ──throws a failure──▶ CompleteUpdate, failure
 *                                            ──throws anything else──▶ the workflow task fails
 *
 * The synchronous part of the handler follows acceptance at once, so that nothing comes between what the validator saw
 * and what the handler does.
 */
import {
  ApplicationFailure,
  ensureTemporalFailure,
  holdfastStackBoundary,
  HoldfastFailure,
  type PayloadChannel,
} from "../codec/index.ts";
import type { Failure } from "../core/failure.ts";
import { DeterminismViolationError } from "./determinism-errors.ts";
import { headersFromWire } from "./headers.ts";
import type { UpdateInput, WorkflowInboundCallsInterceptor } from "./interceptors.ts";
import type { MessageHandler } from "./message-handlers.ts";
import type { Update, UpdateHandler } from "./messages.ts";
import { isInternalName } from "./reserved-names.ts";
import { ignoreRejection } from "./settlement.ts";
import { runInUpdate } from "./update-scope.ts";
import { composeWorkflowInterceptors } from "./workflow-interception.ts";
import type { WorkflowRun } from "./workflow-run.ts";

type Interceptors = readonly WorkflowInboundCallsInterceptor[];

/**
 * Takes an update in: rejects it, or accepts it and runs its handler up to the first await. What the handler throws
 * that is no failure goes to `fail`.
 */
export function handleUpdate(
  run: WorkflowRun,
  update: Update,
  handler: MessageHandler<UpdateHandler>,
  fail: (error: unknown) => void,
): void {
  const interceptors = isInternalName(update.name) ? [] : run.interceptors.inbound;
  runInUpdate({ id: update.updateId, name: update.name }, () => {
    let input: UpdateInput;
    try {
      if (update.runValidator) validate(run, update, handler, interceptors);
      // The validator had its own copy: what it changed in it, the handler does not see.
      input = inputOf(run, update);
    } catch (error) {
      rejectUpdate(run, update.updateId, error);
      return;
    }
    run.outbox.push({ commandType: "AcceptUpdate", updateId: update.updateId });
    execute(run, input, handler, interceptors, fail);
  });
}

/** Rejects the updates that found no handler while the activation ran. */
export function rejectBufferedUpdates(run: WorkflowRun): void {
  for (const { updateId, name } of run.updates.takeBuffered())
    rejectUpdate(run, updateId, ApplicationFailure.nonRetryable(`No registered handler for update: ${name}`));
}

function inputOf(run: WorkflowRun, { updateId, name, args, header, decodeError }: Update): UpdateInput {
  if (decodeError) throw decodeError.error;
  const channel: PayloadChannel = { kind: "update", updateName: name, updateId };
  return { updateId, name, args: run.fromPayloads(channel, args), headers: headersFromWire(header) };
}

/** Throws if the update is to be rejected. Without a validator the interceptors are not asked either. */
function validate(
  run: WorkflowRun,
  update: Update,
  { validator }: MessageHandler<UpdateHandler>,
  interceptors: Interceptors,
): void {
  if (validator === undefined) return;
  const input = inputOf(run, update);
  const check = composeWorkflowInterceptors(interceptors, "validateUpdate", ({ args }) => {
    refusePromise(validator(...(args as never[])));
  });
  run.readOnly("validating", () => check(input));
}

function refusePromise(value: unknown): void {
  if (!(value instanceof Promise)) return;
  ignoreRejection(value);
  throw new DeterminismViolationError(
    "Update validators should not return a Promise: an update is accepted or rejected at once.",
  );
}

function execute(
  run: WorkflowRun,
  input: UpdateInput,
  { handler, unfinishedPolicy }: MessageHandler<UpdateHandler>,
  interceptors: Interceptors,
  fail: (error: unknown) => void,
): void {
  const { updateId, name } = input;
  const finish = run.handlerExecutions.begin({ kind: "update", name, id: updateId, policy: unfinishedPolicy });
  const call = composeWorkflowInterceptors(interceptors, "handleUpdate", ({ args }) =>
    holdfastStackBoundary(() => handler(...(args as never[]))),
  );
  void call(input)
    .then((value) => completeUpdate(run, updateId, value))
    .catch((error: unknown) => {
      if (error instanceof HoldfastFailure) failUpdate(run, updateId, error, fail);
      else fail(error);
    })
    .finally(finish);
}

function completeUpdate(run: WorkflowRun, updateId: string, value: unknown): void {
  run.assertActivating("The end of an update handler");
  const success = run.toPayloads({ kind: "update-result", runId: run.originalExecutionRunId, updateId }, [value]);
  const outcome = { success: success ?? { payloads: [] } };
  run.outbox.push({ commandType: "CompleteUpdate", updateId, outcome });
}

function failureChannel(run: WorkflowRun, updateId: string): PayloadChannel {
  return { kind: "update-failure", runId: run.originalExecutionRunId, updateId };
}

function failUpdate(run: WorkflowRun, updateId: string, error: HoldfastFailure, fail: (error: unknown) => void): void {
  try {
    run.assertActivating("The end of an update handler");
    const failure = run.toFailure(failureChannel(run, updateId), error);
    run.outbox.push({ commandType: "CompleteUpdate", updateId, outcome: { failure } });
  } catch (conversionError) {
    fail(conversionError);
  }
}

/** Leaves no event: for history, an update that was rejected never came. */
function rejectUpdate(run: WorkflowRun, updateId: string, error: unknown): void {
  run.outbox.push({ commandType: "RejectUpdate", updateId, failure: rejection(run, updateId, error) });
}

/** Details that no converter takes are left out: the update would come back with each try of a task that failed. */
function rejection(run: WorkflowRun, updateId: string, error: unknown): Failure {
  const channel = failureChannel(run, updateId);
  const thrown = ensureTemporalFailure(error);
  try {
    return run.toFailure(channel, thrown);
  } catch {
    const type = thrown instanceof ApplicationFailure ? thrown.type : thrown.name;
    return run.toFailure(
      channel,
      ApplicationFailure.nonRetryable(`${thrown.message} (its details could not be encoded)`, type),
    );
  }
}
