/**
 * What happens to children, as objects to choose from.
 *
 * Owns: Temporal's names for the choices, the older prefixed ones included. The wire types are core's.
 */
import type { ParentClosePolicy as ParentClosePolicyName } from "../../core/history-event.ts";
import type {
  ChildWorkflowCancellationType as CancellationTypeName,
  ChildWorkflowOptions,
} from "../../replay/operation-options.ts";
import { choiceReader, choices } from "../common/spellings.ts";
import { decodeWorkflowIdReusePolicy } from "../common/workflow-id-policy.ts";

/** What a cancelled scope does with a child. Default: WAIT_CANCELLATION_COMPLETED. */
export const ChildWorkflowCancellationType = choices("CHILD_WORKFLOW_CANCELLATION_TYPE", [
  /** Do not ask the child to stop; reject at once. */
  "ABANDON",
  /** Ask the child to stop and reject at once. */
  "TRY_CANCEL",
  /** Ask the child to stop and wait for how it ends. */
  "WAIT_CANCELLATION_COMPLETED",
  /** Ask the child to stop and wait until it was told; as in Temporal, that is known when it has ended. */
  "WAIT_CANCELLATION_REQUESTED",
]);

export type ChildWorkflowCancellationType = CancellationTypeName;

/** What happens to a child when its parent closes. Default: TERMINATE. */
export const ParentClosePolicy = choices("PARENT_CLOSE_POLICY", [
  /** The child is ended without being asked. */
  "TERMINATE",
  /** The child goes on. */
  "ABANDON",
  /** The child is asked to stop. */
  "REQUEST_CANCEL",
]);

export type ParentClosePolicy = ParentClosePolicyName;

const decodeCancellationType = choiceReader<CancellationTypeName>("cancellationType", ChildWorkflowCancellationType);
const decodeParentClosePolicy = choiceReader<ParentClosePolicyName>("parentClosePolicy", ParentClosePolicy);

/** Options with every choice in its short spelling. Throws `ValueError` for an unknown one. */
export function withShortSpellings(options: ChildWorkflowOptions): ChildWorkflowOptions {
  const { cancellationType, parentClosePolicy, workflowIdReusePolicy } = options;
  return {
    ...options,
    ...(cancellationType === undefined ? {} : { cancellationType: decodeCancellationType(cancellationType) }),
    ...(parentClosePolicy === undefined ? {} : { parentClosePolicy: decodeParentClosePolicy(parentClosePolicy) }),
    ...(workflowIdReusePolicy === undefined
      ? {}
      : { workflowIdReusePolicy: decodeWorkflowIdReusePolicy(workflowIdReusePolicy) }),
  };
}
