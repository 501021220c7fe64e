/**
 * What arrives at a BatchOperation is checked here, once, before any decision is taken.
 *
 * Owns: well-formedness and size of a job's requests. Each function answers with a rejection that says what is wrong,
 * or undefined.
 */
import type {
  AddBatchTargetsRequest,
  BatchAction,
  BatchFailuresRequest,
  BatchTarget,
  BeginBatchRequest,
  RunBatchRequest,
  StopBatchRequest,
} from "./batch-protocol.ts";
import { idProblem, namespaceProblem, utf8Bytes } from "./identifiers.ts";
import {
  MAX_BATCH_CONCURRENCY,
  MAX_BATCH_PAGE_CHARACTERS,
  MAX_BATCH_PAGE_EXECUTIONS,
  MAX_ID_BYTES,
  MAX_PAYLOADS_BYTES,
} from "./limits.ts";
import { payloadsBytes } from "./payload.ts";
import { type Rejection, rejected } from "./rejection.ts";
import { resetProblem, version } from "./request-check.ts";

type Refusal = { readonly ok: false; readonly rejection: Rejection };

function invalid(problem: string | undefined): Refusal | undefined {
  return problem === undefined ? undefined : rejected("InvalidArgument", problem);
}

export function beginRequest(request: BeginBatchRequest): Refusal | undefined {
  return (
    version(request.version) ??
    invalid(
      namespaceProblem(request.namespace) ??
        idProblem("jobId", request.jobId) ??
        reasonProblem(request.reason) ??
        actionProblem(request.action) ??
        concurrencyProblem(request.concurrency) ??
        rateProblem(request.requestsPerSecond),
    )
  );
}

const ACTIONS: Readonly<Record<BatchAction["kind"], true>> = {
  signal: true,
  cancel: true,
  terminate: true,
  reset: true,
  delete: true,
};

function actionProblem(action: BatchAction | undefined): string | undefined {
  if (!action || !Object.hasOwn(ACTIONS, action.kind))
    return `the operation must be one of ${Object.keys(ACTIONS).join(", ")}`;
  if (action.kind === "reset") return resetProblem(action);
  return action.kind === "signal" ? idProblem("signalName", action.signalName) : undefined;
}

function reasonProblem(reason: unknown): string | undefined {
  if (typeof reason !== "string" || reason.trim() === "")
    return "a batch operation needs a reason: it is kept with the job and in the histories";
  if (utf8Bytes(reason) <= MAX_ID_BYTES) return undefined;
  return `reason must be at most ${MAX_ID_BYTES} bytes of UTF-8; it is stored in clear, so put details elsewhere`;
}

function concurrencyProblem(concurrency: number | undefined): string | undefined {
  if (concurrency === undefined) return undefined;
  if (Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= MAX_BATCH_CONCURRENCY) return undefined;
  return `concurrency must be a whole number from 1 to ${MAX_BATCH_CONCURRENCY}`;
}

function rateProblem(requestsPerSecond: number | undefined): string | undefined {
  if (requestsPerSecond === undefined || (Number.isFinite(requestsPerSecond) && requestsPerSecond > 0))
    return undefined;
  return "requestsPerSecond must be a number above zero";
}

export function addRequest(request: AddBatchTargetsRequest): Refusal | undefined {
  return version(request.version) ?? invalid(placeProblem("from", request.from)) ?? pageRefusal(request.targets);
}

function pageRefusal(targets: readonly BatchTarget[]): Refusal | undefined {
  if (targets.length === 0 || targets.length > MAX_BATCH_PAGE_EXECUTIONS)
    return rejected("InvalidArgument", `a page holds from 1 to ${MAX_BATCH_PAGE_EXECUTIONS} executions`);
  let characters = 0;
  for (const target of targets) {
    const refused = invalid(targetProblem(target)) ?? payloadsRefusal(target);
    if (refused) return refused;
    characters += targetCharacters(target);
  }
  if (characters <= MAX_BATCH_PAGE_CHARACTERS || targets.length === 1) return undefined;
  return rejected(
    "PayloadTooLarge",
    `a page of executions: ${characters} characters, the limit is ${MAX_BATCH_PAGE_CHARACTERS}`,
  );
}

function targetProblem({ workflowId, runId }: BatchTarget): string | undefined {
  return idProblem("workflowId", workflowId) ?? (runId === undefined ? undefined : idProblem("runId", runId));
}

function payloadsRefusal({ workflowId, payloads }: BatchTarget): Refusal | undefined {
  const bytes = payloadsBytes(payloads);
  if (bytes <= MAX_PAYLOADS_BYTES) return undefined;
  const message = `payloads for '${workflowId}': ${bytes} bytes, the limit is ${MAX_PAYLOADS_BYTES} bytes`;
  return rejected("PayloadTooLarge", message);
}

/** About as many characters as a target takes when it is stored. */
export function targetCharacters({ workflowId, runId = "", payloads }: BatchTarget): number {
  // Four characters of base64 for three bytes; the rest is what JSON puts around.
  return workflowId.length + runId.length + Math.ceil((payloadsBytes(payloads) * 4) / 3) + 64;
}

export function runRequest(request: RunBatchRequest): Refusal | undefined {
  return version(request.version) ?? invalid(placeProblem("total", request.total));
}

export function stopRequest(request: StopBatchRequest): Refusal | undefined {
  return version(request.version) ?? invalid(reasonProblem(request.reason));
}

export function failuresRequest(request: BatchFailuresRequest): Refusal | undefined {
  return version(request.version) ?? invalid(placeProblem("from", request.from));
}

function placeProblem(what: string, value: unknown): string | undefined {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return undefined;
  return `${what} must be a whole number, zero or above`;
}
