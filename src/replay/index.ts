/**
 * The replay layer: runs a workflow function against history.
 *
 * Owns: what the other layers use. The workflow worker needs the session; the authoring API re-exports the operations.
 */
export { WorkflowSession, type WorkflowSessionOptions } from "./workflow-session.ts";
export type { LocalActivityOutcome, LocalActivityRunner, LocalActivityTask } from "./local-activity-runner.ts";
export type { LogLevel } from "./workflow-logger.ts";
export type { WorkflowSource } from "./workflow-bundle.ts";
export { SessionOutOfDateError } from "./determinism-errors.ts";
