/**
 * The patches of one run: which versions of its code it runs.
 *
 * Owns: the answers, and the commands that record them. What the code asks, by what the history holds:
 *
 *   live                          patched: true, marker     deprecatePatch: marker, deprecated
 *   replay, any marker            patched: true, marker     deprecatePatch: marker
 *   replay, no marker             patched: false            deprecatePatch: nothing
 *
 * True is remembered; false is not, because the same code may ask again once the replay has caught up. The history's
 * markers are known before the activation that made them runs. Which marker answers which command is matched in
 * `command-matching.ts`. Each new patch is followed by the list of all, as a search attribute, unless it grows too long.
 */
import { defaultPayloadConverter, encodeText, IllegalStateError, payloadToWire } from "../codec/index.ts";
import type { SearchAttributeMap } from "../core/payload.ts";
import type { CommandOutbox } from "./command-outbox.ts";
import { CHANGE_VERSION_ATTRIBUTE, PATCH_MARKER, patchMarkerDetails } from "./markers.ts";
import { type SdkFlags, UPSERT_ON_PATCH } from "./sdk-flags.ts";

/** Bytes that the value of a search attribute must stay below. */
const LIST_BYTES_LIMIT = 2_048;

/** What the patches need to know of their run. */
export interface PatchesOptions {
  readonly outbox: CommandOutbox;
  readonly flags: SdkFlags;
  readonly isReplaying: () => boolean;
  /** Told about a patch that the list has no room for. */
  readonly warn: (message: string) => void;
}

export class Patches {
  readonly #options: PatchesOptions;
  /** The history has markers of these. */
  readonly #present = new Set<string>();
  /** The code runs these, and has said so by a marker. */
  readonly #taken = new Set<string>();
  #workflowIsKnown = false;

  constructor(options: PatchesOptions) {
    this.#options = options;
  }

  /** From here on patches may be asked for. */
  allow(): void {
    this.#workflowIsKnown = true;
  }

  /** Whether the run has a list of patches beside its own search attributes. */
  get areListed(): boolean {
    return this.#taken.size > 0;
  }

  /** Takes note of markers in history, before the activation that they were made in. */
  notePresent(ids: readonly string[]): void {
    for (const id of ids) this.#present.add(id);
  }

  /** Whether the code has a patch, without anything coming of the question: for queries and validators. */
  peek(id: string, isQuery: boolean): boolean {
    // A query is asked of what history holds, whether or not the session that answers ran the last task itself.
    return this.#taken.has(id) || this.#present.has(id) || (!isQuery && !this.#options.isReplaying());
  }

  /** Whether the code is to run a patch. Throws `IllegalStateError` before there is a workflow to run. */
  take(id: string, deprecated: boolean): boolean {
    if (!this.#workflowIsKnown) throw new IllegalStateError("Patches cannot be used before Workflow starts");
    if (this.#taken.has(id)) return true;
    const isPresent = this.#present.has(id);
    const { outbox, isReplaying } = this.#options;
    if (isReplaying() && !isPresent) return false;
    this.#taken.add(id);
    const details = patchMarkerDetails({ id, deprecated });
    outbox.push({ commandType: "RecordMarker", markerName: PATCH_MARKER, details });
    this.#upsertList(id);
    return true;
  }

  #upsertList(newest: string): void {
    const { outbox, flags, warn } = this.#options;
    if (!flags.hasCore(UPSERT_ON_PATCH)) return;
    const searchAttributes = listOfPatches([...this.#taken].toSorted());
    if (searchAttributes) outbox.push({ commandType: "UpsertWorkflowSearchAttributes", searchAttributes });
    else
      warn(
        `The search attribute ${CHANGE_VERSION_ATTRIBUTE} has no room for the patch ${newest}: searches will not find it.`,
      );
  }
}

/** The search attribute that lists patches; undefined if it is too long. */
function listOfPatches(ids: readonly string[]): SearchAttributeMap | undefined {
  const payload = defaultPayloadConverter.toPayload(ids);
  if (payload.data && payload.data.length >= LIST_BYTES_LIMIT) return undefined;
  const metadata = { ...payload.metadata, type: encodeText("KeywordList") };
  return { indexedFields: { [CHANGE_VERSION_ATTRIBUTE]: payloadToWire({ ...payload, metadata }) } };
}
