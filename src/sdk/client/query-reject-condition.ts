/**
 * Which queries are not to be asked, by the status of their workflow.
 *
 * Owns: Temporal's names for the conditions. The service decides by them.
 */
import type { QueryRejectCondition as ConditionName } from "../../core/protocol.ts";
import { choiceReader, choices } from "../common/spellings.ts";

/** When a query is rejected instead of asked. Default: NONE. */
export const QueryRejectCondition = choices("QUERY_REJECT_CONDITION", [
  "NONE",
  /** If the workflow has ended. */
  "NOT_OPEN",
  /** If the workflow has ended otherwise than by completing. */
  "NOT_COMPLETED_CLEANLY",
]);
export type QueryRejectCondition = ConditionName;

/**
 * Either spelling of a condition as the short one. Throws `ValueError` for an unknown one.
 *
 * @example
 * decodeQueryRejectCondition("QUERY_REJECT_CONDITION_NOT_OPEN"); // "NOT_OPEN"
 */
export const decodeQueryRejectCondition = choiceReader<QueryRejectCondition>(
  "queryRejectCondition",
  QueryRejectCondition,
);
