/**
 * Memo and search attributes with changes laid over them.
 *
 * Owns: what removes a field. The service cannot read a memo, so the worker names what is removed; search attributes are
 * in clear, and an empty value says it.
 */
import type { EventAttributes } from "./history-event.ts";
import type { PayloadMap, SearchAttributeMap } from "./payload.ts";
import { namedRecord } from "./state.ts";

/** Encoded forms that mean "no value": JSON null and the empty list. */
const EMPTY_VALUES: ReadonlySet<string | undefined> = new Set([undefined, "", "bnVsbA==", "W10="]);

/** Search attributes with others laid over them; an empty value removes its attribute. */
export function mergeSearchAttributes(
  before: SearchAttributeMap | undefined,
  upserted: SearchAttributeMap,
): SearchAttributeMap {
  const fields = namedRecord({ ...before?.indexedFields });
  for (const [name, payload] of Object.entries(upserted.indexedFields)) {
    if (EMPTY_VALUES.has(payload.data)) delete fields[name];
    else fields[name] = payload;
  }
  return { indexedFields: { ...fields } };
}

/** A memo with changes laid over it. */
export function mergeMemo(
  before: PayloadMap | undefined,
  change: Pick<EventAttributes["WorkflowPropertiesModified"], "upsertedMemo" | "removedMemoKeys">,
): PayloadMap {
  const fields = namedRecord({ ...before?.fields, ...change.upsertedMemo.fields });
  for (const name of change.removedMemoKeys ?? []) delete fields[name];
  return { fields: { ...fields } };
}
