/**
 * What the application's Worker is given, and where its activities find it.
 *
 * Owns: names only. The lanes are queues: the local queue hands out one batch at a time, so an activity that is held
 * would hold up every other one behind it. `service.ts` chooses a workflow's lane.
 */
import { env } from "cloudflare:workers";

import type { ActivityTaskMessage } from "../../../src/core/activity-task.ts";
import type { ServiceEnv } from "../../../src/durable-objects/index.ts";

export interface CrashEnv extends ServiceEnv {
  readonly HOLDFAST_ENCRYPTION_KEYS: string;
  /** The outside world: an HTTP server in the process that runs the tests, which no kill reaches. */
  readonly SINK: string;
  readonly [lane: `LANE_${number}`]: Queue<ActivityTaskMessage>;
}

export const bindings = env as unknown as CrashEnv;
