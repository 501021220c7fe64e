/**
 * Payloads in the bucket that no run refers to any more: `R2PayloadCodec` has put them there, the service clears them.
 *
 *   what                                        | cleared
 *   --------------------------------------------+--------------------------------------------------------------
 *   claimed by a run that goes, by no other run | with the run
 *   claimed by another run of the workflow id   | with the last of them
 *   the answer of a child to its parent         | with the child, which stays while any run has the parent's history
 *   claimed by no run (orphans)                 | with the last run, if they have been there for an hour
 *
 * Owns: which keys these are. A run's entries are still stored when it is cleared, so that whatever fails is done again;
 * nobody finds the run any more, so that nothing can come to refer to what it claims. Only keys under the workflow's own
 * prefix are ever touched, whatever a claim says. Orphans come from requests that were refused, from workflow tasks that
 * were run twice, from heartbeats and queries; a younger one may belong to a request on its way.
 */
import type { HistoryEvent } from "../core/history-event.ts";
import { workflowObjectName } from "../core/identifiers.ts";
import { CLAIM_ENCODING, CLAIM_KEY, claimPrefix } from "../core/payload-claim.ts";
import type { ExecutionNamespace, GarbageBucket } from "./service-env.ts";

/** How long an object that nobody claims is left alone. Longer than any request is under way. */
const ORPHAN_GRACE_MS = 60 * 60_000;
/** Until a child whose answer its parent still has is looked at again. */
const PARENT_CHECK_MS = 6 * 60 * 60_000;
/** What one call of a bucket takes and gives at most. */
const KEYS_PER_CALL = 1_000;

export interface ParentRun {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
}

/** Whether the entries of a run, or of the whole workflow id, may go; if not, when to ask again. */
export type Clearing = { readonly kind: "cleared" } | { readonly kind: "later"; readonly atMs: number };

const CLEARED: Clearing = { kind: "cleared" };

/** The workflow id that runs are cleared of. */
export interface GarbagePlace {
  readonly namespace: string;
  readonly workflowId: string;
}

export interface PayloadGarbageOptions {
  readonly bucket: GarbageBucket;
  /** The events of a run, by its number. */
  readonly events: (run: number) => Iterable<HistoryEvent>;
  /** Those of them that may claim what another run does. Default: all. */
  readonly shared?: (run: number) => Iterable<HistoryEvent>;
  /** Whether a run is still there, or one that was made from it by a reset. */
  readonly holds: (parent: ParentRun) => Promise<boolean>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What a workflow execution has that clearing needs. */
export interface GarbageSources {
  readonly bucket: GarbageBucket | undefined;
  readonly events: (run: number) => Iterable<HistoryEvent>;
  readonly shared: (run: number) => Iterable<HistoryEvent>;
  readonly executions: () => ExecutionNamespace;
}

/** The clearing of one workflow execution; undefined without a bucket, for then there is nothing to clear. */
export function payloadGarbage({ bucket, events, shared, executions }: GarbageSources): PayloadGarbage | undefined {
  if (!bucket) return undefined;
  const holds = (parent: ParentRun): Promise<boolean> => isHeld(executions(), parent);
  return new PayloadGarbage({ bucket, events, shared, holds, now: () => Date.now() });
}

/** Whether a run can be found, or another that took its history over. Rejects when its execution cannot be reached. */
async function isHeld(executions: ExecutionNamespace, { namespace, workflowId, runId }: ParentRun): Promise<boolean> {
  const parent = executions.getByName(workflowObjectName(namespace, workflowId));
  const reply = await parent.keepsHistory({ version: 1, runId });
  // A refusal has not deleted it: a namespace that a mistake has left out comes back with its runs.
  return !reply.ok || reply.value.kept;
}

export class PayloadGarbage {
  readonly #options: PayloadGarbageOptions;

  constructor(options: PayloadGarbageOptions) {
    this.#options = options;
  }

  /**
   * Deletes what only this run claims; not yet, if it is a child whose answer its parent still has. `remaining` are the
   * runs of the workflow id that stay. Rejects with the bucket's errors; may be called again.
   */
  async clearRun(place: GarbagePlace, run: number, remaining: Iterable<number>): Promise<Clearing> {
    const { bucket, events, holds, now, shared = events } = this.#options;
    const prefix = await prefixOf(place);
    const { keys, parent, isAnswer } = claimsOf(events(run), prefix);
    if (keys.size === 0) return CLEARED;
    if (parent && isAnswer && (await holds(parent))) return { kind: "later", atMs: now() + PARENT_CHECK_MS };
    // After the last wait: what begins from here on can claim nothing that is not claimed already.
    for (const other of remaining) for (const key of claimsOf(shared(other), prefix).keys) keys.delete(key);
    await deleteAll(bucket, [...keys]);
    return CLEARED;
  }

  /**
   * Deletes whatever is left under a workflow id when its last run goes; not yet what is too young to be known as an
   * orphan. Rejects with the bucket's errors; may be called again.
   */
  async clearExecution(place: GarbagePlace): Promise<Clearing> {
    const { bucket, now } = this.#options;
    const prefix = await prefixOf(place);
    const oldMs = now() - ORPHAN_GRACE_MS;
    let youngestMs = 0;
    let cursor: string | undefined;
    do {
      const page = await bucket.list({ prefix, limit: KEYS_PER_CALL, ...(cursor === undefined ? {} : { cursor }) });
      const old = page.objects.filter(({ uploaded }) => uploaded.getTime() <= oldMs);
      await deleteAll(
        bucket,
        old.map(({ key }) => key),
      );
      for (const { uploaded } of page.objects) youngestMs = Math.max(youngestMs, uploaded.getTime());
      cursor = page.truncated ? page.cursor : undefined;
    } while (cursor !== undefined);
    return youngestMs > oldMs ? { kind: "later", atMs: youngestMs + ORPHAN_GRACE_MS } : CLEARED;
  }
}

interface RunClaims {
  readonly keys: Set<string>;
  parent: ParentRun | undefined;
  /** Whether the event that closed the run has claims. */
  isAnswer: boolean;
}

/** Metadata values are base64 where they are stored. */
const ENCODED_CLAIM = btoa(CLAIM_ENCODING);

const CLOSING: readonly string[] = [
  "WorkflowExecutionCompleted",
  "WorkflowExecutionFailed",
  "WorkflowExecutionCanceled",
] satisfies readonly HistoryEvent["eventType"][];

function claimsOf(events: Iterable<HistoryEvent>, prefix: string): RunClaims {
  const claims: RunClaims = { keys: new Set(), parent: undefined, isAnswer: false };
  for (const event of events) {
    const before = claims.keys.size;
    collectClaims(event, prefix, claims.keys);
    if (CLOSING.includes(event.eventType)) claims.isAnswer = claims.keys.size > before;
    if (event.eventType !== "WorkflowExecutionStarted") continue;
    const { parentWorkflowNamespace, parentWorkflowExecution } = event.attributes;
    if (parentWorkflowNamespace !== undefined && parentWorkflowExecution)
      claims.parent = { namespace: parentWorkflowNamespace, ...parentWorkflowExecution };
  }
  return claims;
}

/** Finds the claims in what was stored, wherever payloads may be in it. */
function collectClaims(stored: unknown, prefix: string, keys: Set<string>): void {
  if (typeof stored !== "object" || stored === null) return;
  const metadata = "metadata" in stored ? (stored.metadata as Readonly<Record<string, unknown>> | null) : undefined;
  if (metadata?.["encoding"] === ENCODED_CLAIM) {
    const key = decoded(metadata[CLAIM_KEY]);
    if (key?.startsWith(prefix)) keys.add(key);
    return;
  }
  for (const value of Object.values(stored)) collectClaims(value, prefix, keys);
}

function decoded(base64: unknown): string | undefined {
  try {
    return typeof base64 === "string" ? atob(base64) : undefined;
  } catch {
    return undefined;
  }
}

async function prefixOf({ namespace, workflowId }: GarbagePlace): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(workflowId)));
  return claimPrefix(namespace, Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""));
}

async function deleteAll(bucket: GarbageBucket, keys: readonly string[]): Promise<void> {
  for (let from = 0; from < keys.length; from += KEYS_PER_CALL)
    await bucket.delete(keys.slice(from, from + KEYS_PER_CALL));
}
