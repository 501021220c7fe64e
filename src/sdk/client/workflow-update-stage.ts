/**
 * How far an update has come, as users name it.
 *
 * Owns: Temporal's names for the stages, and their order.
 */
import type { UpdateStage } from "../../core/protocol.ts";
import { choices } from "../common/spellings.ts";

/** How far an update has come. */
export const WorkflowUpdateStage = choices("UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE", [
  /** The service has taken it; nobody may wait for this, because nothing is stored yet. */
  "ADMITTED",
  /** The workflow has taken it, after its validator; or has rejected it, and then it is completed too. */
  "ACCEPTED",
  /** Its handler has returned or failed. */
  "COMPLETED",
]);
export type WorkflowUpdateStage = UpdateStage;
