/**
 * What a start does when its workflow id is taken, now or in the past.
 *
 * Owns: Temporal's names for the two policies. The service decides by them, see core's start request.
 */
import type { ChildWorkflowIdReusePolicy } from "../../core/history-event.ts";
import type { WorkflowIdConflictPolicy as ConflictPolicyName } from "../../core/protocol.ts";
import { choiceReader, choices } from "./spellings.ts";

/**
 * Whether the id of a closed workflow may be used again. Default: ALLOW_DUPLICATE. TERMINATE_IF_RUNNING is deprecated: it
 * stands for ALLOW_DUPLICATE with the conflict policy TERMINATE_EXISTING, and goes with no other.
 */
export const WorkflowIdReusePolicy = choices("WORKFLOW_ID_REUSE_POLICY", [
  "ALLOW_DUPLICATE",
  "ALLOW_DUPLICATE_FAILED_ONLY",
  "REJECT_DUPLICATE",
  "TERMINATE_IF_RUNNING",
]);
export type WorkflowIdReusePolicy = ChildWorkflowIdReusePolicy;

/** What happens when a workflow with the id is running. Default: FAIL; for signalWithStart: USE_EXISTING. */
export const WorkflowIdConflictPolicy = choices("WORKFLOW_ID_CONFLICT_POLICY", [
  "FAIL",
  "USE_EXISTING",
  "TERMINATE_EXISTING",
]);
export type WorkflowIdConflictPolicy = ConflictPolicyName;

/**
 * Either spelling of a reuse policy as the short one. Throws `ValueError` for an unknown one.
 *
 * @example
 * decodeWorkflowIdReusePolicy("WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE"); // "REJECT_DUPLICATE"
 */
export const decodeWorkflowIdReusePolicy = choiceReader<WorkflowIdReusePolicy>(
  "workflowIdReusePolicy",
  WorkflowIdReusePolicy,
);

/**
 * Either spelling of a conflict policy as the short one. Throws `ValueError` for an unknown one.
 *
 * @example
 * decodeWorkflowIdConflictPolicy("WORKFLOW_ID_CONFLICT_POLICY_FAIL"); // "FAIL"
 */
export const decodeWorkflowIdConflictPolicy = choiceReader<WorkflowIdConflictPolicy>(
  "workflowIdConflictPolicy",
  WorkflowIdConflictPolicy,
);
