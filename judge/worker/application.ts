/**
 * The application that is judged: all scenarios' workflows and activities, the parts of one Worker.
 *
 * Owns: the settings. Payloads are encrypted, except in the Worker whose environment says that they are to be in clear.
 */
import { env } from "cloudflare:workers";

import type { Client } from "holdfast/client";
import type { Logger } from "holdfast/common";
import { createWorker } from "holdfast/worker";

import * as deployed from "../drivers/deployed-workflows.ts";
import * as workflows from "../scenarios/index.ts";
import * as workflowInterceptors from "../scenarios/interceptors.ts";
import * as activities from "./activities.ts";
import { HeldSession } from "./task-holds.ts";

export interface JudgeEnv {
  readonly IN_CLEAR?: string;
  readonly HOLDFAST_ENCRYPTION_KEYS?: string;
}

const say = (): void => undefined;

const isInClear = (env as unknown as JudgeEnv).IN_CLEAR !== undefined;
const settings = {
  ...(isInClear ? { dataConverter: () => ({ payloadCodecs: [] }) } : {}),
  interceptors: { workflowModules: [workflowInterceptors] },
  sinks: { trace: { mark: { fn: () => undefined } } },
  logger: silentLogger(),
};

const holdfast = createWorker<JudgeEnv>({
  // Some workflows run here in another version than the one they are replayed by.
  workflows: { ...workflows, ...deployed },
  activities,
  ...settings,
});

const others = new Map<string, typeof holdfast>();

/** Scenarios that fail on purpose have a lot to say that nobody needs to read. */
function silentLogger(): Logger {
  return { log: say, trace: say, debug: say, info: say, warn: say, error: say };
}

/** The same application's client, for another namespace. */
export function clientFor(namespace: string, env: JudgeEnv, ctx: ExecutionContext): Client {
  if (namespace === "default") return holdfast.createClient(env, ctx);
  const known = others.get(namespace) ?? createWorker<JudgeEnv>({ workflows, activities, namespace, ...settings });
  others.set(namespace, known);
  return known.createClient(env, ctx);
}

export class WorkflowWorker extends holdfast.WorkflowWorker {
  override async openSession(open: Parameters<InstanceType<typeof holdfast.WorkflowWorker>["openSession"]>[0]) {
    return new HeldSession(open.workflowId, await super.openSession(open));
  }
}

export const queue = holdfast.queue;
