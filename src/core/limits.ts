/**
 * Every limit of the service, with the values Temporal's server uses by default where it has the limit.
 *
 * Owns: the numbers. Each is enforced before anything is written and named in docs/reference/limits.md.
 */

/** One command's or request's payloads together, decoded: 2 MiB. */
export const MAX_PAYLOADS_BYTES = 2 * 1024 * 1024;
/** All memo values of a run together, decoded: 2 MiB. */
export const MAX_MEMO_BYTES = 2 * 1024 * 1024;
/** Workflow ids, activity ids, timer ids, type and handler names, task queues, request ids: UTF-8 bytes. */
export const MAX_ID_BYTES = 1_000;
/** Namespace names: characters. */
export const MAX_NAMESPACE_CHARACTERS = 64;
/** Events of one run. The run is terminated beyond it. */
export const MAX_HISTORY_EVENTS = 51_200;
/** Stored bytes of one run's history. The run is terminated beyond it. */
export const MAX_HISTORY_BYTES = 50 * 1024 * 1024;
/** Events at which the workflow is told to continue as new. */
export const SUGGEST_CONTINUE_AS_NEW_EVENTS = 4_096;
/** Bytes at which the workflow is told to continue as new. */
export const SUGGEST_CONTINUE_AS_NEW_BYTES = 4 * 1024 * 1024;
/** Activities of one run that may be open at once. */
export const MAX_PENDING_ACTIVITIES = 2_000;
/** Child workflows of one run that may be open at once. */
export const MAX_PENDING_CHILD_WORKFLOWS = 2_000;
/** Signals of one run that may be on their way to other workflows at once. */
export const MAX_PENDING_SIGNALS = 2_000;
/** Cancellations of one run that may be on their way to other workflows at once. */
export const MAX_PENDING_CANCELS = 2_000;
/** All search attributes of a run together, decoded: 40 KiB. */
export const MAX_SEARCH_ATTRIBUTES_BYTES = 40 * 1024;
/** Updates of one run that are admitted or accepted and have not ended. */
export const MAX_UPDATES_IN_FLIGHT = 10;
/** Updates that one run takes. */
export const MAX_UPDATES = 2_000;
/** Signals of one run. */
export const MAX_SIGNALS = 10_000;
/** Default and maximum time a workflow worker has for one workflow task, in milliseconds. */
export const DEFAULT_WORKFLOW_TASK_TIMEOUT_MS = 10_000;
export const MAX_WORKFLOW_TASK_TIMEOUT_MS = 120_000;
