/**
 * Replays whole histories: does today's code still do what was recorded?
 *
 * Owns: what counts as a history, and what is thrown. Nothing is run that is not recorded: no activity, no timer, no
 * task that the history leaves open. It needs no service, and runs wherever workflow code runs.
 */
import { type DataConverter, loadDataConverter } from "../codec/index.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import { historyFromJson } from "../core/history-json-reading.ts";
import { NondeterminismError, ReplayError } from "./determinism-errors.ts";
import type { WorkflowFailureErrorTypes } from "./failure-types.ts";
import type { WorkflowInterceptorsFactory } from "./interceptors.ts";
import type { InjectedSinks, Sinks } from "./sinks.ts";
import type { WorkflowSource } from "./workflow-bundle.ts";
import type { WorkflowLogger } from "./workflow-logger.ts";
import { WorkflowSession } from "./workflow-session.ts";

/**
 * A history in one of its forms: Temporal's JSON as text or as an object, as `handle.fetchHistory()` gives it and as
 * Temporal's tools write it; or events as the service stores them.
 */
export type ReplayableHistory = string | object | readonly HistoryEvent[];

export interface ReplayInterceptors {
  /** Module namespaces: `import * as tracing from "./tracing-interceptors.ts"`. */
  readonly workflowModules?: readonly { readonly interceptors?: WorkflowInterceptorsFactory | undefined }[] | undefined;
}

export interface ReplayOptions {
  /** The workflow functions by name, as a module namespace: `import * as workflows from "./workflows.ts"`. */
  readonly workflows: object;
  /** How payloads become values. Give the codecs for histories that are encrypted. Default: payloads are in clear. */
  readonly dataConverter?: DataConverter | undefined;
  /** The namespace that the histories are from: encrypted payloads are bound to it. Default: "default". */
  readonly namespace?: string | undefined;
  /** As a worker has them; those of clients and activities have nothing to do here. */
  readonly interceptors?: ReplayInterceptors | undefined;
  readonly sinks?: InjectedSinks<Sinks> | undefined;
  readonly workflowFailureErrorTypes?: WorkflowFailureErrorTypes | undefined;
  /** Takes warnings, and what sinks that are called during replay log. Default: nothing is logged. */
  readonly logger?: WorkflowLogger | undefined;
  /**
   * What becomes of arguments that differ from the recorded ones: "warn", the default, logs them, since by Temporal's
   * rules they are no mistake; "error" throws.
   */
  readonly compareInputs?: "warn" | "error" | undefined;
}

export interface ReplayHistoryOptions extends ReplayOptions {
  readonly history: ReplayableHistory;
  /** Default: the one in the history. */
  readonly workflowId?: string | undefined;
}

const DEFAULT_NAMESPACE = "default";
/** For old histories, which do not name their workflow. */
const UNNAMED_WORKFLOW_ID = "unnamed";

const SILENT: WorkflowLogger = { log: () => undefined };

/**
 * Replays a history, open or closed. Resolves if the code does what was recorded.
 *
 * Throws `NondeterminismError` if it does not: the error names the event, what was recorded, and what the code did.
 * Throws `ReplayError` if the code fails a workflow task, or if events are missing. Throws `HistoryFormatError` for what
 * is no history.
 *
 * @example
 * await replayHistory({ workflows, history: await client.workflow.getHandle("transfer-1").fetchHistory() });
 */
export async function replayHistory(options: ReplayHistoryOptions): Promise<void> {
  const events = eventsOf(options.history);
  await replayEvents(options, events, options.workflowId);
}

/** One history among many. */
export interface HistoryToReplay {
  readonly workflowId: string;
  readonly history: ReplayableHistory;
}

export interface ReplayResult {
  readonly workflowId: string;
  readonly runId: string;
  /** Why the history does not replay; absent if it does. */
  readonly error?: Error;
}

/**
 * Replays histories, one after the other, and tells of each. It goes on after those that fail.
 *
 * @example
 * for await (const { workflowId, error } of replayHistories({ workflows }, histories))
 *   if (error) console.error(workflowId, error);
 */
export async function* replayHistories(
  options: ReplayOptions,
  histories: AsyncIterable<HistoryToReplay> | Iterable<HistoryToReplay>,
): AsyncGenerator<ReplayResult, void> {
  for await (const { workflowId, history } of histories) {
    let runId = "";
    try {
      const events = eventsOf(history);
      runId = startOf(events).originalExecutionRunId;
      await replayEvents(options, events, workflowId);
      yield { workflowId, runId };
    } catch (error) {
      yield { workflowId, runId, error: error instanceof Error ? error : new ReplayError(String(error)) };
    }
  }
}

function eventsOf(history: ReplayableHistory): readonly HistoryEvent[] {
  return Array.isArray(history) ? (history as readonly HistoryEvent[]) : historyFromJson(history);
}

function startOf(
  events: readonly HistoryEvent[],
): Extract<HistoryEvent, { eventType: "WorkflowExecutionStarted" }>["attributes"] {
  const [first] = events;
  if (first?.eventType === "WorkflowExecutionStarted") return first.attributes;
  throw new ReplayError("A history is replayed from its first event on, which must be WorkflowExecutionStarted.");
}

async function replayEvents(
  options: ReplayOptions,
  events: readonly HistoryEvent[],
  workflowId: string | undefined,
): Promise<void> {
  const { workflows, dataConverter, namespace = DEFAULT_NAMESPACE, logger = SILENT, interceptors, ...rest } = options;
  const modules = interceptors?.workflowModules ?? [];
  const started = startOf(events);
  const session = new WorkflowSession({
    ...rest,
    workflows: workflows as WorkflowSource,
    dataConverter: loadDataConverter(dataConverter),
    logger,
    interceptors: modules.flatMap((module) => module.interceptors ?? []),
    allowGaps: true,
    open: {
      version: 1,
      namespace,
      workflowId: workflowId ?? (started.workflowId || UNNAMED_WORKFLOW_ID),
      runId: started.originalExecutionRunId,
      workflowType: started.workflowType.name,
      taskQueue: started.taskQueue.name,
    },
  });
  try {
    await session.replay(events);
  } catch (error) {
    if (error instanceof NondeterminismError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new ReplayError(`The history does not replay: ${message}`, { cause: error });
  } finally {
    session.dispose();
  }
}
