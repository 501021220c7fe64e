/**
 * The replay layer: runs a workflow function against history.
 *
 * Owns: what the other layers use. The workflow worker needs the session; the authoring API re-exports the operations.
 */
export { WorkflowSession } from "./workflow-session.ts";
export type { LogLevel } from "./workflow-logger.ts";
export { SessionOutOfDateError } from "./determinism-errors.ts";
