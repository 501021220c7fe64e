/**
 * Every limit of the service, with the values Temporal's server uses by default where it has the limit.
 *
 * Owns: the numbers. Each is enforced before anything is written and named in docs/reference/limits.md.
 */

/** One command's or request's payloads together, decoded: 2 MiB. */
export const MAX_PAYLOADS_BYTES = 2 * 1024 * 1024;
/**
 * Characters of one message between service and application: the commands of one workflow task, a page of history, a
 * description. The platform takes 32 MiB, in which there is room for what else is in the message.
 */
export const MAX_MESSAGE_CHARACTERS = 24 * 1024 * 1024;
/** All memo values of a run together, decoded: 2 MiB. */
export const MAX_MEMO_BYTES = 2 * 1024 * 1024;
/** Workflow ids, activity ids, timer ids, type and handler names, task queues, request ids, identities: UTF-8 bytes. */
export const MAX_ID_BYTES = 1_000;
/** The error types that a retry policy lists, together: characters. */
export const MAX_ERROR_TYPES_CHARACTERS = 32 * 1024;
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
/** How long a closed run is kept where its namespace says nothing else, in milliseconds: 3 days. */
export const DEFAULT_RETENTION_MS = 3 * 86_400_000;
/** Longest time for which a namespace may keep closed runs, in milliseconds: 100 years of 365 days. */
export const MAX_RETENTION_MS = 36_500 * 86_400_000;
/** Default and maximum time a workflow worker has for one workflow task, in milliseconds. */
export const DEFAULT_WORKFLOW_TASK_TIMEOUT_MS = 10_000;
export const MAX_WORKFLOW_TASK_TIMEOUT_MS = 120_000;
/** Least time between the beginnings of two runs of one chain, in milliseconds. */
export const MINIMUM_RUN_INTERVAL_MS = 1_000;
/** Executions that one batch operation is carried out on. */
export const MAX_BATCH_EXECUTIONS = 100_000;
/** Executions in one page of a batch operation's list. */
export const MAX_BATCH_PAGE_EXECUTIONS = 1_000;
/** Characters that one page of a batch operation's list takes; a single execution's payloads may take more. */
export const MAX_BATCH_PAGE_CHARACTERS = 4 * 1024 * 1024;
/** Characters that a batch operation's whole list takes, payloads included. */
export const MAX_BATCH_CHARACTERS = 1024 * 1024 * 1024;
/** Executions that a batch operation acts on at once: where nothing is said, and at most. */
export const DEFAULT_BATCH_CONCURRENCY = 25;
export const MAX_BATCH_CONCURRENCY = 100;
/** How often a batch operation tries an execution that gives no answer. */
export const MAX_BATCH_ATTEMPTS = 10;
/** How long the list of a batch operation may stand incomplete without growing, in milliseconds: a day. */
export const BATCH_UPLOAD_RETENTION_MS = 24 * 60 * 60 * 1_000;
/** How long a batch operation that has ended is kept, in milliseconds: seven days. */
export const BATCH_RETENTION_MS = 7 * 24 * 60 * 60 * 1_000;
