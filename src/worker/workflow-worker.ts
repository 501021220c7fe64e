/**
 * The entrypoint that the service calls to run workflow code, and activities that are short enough to skip the queue.
 *
 * Owns: the two RPC classes and nothing of what they do: a session is replay's, and lives until the service lets go of
 * its stub; an activity is the consumer's, and runs on after the call was answered.
 */
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";

import type { LoadedDataConverter } from "../codec/index.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import { PROTOCOL_VERSION } from "../core/protocol.ts";
import type {
  ActivityTaskAnswer,
  ActivityTaskOffer,
  OpenSession,
  WorkflowQuery,
  WorkflowQueryResult,
  WorkflowSessionRpc,
  WorkflowTask,
  WorkflowTaskResult,
  WorkflowWorkerRpc,
} from "../core/workflow-task.ts";
import {
  type LocalActivityRunner,
  WorkflowSession,
  type WorkflowSessionOptions,
  type WorkflowSource,
} from "../replay/index.ts";
import type { Logger } from "../sdk/common/index.ts";
import type { ActivityConsumer } from "./activity-consumer.ts";
import type { ServiceContext } from "./service-lookup.ts";

export interface WorkflowWorkerOptions<Env> {
  readonly workflows: WorkflowSource;
  /** Throws when the application has no key: no session is opened then. */
  readonly dataConverter: (env: Env) => LoadedDataConverter;
  /** Throws likewise: nothing is claimed then. */
  readonly activityConsumer: (env: Env, ctx: ServiceContext) => ActivityConsumer;
  /** Runs the local activities of a session. */
  readonly localActivities: (dataConverter: LoadedDataConverter) => LocalActivityRunner;
  /** What every session is given of the application's. */
  readonly session: Pick<WorkflowSessionOptions, "interceptors" | "sinks" | "workflowFailureErrorTypes">;
  readonly logger: Logger;
}

/** The class that the application exports as `WorkflowWorker`. */
export type WorkflowWorkerClass<Env> = new (
  ctx: ExecutionContext,
  env: Env,
) => WorkerEntrypoint<Env> & WorkflowWorkerRpc;

/** Makes the entrypoint class for an application. */
export function workflowWorkerClass<Env>(options: WorkflowWorkerOptions<Env>): WorkflowWorkerClass<Env> {
  return class WorkflowWorker extends WorkerEntrypoint<Env> implements WorkflowWorkerRpc {
    async openSession(open: OpenSession): Promise<WorkflowSessionRpc> {
      const version: number = open.version;
      if (version !== PROTOCOL_VERSION)
        throw new Error(`The service speaks version ${version} of the protocol, this Worker ${PROTOCOL_VERSION}.`);
      const { workflows, logger } = options;
      const dataConverter = options.dataConverter(this.env);
      const localActivities = options.localActivities(dataConverter);
      const session = new WorkflowSession({
        ...options.session,
        open,
        workflows,
        dataConverter,
        logger,
        localActivities,
      });
      // With nothing to wait for, the platform ends this context with the last stub, and disposes of nothing.
      this.ctx.waitUntil(session.disposed);
      return new SessionTarget(session);
    }

    async runActivityTask({ version, task }: ActivityTaskOffer): Promise<ActivityTaskAnswer> {
      const spoken: number = version;
      if (spoken !== PROTOCOL_VERSION) return { accepted: false, reason: `protocol version ${spoken} is not known` };
      try {
        const consumer = options.activityConsumer(this.env, this.ctx);
        this.ctx.waitUntil(consumer.run(task));
        return { accepted: true };
      } catch (error) {
        // Refused for certain, it goes to the queue and waits there until the cause is mended.
        return { accepted: false, reason: String(error) };
      }
    }
  };
}

class SessionTarget extends RpcTarget implements WorkflowSessionRpc {
  readonly #session: WorkflowSession;

  constructor(session: WorkflowSession) {
    super();
    this.#session = session;
  }

  async append(events: readonly HistoryEvent[]): Promise<void> {
    await this.#session.append(events);
  }

  async runTask(task: WorkflowTask): Promise<WorkflowTaskResult> {
    return await this.#session.runTask(task);
  }

  async query(query: WorkflowQuery): Promise<WorkflowQueryResult> {
    return await this.#session.query(query);
  }

  /** The service has let go of the session. */
  [Symbol.dispose](): void {
    this.#session.dispose();
  }
}
