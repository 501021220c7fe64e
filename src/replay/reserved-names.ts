/**
 * Names of signals, queries and updates that users cannot take.
 *
 * Owns: the built-in names and the two checks: of a definition, and of a message that only a default handler would get.
 */

export const STACK_TRACE_QUERY = "__stack_trace";
export const ENHANCED_STACK_TRACE_QUERY = "__enhanced_stack_trace";
export const WORKFLOW_METADATA_QUERY = "__temporal_workflow_metadata";

export type MessageKind = "signal" | "query" | "update";

const RESERVED_PREFIX = "__temporal_";

/** Whether messages of this name are Holdfast's own, and so pass by the interceptors. */
export function isInternalName(name: string): boolean {
  return name.startsWith(RESERVED_PREFIX) || name === STACK_TRACE_QUERY || name === ENHANCED_STACK_TRACE_QUERY;
}

/** Throws `TypeError` for a name with the reserved prefix. */
export function assertNotReserved(kind: MessageKind, name: string): void {
  if (name.startsWith(RESERVED_PREFIX))
    throw new TypeError(`Cannot use ${kind} name: '${name}', with reserved prefix: '${RESERVED_PREFIX}'`);
}

/** Throws `TypeError` for a name that no definition may have. */
export function assertNameIsFree(kind: MessageKind, name: string): void {
  assertNotReserved(kind, name);
  if (isInternalName(name)) throw new TypeError(`Cannot use ${kind} name: '${name}', which is a reserved name`);
}
