/**
 * Changing what is known of a workflow from outside: search attributes, memo and current details.
 *
 * Owns: the operations. `run-attributes.ts` owns what the code sees of them afterwards.
 */
import {
  encodeSearchAttributeUpdates,
  type SearchAttributes,
  type SearchAttributeUpdatePair,
  type UntypedSearchAttributes,
} from "../codec/index.ts";
import { CHANGE_VERSION_ATTRIBUTE, listsPatches } from "./markers.ts";
import { requireActivatingFrame, requireFrame } from "./run-context.ts";
import { UPSERT_ON_PATCH } from "./sdk-flags.ts";

/**
 * Changes search attributes of this workflow; those that are not named stay. Null, or an empty list, removes one. They
 * are readable by the service, which searches by them.
 *
 * Throws `ValueError` for a value that is not of its type, `TypeError` for nothing at all.
 *
 * @example
 * upsertSearchAttributes([{ key: customerId, value: "c-17" }]);
 */
export function upsertSearchAttributes(
  searchAttributes: SearchAttributes | readonly SearchAttributeUpdatePair[],
): void {
  const run = requireActivatingFrame("upsertSearchAttributes").workflowRun;
  if (typeof searchAttributes !== "object" || searchAttributes === null)
    throw new TypeError("searchAttributes must be a non-null SearchAttributes");
  const changes = Array.isArray(searchAttributes)
    ? (searchAttributes as readonly SearchAttributeUpdatePair[])
    : removingAbsent(searchAttributes as SearchAttributes);
  const wire = encodeSearchAttributeUpdates(changes);
  if (!listsPatches(wire) || !run.flags.hasCore(UPSERT_ON_PATCH)) {
    run.outbox.push({ commandType: "UpsertWorkflowSearchAttributes", searchAttributes: wire });
  } else {
    // The command is still made, so that histories from before the rule replay; but it changes nothing.
    run.outbox.push({ commandType: "UpsertWorkflowSearchAttributes", searchAttributes: { indexedFields: {} } });
    run.log("WARN", `${CHANGE_VERSION_ATTRIBUTE} lists the patches of a run and cannot be set by its code.`, {});
  }
  run.attributes.upsertSearchAttributes(changes, wire);
}

/** An absent list removes, as an empty one does. */
function removingAbsent(searchAttributes: SearchAttributes): UntypedSearchAttributes {
  return Object.fromEntries(Object.entries(searchAttributes).map(([name, values]) => [name, values ?? null]));
}

/**
 * Changes fields of this workflow's memo; those that are not named stay, and what is named is replaced as a whole. Null
 * and undefined remove a field.
 *
 * Throws `TypeError` for nothing at all, and what the payload converter throws.
 *
 * @example
 * upsertMemo({ step: "shipping", carrier: null });
 */
export function upsertMemo(memo: Readonly<Record<string, unknown>>): void {
  const run = requireActivatingFrame("upsertMemo").workflowRun;
  if (typeof memo !== "object" || memo === null) throw new TypeError("memo must be a non-null Record");
  const fields = Object.fromEntries(Object.entries(memo).map(([key, value]) => [key, value ?? undefined]));
  const removedMemoKeys = Object.keys(fields).filter((key) => fields[key] === undefined);
  run.outbox.push({
    commandType: "ModifyWorkflowProperties",
    upsertedMemo: run.toMemo(fields),
    ...(removedMemoKeys.length === 0 ? {} : { removedMemoKeys }),
  });
  run.attributes.upsertMemo(fields);
}

/**
 * Says in words where the workflow stands, for whoever asks for its metadata. Not recorded: a replay says it again.
 *
 * @example
 * setCurrentDetails("Waiting for the second approval");
 */
export function setCurrentDetails(details: string): void {
  requireActivatingFrame("setCurrentDetails").workflowRun.currentDetails = details;
}

/**
 * What was said last; empty at first.
 *
 * @example
 * log.info(getCurrentDetails());
 */
export function getCurrentDetails(): string {
  return requireFrame("getCurrentDetails").workflowRun.currentDetails;
}
