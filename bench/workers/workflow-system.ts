/**
 * What every subject of the benchmark can do, and the HTTP routes through which the harness asks for it.
 *
 * Owns: the interface that the floor, Holdfast and Cloudflare Workflows implement, and the routes, the same for all of
 * them, so that no subject has a shorter way to its answer. Across the edge go JSON bodies; a failure is a status 500
 * with the stack as text.
 */

/** One subject, bound to the bindings of one request. An id names a workflow that was not used before. */
export interface WorkflowSystem {
  /** Runs a workflow of `steps` activities, one after the other, and resolves with its result: how many ran. */
  runSequence(id: string, steps: number): Promise<number>;
  /** Runs a workflow of `steps` activities that are all started at once. */
  runParallel(id: string, steps: number): Promise<number>;
  /** Starts a workflow that waits for a signal. */
  startWaiting(id: string): Promise<void>;
  /** Sends that signal and resolves with the workflow's result. */
  signalToResult(id: string): Promise<string>;
  /** Runs a workflow that sleeps. Resolves with the milliseconds by which it slept too long, by its own clock. */
  runTimer(id: string, delayMs: number): Promise<number>;
  /** Starts a workflow that takes so many signals, sends them, and resolves with its result: how many it took. */
  runSignals(id: string, load: Signals): Promise<number>;
  /** Runs one activity as `runSequence` does, for the floor with every hop that an activity takes. Absent elsewhere. */
  runWithHops?(id: string): Promise<number>;
  /** Runs a workflow that starts so many others at once and waits for them all. Absent where there is no such thing. */
  runChildren?(id: string, children: number): Promise<number>;
}

export interface Signals {
  readonly signals: number;
  /** Signals that are on their way at the same time. */
  readonly concurrency: number;
}

/** The bodies of the requests, by route. */
export interface Requests {
  readonly "/empty": Record<string, never>;
  readonly "/sequence": { readonly id: string; readonly steps: number };
  readonly "/parallel": { readonly id: string; readonly steps: number };
  readonly "/eager": { readonly id: string };
  readonly "/waiting": { readonly id: string };
  readonly "/signal": { readonly id: string };
  readonly "/timer": { readonly id: string; readonly delayMs: number };
  readonly "/throughput": Throughput;
  readonly "/signals": Signals & { readonly id: string };
  readonly "/starts": Starts;
  readonly "/children": { readonly id: string; readonly children: number };
}

/** The bodies of the answers, by route. */
export interface Answers {
  readonly "/empty": null;
  readonly "/sequence": number;
  readonly "/parallel": number;
  readonly "/eager": number;
  readonly "/waiting": null;
  readonly "/signal": string;
  readonly "/timer": number;
  readonly "/throughput": { readonly latenciesMs: readonly number[] };
  readonly "/signals": number;
  readonly "/starts": number;
  readonly "/children": number;
}

export type Starts = Omit<Throughput, "steps">;

export interface Throughput {
  readonly prefix: string;
  readonly workflows: number;
  readonly steps: number;
  readonly concurrency: number;
}

/**
 * Answers one request of the harness.
 *
 * @example
 * export default { fetch: (request, env) => answer(new FloorSystem(env), request) };
 */
export async function answer(system: WorkflowSystem, request: Request): Promise<Response> {
  const route = new URL(request.url).pathname;
  const body: unknown = await request.json();
  try {
    return Response.json(await dispatch(system, route, body));
  } catch (error) {
    return new Response(error instanceof Error ? (error.stack ?? error.message) : String(error), { status: 500 });
  }
}

async function dispatch(system: WorkflowSystem, route: string, body: unknown): Promise<Answers[keyof Answers]> {
  switch (route as keyof Requests) {
    case "/empty":
      return null;
    case "/sequence": {
      const { id, steps } = body as Requests["/sequence"];
      return system.runSequence(id, steps);
    }
    case "/parallel": {
      const { id, steps } = body as Requests["/parallel"];
      return system.runParallel(id, steps);
    }
    case "/eager": {
      const { id } = body as Requests["/eager"];
      return system.runWithHops ? system.runWithHops(id) : system.runSequence(id, 1);
    }
    case "/waiting":
      await system.startWaiting((body as Requests["/waiting"]).id);
      return null;
    case "/signal":
      return system.signalToResult((body as Requests["/signal"]).id);
    case "/timer": {
      const { id, delayMs } = body as Requests["/timer"];
      return system.runTimer(id, delayMs);
    }
    case "/throughput":
      return runMany(system, body as Throughput);
    case "/signals": {
      const { id, ...load } = body as Requests["/signals"];
      return system.runSignals(id, load);
    }
    case "/starts":
      return startMany(body as Starts, (id) => system.startWaiting(id));
    case "/children": {
      const { id, children } = body as Requests["/children"];
      if (!system.runChildren) throw new Error("This subject has no children.");
      return system.runChildren(id, children);
    }
    default:
      throw new Error(`No route ${route}.`);
  }
}

// The clock of a Worker counts whole milliseconds, which is fine for a workflow that has 49 others beside it.
async function runMany(system: WorkflowSystem, load: Throughput): Promise<Answers["/throughput"]> {
  const latenciesMs: number[] = [];
  await startMany(load, async (id) => {
    const startedAtMs = Date.now();
    await system.runSequence(id, load.steps);
    latenciesMs.push(Date.now() - startedAtMs);
  });
  return { latenciesMs };
}

/** Starts workflows, so many at a time. Resolves with how many, once the last start has. */
export async function startMany(load: Starts, start: (id: string) => Promise<unknown>): Promise<number> {
  await repeatedly(load.workflows, load.concurrency, (index) => start(`${load.prefix}-${index}`));
  return load.workflows;
}

/** Does something so many times, so many at a time. */
export async function repeatedly(
  times: number,
  concurrency: number,
  act: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < times) {
      next += 1;
      await act(next - 1);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
}
