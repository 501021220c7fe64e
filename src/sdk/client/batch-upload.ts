/**
 * The list of a batch operation on its way to the service.
 *
 * Owns: leaving out what is listed twice, taking up an upload where an earlier one ended, and the size of a page.
 * Payloads are encoded for each execution alone, and only for those that are sent.
 */
import {
  type BatchTarget,
  type BeginBatchReply,
  EMPTY_TARGETS_DIGEST,
  targetsDigest,
} from "../../core/batch-protocol.ts";
import { targetCharacters } from "../../core/batch-check.ts";
import { MAX_BATCH_PAGE_CHARACTERS, MAX_BATCH_PAGE_EXECUTIONS } from "../../core/limits.ts";
import type { Payloads } from "../../core/payload.ts";
import { BatchOperationAlreadyStartedError } from "./batch-errors.ts";
import type { BatchExecution } from "./batch-options.ts";
import { checkId } from "./workflow-options.ts";

/** Executions whose payloads are encoded at once, unless they are large. */
const ENCODED_TOGETHER = 100;

type Target = Omit<BatchTarget, "payloads">;

export interface BatchUpload {
  readonly jobId: string;
  readonly executions: Iterable<BatchExecution> | AsyncIterable<BatchExecution>;
  /** What is there already. */
  readonly begun: Pick<BeginBatchReply, "received" | "digest">;
  /** The payloads for one execution, encoded. */
  readonly encode: (target: Target) => Promise<Payloads | undefined>;
  /** Sends a page whose first target has this place in the list. */
  readonly send: (from: number, targets: readonly BatchTarget[]) => Promise<void>;
}

/**
 * Sends what the service does not have yet. Resolves to the length of the whole list. Throws `ValueError` for a
 * malformed id, and `BatchOperationAlreadyStartedError` when the list is not the one that was begun.
 */
export async function uploadTargets({ jobId, executions, begun, encode, send }: BatchUpload): Promise<number> {
  const pages = new TargetPages(begun.received, encode, send);
  let digest = EMPTY_TARGETS_DIGEST;
  let total = 0;
  for await (const target of distinctTargets(executions)) {
    total += 1;
    if (total > begun.received) {
      await pages.add(target);
      continue;
    }
    digest = targetsDigest(digest, [target]);
    if (total === begun.received) checkSameList(jobId, digest === begun.digest);
  }
  checkSameList(jobId, total >= begun.received);
  await pages.flush();
  return total;
}

/**
 * Holds a list against the one of a job that takes no more of it. Throws `ValueError` for a malformed id, and
 * `BatchOperationAlreadyStartedError` when the two differ.
 */
export async function checkTargets({
  jobId,
  executions,
  begun: { state, received, digest },
}: Pick<BatchUpload, "jobId" | "executions"> & { readonly begun: BeginBatchReply }): Promise<void> {
  let own = EMPTY_TARGETS_DIGEST;
  let total = 0;
  for await (const target of distinctTargets(executions)) {
    total += 1;
    if (total <= received) own = targetsDigest(own, [target]);
  }
  // A job may have been stopped before it had all of its list.
  const isWhole = total === received || (state === "stopped" && total > received);
  checkSameList(jobId, isWhole && own === digest);
}

function checkSameList(jobId: string, isSame: boolean): void {
  if (isSame) return;
  const message = `the batch operation '${jobId}' was begun with another list, or with this one in another order`;
  throw new BatchOperationAlreadyStartedError(message, jobId);
}

/** The executions of a list in its order, each once. */
async function* distinctTargets(executions: BatchUpload["executions"]): AsyncGenerator<Target> {
  const seen = new Set<string>();
  for await (const execution of executions) {
    const { workflowId, runId } = typeof execution === "string" ? { workflowId: execution } : execution;
    checkId("workflowId", workflowId);
    if (runId !== undefined) checkId("runId", runId);
    // No id holds a control character.
    const name = `${workflowId}\u0000${runId ?? ""}`;
    if (seen.has(name)) continue;
    seen.add(name);
    yield { workflowId, ...(runId === undefined ? {} : { runId }) };
  }
}

/** Targets that are gathered, encoded and sent. */
class TargetPages {
  readonly #encode: BatchUpload["encode"];
  readonly #send: BatchUpload["send"];
  #from: number;
  #gathered: Target[] = [];
  #page: BatchTarget[] = [];
  #characters = 0;
  /** The same arguments take about the same room for everyone. */
  #together = 1;

  constructor(from: number, encode: BatchUpload["encode"], send: BatchUpload["send"]) {
    this.#from = from;
    this.#encode = encode;
    this.#send = send;
  }

  async add(target: Target): Promise<void> {
    this.#gathered.push(target);
    if (this.#gathered.length >= this.#together) await this.#encodeGathered();
  }

  async flush(): Promise<void> {
    await this.#encodeGathered();
    await this.#sendPage();
  }

  async #encodeGathered(): Promise<void> {
    const gathered = this.#gathered;
    this.#gathered = [];
    const encoded = await Promise.all(
      gathered.map(async (target) => ({ target, payloads: await this.#encode(target) })),
    );
    for (const { target, payloads } of encoded) await this.#place({ ...target, ...(payloads ? { payloads } : {}) });
  }

  async #place(target: BatchTarget): Promise<void> {
    const characters = targetCharacters(target);
    const isFull = this.#page.length >= MAX_BATCH_PAGE_EXECUTIONS;
    if (isFull || this.#characters + characters > MAX_BATCH_PAGE_CHARACTERS) await this.#sendPage();
    this.#page.push(target);
    this.#characters += characters;
    this.#together = Math.max(1, Math.min(ENCODED_TOGETHER, Math.floor(MAX_BATCH_PAGE_CHARACTERS / characters)));
  }

  async #sendPage(): Promise<void> {
    const page = this.#page;
    if (page.length === 0) return;
    this.#page = [];
    this.#characters = 0;
    await this.#send(this.#from, page);
    this.#from += page.length;
  }
}
