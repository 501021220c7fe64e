/**
 * Flags that pin behaviour which once changed: a replay behaves as the task it replays did.
 *
 * Owns: the numbers, which are Temporal's, and the ledger of what a history recorded. While replaying only recorded
 * flags count; a live task uses all of them and records those that are new.
 */
import type { SdkMetadata } from "../core/history-event.ts";

/** Cancelling a non-cancellable scope leaves its children alone, and `withTimeout` ends its timer with its body. */
export const SHIELDED_SCOPES = 1;
/** All jobs of an activation run before any microtask does. Without it, signals have a batch of their own. */
export const SINGLE_BATCH = 2;
/** Replay compares ids and types of activities, not the kind of command alone. */
export const ID_AND_TYPE_CHECKS = 1;
/** A new patch is followed by the list of all patches, as a search attribute. */
export const UPSERT_ON_PATCH = 2;
/** Commands made after the run's end in the same task are sent before the command that ends it. */
export const MOVE_TERMINAL_COMMANDS = 3;

const LANG_FLAGS: readonly number[] = [SHIELDED_SCOPES, SINGLE_BATCH];
const CORE_FLAGS: readonly number[] = [ID_AND_TYPE_CHECKS, UPSERT_ON_PATCH, MOVE_TERMINAL_COMMANDS];

/** Written beside the flags, so that a reader of the history knows whose numbers they are. */
const SDK_NAME = "holdfast";

/** What one run's history has recorded so far. */
export class SdkFlags {
  readonly #lang = new Set<number>();
  readonly #core = new Set<number>();
  #replaying = false;

  setReplaying(replaying: boolean): void {
    this.#replaying = replaying;
  }

  hasLang(flag: number): boolean {
    return !this.#replaying || this.#lang.has(flag);
  }

  hasCore(flag: number): boolean {
    return !this.#replaying || this.#core.has(flag);
  }

  /** Whether the history recorded it, whatever runs now. */
  recordedCore(flag: number): boolean {
    return this.#core.has(flag);
  }

  /** Takes in what a completed workflow task recorded. */
  record(metadata: SdkMetadata | undefined): void {
    for (const flag of metadata?.langUsedFlags ?? []) this.#lang.add(flag);
    for (const flag of metadata?.coreUsedFlags ?? []) this.#core.add(flag);
  }

  /** What a live task has to record, or undefined when the history knows it all. */
  unrecorded(): SdkMetadata | undefined {
    const langUsedFlags = LANG_FLAGS.filter((flag) => !this.#lang.has(flag));
    const coreUsedFlags = CORE_FLAGS.filter((flag) => !this.#core.has(flag));
    if (langUsedFlags.length + coreUsedFlags.length === 0) return undefined;
    return { langUsedFlags, coreUsedFlags, sdkName: SDK_NAME };
  }
}
