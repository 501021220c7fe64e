/**
 * The official SDK as a replayer: the same workflow source, bundled by its own bundler, and histories to replay.
 *
 * Owns: the aliases, the patience with one history, and the gathering of what is reported. This module loads the native
 * bridge; it is imported only once the judge's own packages are installed.
 */
import { createRequire } from "node:module";
import { join } from "node:path";

import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type WorkflowBundle } from "@temporalio/worker";

import type { WorkflowInfo } from "@temporalio/workflow";

import type { CallKind, OfficialCommand, ReplayReport, ReportedCall } from "./report.ts";

const require = createRequire(import.meta.url);

/** Replays take well under a second. One that waits for something that the history lacks waits for ever. */
const PATIENCE_MS = 20_000;

/** A history in Temporal's JSON form, of whatever origin. */
export interface ReplayedHistory {
  readonly workflowId: string;
  readonly namespace: string;
  readonly history: unknown;
}

export type ReplayOutcome =
  | { readonly kind: "replayed"; readonly report: ReplayReport; readonly queue: string }
  | { readonly kind: "refused"; readonly reason: string };

export interface Replayer {
  replay(history: ReplayedHistory): Promise<ReplayOutcome>;
}

/**
 * Bundles the scenarios for the official SDK and makes a replayer of it.
 *
 * @example
 * const replayer = await officialReplayer();
 * const outcome = await replayer.replay({ workflowId, namespace, history });
 */
export async function officialReplayer(): Promise<Replayer> {
  const logger = new DefaultLogger("ERROR", () => undefined);
  Runtime.install({ logger, telemetryOptions: { logging: { filter: "OFF", forward: {} } } });
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: join(import.meta.dirname, "../scenarios/index.ts"),
    workflowInterceptorModules: [
      join(import.meta.dirname, "reporting-interceptors.ts"),
      join(import.meta.dirname, "../scenarios/interceptors.ts"),
    ],
    logger,
    webpackConfigHook: (config) => ({
      ...config,
      resolve: { ...config.resolve, alias: { ...(config.resolve?.alias as object | undefined), ...ALIASES } },
    }),
  });
  return { replay: async (history) => await replayOne(workflowBundle, history) };
}

const ALIASES = {
  "holdfast/workflow": require.resolve("@temporalio/workflow"),
  "holdfast/common": require.resolve("@temporalio/common"),
};

async function replayOne(workflowBundle: WorkflowBundle, run: ReplayedHistory): Promise<ReplayOutcome> {
  let queue = "";
  const calls: ReportedCall[] = [];
  const activations: (readonly OfficialCommand[])[] = [];
  const sinks = {
    // The workflows' own sink is not called while replaying, and a replay is all that there is.
    trace: { mark: { fn: () => undefined, callDuringReplay: false } },
    report: {
      called: {
        fn: ({ taskQueue }: WorkflowInfo, kind: CallKind, name: string, args: unknown[]) => {
          queue = taskQueue;
          calls.push({ kind, name, args: JSON.stringify(args) });
        },
        callDuringReplay: true,
      },
      commands: {
        fn: (_info: WorkflowInfo, commands: OfficialCommand[]) => {
          activations.push([...commands]);
        },
        callDuringReplay: true,
      },
    },
  };
  const options = { workflowBundle, namespace: run.namespace, sinks, replayName: "judge" };
  const timeout = timeoutAfter(PATIENCE_MS);
  try {
    await Promise.race([Worker.runReplayHistory(options, run.history, run.workflowId), timeout.promise]);
    return { kind: "replayed", queue, report: { calls, activations } };
  } catch (error) {
    return { kind: "refused", reason: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  } finally {
    timeout.clear();
  }
}

function timeoutAfter(ms: number): { readonly promise: Promise<never>; clear(): void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it was still waiting after ${ms} ms`)), ms);
  });
  return { promise, clear: () => clearTimeout(timer) };
}
