/**
 * What workflows that sleep cost while they do: nothing, if nothing runs.
 *
 * Owns: the counting. Many workflows are started, each with a timer that is far away. Once all is quiet, every load of an
 * object and every call of the service or the workflow worker is counted for a while; afterwards one call is made, to
 * show that the counters count. Runs in a workerd of its own.
 */
import { pause } from "../interleaving.ts";
import { openRuntime, type Subject } from "../runtime.ts";
import type { Sleepers } from "../workers/holdfast-application.ts";
import { INVOCATIONS_ROUTE, type Invocations } from "../workers/invocations.ts";

export interface SleepCount {
  readonly workflows: number;
  readonly startedInMs: number;
  /** Objects that were loaded to start them. */
  readonly loads: number;
  readonly watchedMs: number;
  /** Loads and calls while they were watched. */
  readonly invocations: number;
  /** Loads and calls that one call afterwards has made. */
  readonly afterOneCall: number;
}

const WORKFLOWS = { full: 10_000, quick: 1_000 } as const;
const WATCHED_MS = { full: 60_000, quick: 10_000 } as const;
/** Workflows that one request starts, which then answers soon enough. */
const AT_ONCE = 1_000;
const CONCURRENCY = 50;
const SLEEP_MS = 24 * 60 * 60 * 1_000;
/** Longer than an idle session is kept, a fallback alarm waits, and an idle object stays in memory. */
const QUIET_MS = 15_000;
const POLL_MS = 500;

/**
 * Counts what happens while workflows sleep.
 *
 * @example
 * const { invocations } = await measureSleeping(true);
 */
export async function measureSleeping(quick: boolean): Promise<SleepCount> {
  const kind = quick ? "quick" : "full";
  await using runtime = await openRuntime(["holdfast"], "counted");
  const [subject] = runtime.subjects;
  if (subject === undefined) throw new Error("The runtime has no subject.");
  const workflows = WORKFLOWS[kind];
  const startedAtMs = performance.now();
  for (let started = 0; started < workflows; started += AT_ONCE) {
    const load = { prefix: `sleeper-${started}`, workflows: Math.min(AT_ONCE, workflows - started) };
    await subject.ask("/sleepers", { ...load, concurrency: CONCURRENCY, sleepMs: SLEEP_MS } satisfies Sleepers);
  }
  const startedInMs = performance.now() - startedAtMs;
  const before = await quiet(subject);
  await pause(WATCHED_MS[kind]);
  const after = await read(subject);
  await subject.ask("/describe", { id: "sleeper-0-0" });
  const called = await read(subject);
  return {
    workflows,
    startedInMs,
    loads: before.loads,
    watchedMs: WATCHED_MS[kind],
    invocations: total(after) - total(before),
    afterOneCall: total(called) - total(after),
  };
}

/** The counters, once they have not moved for a while. */
async function quiet(subject: Subject): Promise<Invocations> {
  let last = await read(subject);
  let quietSinceMs = performance.now();
  while (performance.now() - quietSinceMs < QUIET_MS) {
    await pause(POLL_MS);
    const next = await read(subject);
    if (total(next) !== total(last)) quietSinceMs = performance.now();
    last = next;
  }
  return last;
}

async function read(subject: Subject): Promise<Invocations> {
  return (await subject.ask(INVOCATIONS_ROUTE, {})) as Invocations;
}

function total({ loads, objectCalls, workerCalls }: Invocations): number {
  return loads + objectCalls + workerCalls;
}
