/**
 * The body of a queue message, read with suspicion: anyone who can write to the queue can put anything there.
 *
 * Owns: telling a pointer to an activity task from anything else. What comes out may be addressed to an object.
 */
import type { ActivityTaskMessage } from "../core/activity-task.ts";
import { idProblem, namespaceProblem } from "../core/identifiers.ts";
import { PROTOCOL_VERSION } from "../core/protocol.ts";

export type ParsedMessage =
  | { readonly kind: "task"; readonly message: ActivityTaskMessage }
  /** Written by a service of another version; a Worker that knows it may be deployed in a moment. */
  | { readonly kind: "foreignVersion"; readonly version: number }
  | { readonly kind: "malformed"; readonly problem: string };

function countProblem(what: string, value: unknown): string | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 1 ? undefined : `${what} must be a whole number from 1`;
}

/** Reads a message body. */
export function parseActivityMessage(body: unknown): ParsedMessage {
  if (typeof body !== "object" || body === null) return { kind: "malformed", problem: "the body must be an object" };
  const fields = body as Readonly<Record<string, unknown>>;
  if (typeof fields["version"] !== "number") return { kind: "malformed", problem: "version must be a number" };
  if (fields["version"] !== PROTOCOL_VERSION) return { kind: "foreignVersion", version: fields["version"] };
  const problem =
    namespaceProblem(fields["namespace"]) ??
    idProblem("workflowId", fields["workflowId"]) ??
    idProblem("runId", fields["runId"]) ??
    countProblem("scheduledEventId", fields["scheduledEventId"]) ??
    countProblem("attempt", fields["attempt"]);
  if (problem !== undefined) return { kind: "malformed", problem };
  return { kind: "task", message: body as ActivityTaskMessage };
}
