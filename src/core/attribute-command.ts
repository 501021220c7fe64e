/**
 * Commands that only write something down: markers, search attributes, the memo.
 *
 * Owns: their limits. A marker means something to the workflow's replay and nothing to the service; search attributes
 * and memo are the run's and are shown to whoever asks for its description.
 */
import type {
  ModifyWorkflowPropertiesCommand,
  RecordMarkerCommand,
  UpsertWorkflowSearchAttributesCommand,
} from "./command.ts";
import { type CommandContext, type CommandProblem, problem } from "./command-context.ts";
import { mergeMemo, mergeSearchAttributes } from "./attribute-merge.ts";
import { idProblem } from "./identifiers.ts";
import { MAX_MEMO_BYTES, MAX_PAYLOADS_BYTES, MAX_SEARCH_ATTRIBUTES_BYTES } from "./limits.ts";
import { payloadMapBytes, payloadsBytes, searchAttributeBytes } from "./payload.ts";
import { failureBytes } from "./request-check.ts";

export function recordMarker(context: CommandContext, command: RecordMarkerCommand): CommandProblem | undefined {
  const { draft, workflowTaskCompletedEventId } = context;
  const name = idProblem("markerName", command.markerName);
  if (name !== undefined) return problem("BAD_RECORD_MARKER_ATTRIBUTES", name);
  const bytes = markerBytes(command);
  if (bytes > MAX_PAYLOADS_BYTES) {
    const message = `marker ${command.markerName}: ${bytes} bytes, the limit is ${MAX_PAYLOADS_BYTES}`;
    return problem("PAYLOADS_TOO_LARGE", message);
  }
  const { markerName, details, failure, header, userMetadata } = command;
  draft.append(
    "MarkerRecorded",
    {
      markerName,
      ...(details ? { details } : {}),
      ...(failure ? { failure } : {}),
      ...(header ? { header } : {}),
      workflowTaskCompletedEventId,
    },
    draft.nowMs,
    userMetadata,
  );
  return undefined;
}

function markerBytes({ details, failure, header }: RecordMarkerCommand): number {
  let bytes = failureBytes(failure) + payloadMapBytes(header);
  for (const [name, payloads] of Object.entries(details ?? {})) bytes += name.length + payloadsBytes(payloads);
  return bytes;
}

export function upsertSearchAttributes(
  context: CommandContext,
  { searchAttributes }: UpsertWorkflowSearchAttributesCommand,
): CommandProblem | undefined {
  const { draft, workflowTaskCompletedEventId } = context;
  const names = Object.keys(searchAttributes.indexedFields);
  const malformed = names.map((name) => idProblem("search attribute", name)).find((found) => found !== undefined);
  if (malformed !== undefined) return problem("BAD_SEARCH_ATTRIBUTES", malformed);
  context.currentSearchAttributes = mergeSearchAttributes(context.currentSearchAttributes, searchAttributes);
  const bytes = searchAttributeBytes(context.currentSearchAttributes);
  if (bytes > MAX_SEARCH_ATTRIBUTES_BYTES) {
    const message = `search attributes: ${bytes} bytes, the limit is ${MAX_SEARCH_ATTRIBUTES_BYTES} bytes`;
    return problem("BAD_SEARCH_ATTRIBUTES", message);
  }
  draft.append("UpsertWorkflowSearchAttributes", { searchAttributes, workflowTaskCompletedEventId });
  return undefined;
}

export function modifyProperties(
  context: CommandContext,
  { upsertedMemo, removedMemoKeys }: ModifyWorkflowPropertiesCommand,
): CommandProblem | undefined {
  const { draft, workflowTaskCompletedEventId } = context;
  const change = { upsertedMemo, ...(removedMemoKeys && removedMemoKeys.length > 0 ? { removedMemoKeys } : {}) };
  context.currentMemo = mergeMemo(context.currentMemo, change);
  const bytes = Math.max(payloadMapBytes(upsertedMemo), payloadMapBytes(context.currentMemo));
  if (bytes > MAX_MEMO_BYTES) {
    const message = `memo: ${bytes} bytes with what is there already, the limit is ${MAX_MEMO_BYTES} bytes`;
    return problem("BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES", message);
  }
  draft.append("WorkflowPropertiesModified", { ...change, workflowTaskCompletedEventId });
  return undefined;
}
