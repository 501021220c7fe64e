/**
 * What a BatchOperation keeps: the job, its list, and the report of failures.
 *
 * Owns: which entry holds what. The list is written page by page as it comes and read page by page as it is worked
 * through, so neither is ever in memory whole.
 */
import { type BatchJob } from "../core/batch-operation.ts";
import type { BatchFailure, BatchTarget } from "../core/batch-protocol.ts";
import { EntryTable, type WriteCount } from "./entry-table.ts";

const RUN = 1;

interface TargetPage {
  readonly from: number;
  readonly targets: readonly BatchTarget[];
}

/** What one commit writes. */
export interface BatchWrite {
  readonly job: BatchJob;
  readonly targets?: TargetPage | undefined;
  readonly failures?: { readonly from: number; readonly failures: readonly BatchFailure[] } | undefined;
}

export class BatchStore {
  readonly #storage: DurableObjectStorage;
  readonly #writes: WriteCount;
  #table: EntryTable;
  /** The page that was read last: neighbours are asked for one after another. */
  #page: TargetPage | undefined;

  constructor(storage: DurableObjectStorage, writes: WriteCount) {
    this.#storage = storage;
    this.#writes = writes;
    this.#table = new EntryTable(storage.sql, writes);
  }

  job(): BatchJob | undefined {
    const [entry] = this.#table.all(RUN, "job");
    return entry && (JSON.parse(entry.text) as BatchJob);
  }

  /** Writes all of it or nothing. */
  write({ job, targets, failures }: BatchWrite): void {
    this.#table.ensure();
    this.#storage.transactionSync(() => {
      if (targets) this.#table.insert(RUN, "targets", targets.from, JSON.stringify(targets.targets));
      if (failures) this.#table.insert(RUN, "failures", failures.from, JSON.stringify(failures.failures));
      this.#table.put(RUN, "job", 0, JSON.stringify(job));
    });
  }

  /** One target of the list. Throws if there is none at this place. */
  target(index: number): BatchTarget {
    const page = this.#pageOf(index);
    const target = page?.targets[index - page.from];
    if (target) return target;
    throw new Error(`the list of the batch operation has no entry ${index}`);
  }

  #pageOf(index: number): TargetPage | undefined {
    const kept = this.#page;
    if (kept && index >= kept.from && index < kept.from + kept.targets.length) return kept;
    for (const { place, text } of this.#table.from(RUN, "targets", index)) {
      this.#page = { from: place, targets: JSON.parse(text) as readonly BatchTarget[] };
      return this.#page;
    }
    return undefined;
  }

  /** Failures from a place on, up to the end of the page that holds it. */
  failures(from: number): readonly BatchFailure[] {
    for (const { place, text } of this.#table.from(RUN, "failures", from))
      return (JSON.parse(text) as readonly BatchFailure[]).slice(from - place);
    return [];
  }

  /** Deletes everything; nothing is left in storage, the alarm included. */
  async deleteAll(): Promise<void> {
    await this.#storage.deleteAlarm();
    await this.#storage.deleteAll();
    this.#table = new EntryTable(this.#storage.sql, this.#writes);
    this.#page = undefined;
  }
}
