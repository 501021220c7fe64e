/**
 * The rows of the table: the same work done by each subject.
 *
 * Owns: what is timed and how often. Times are taken in the harness, around one request to the subject's Worker that
 * holds the whole of the work; "empty" is such a request without work, which is what the clock itself costs.
 */
import { interleave, pause, settle, timed, type Rounds, type Samples } from "../interleaving.ts";
import type { Subject } from "../runtime.ts";
import { quantile, summarize, type Summary } from "../statistics.ts";
import type { SubjectName } from "../subjects.ts";
import type { ComparedName } from "./names.ts";

export interface Figures extends Summary {
  /** Only where what counts is how much gets done: workflows, signals or starts a second. */
  readonly perSecond?: number;
}

export interface ComparedRow {
  readonly name: ComparedName;
  readonly title: string;
  readonly subjects: Readonly<Partial<Record<SubjectName, Figures>>>;
}

export const THROUGHPUT = { workflows: 500, steps: 3, concurrency: 50 } as const;

export const SIGNALS = { signals: 500, concurrency: 50 } as const;
export const STARTS = { workflows: 200, concurrency: 50 } as const;
export const CHILDREN = 1000;

const TIMER_MS = 1000;
/** Between the start of a workflow that waits for a signal and the signal: it is waiting by then. */
const WAITING_MS = 40;
/** After many workflows were started, before another subject is asked for anything. */
const AFTER_STARTS_MS = 500;
/** Timers of different subjects wait side by side, but do not end in the same millisecond. */
const STAGGER_MS = 100;

const titles: Readonly<Record<ComparedName, string>> = {
  empty: "an empty request (the clock itself)",
  one: "one activity, start to result",
  eager: "the same, by a floor with the same writes and hops",
  ten: "ten activities in a row",
  hundred: "a hundred activities in parallel",
  throughput: `${THROUGHPUT.workflows} workflows of ${THROUGHPUT.steps} activities, ${THROUGHPUT.concurrency} at a time`,
  signal: "signal to result",
  signals: `${SIGNALS.signals} signals to one workflow, ${SIGNALS.concurrency} at a time`,
  starts: `${STARTS.workflows} starts, ${STARTS.concurrency} at a time`,
  children: `${CHILDREN.toLocaleString("en")} children, start to result`,
  timer: "overshoot of a 1 s timer",
};

const rounds: Readonly<Record<ComparedName, Rounds & { readonly quick: number }>> = {
  empty: { warmUp: 50, repetitions: 500, quick: 100 },
  one: { warmUp: 20, repetitions: 300, quick: 40 },
  eager: { warmUp: 20, repetitions: 300, quick: 40 },
  ten: { warmUp: 10, repetitions: 150, quick: 20 },
  hundred: { warmUp: 5, repetitions: 60, quick: 10 },
  throughput: { warmUp: 1, repetitions: 3, quick: 1 },
  signal: { warmUp: 10, repetitions: 150, quick: 20 },
  signals: { warmUp: 1, repetitions: 5, quick: 1 },
  starts: { warmUp: 1, repetitions: 5, quick: 1 },
  children: { warmUp: 0, repetitions: 3, quick: 1 },
  timer: { warmUp: 1, repetitions: 30, quick: 5 },
};

/**
 * Measures one row.
 *
 * @example
 * const row = await measureRow("one", runtime.subjects, false);
 */
export async function measureRow(
  name: ComparedName,
  subjects: readonly Subject[],
  quick: boolean,
): Promise<ComparedRow> {
  const { warmUp, repetitions, quick: fewer } = rounds[name];
  const plan = { warmUp, repetitions: quick ? fewer : repetitions };
  return { name, title: titles[name], subjects: await figures(name, subjectsOf(name, subjects), plan) };
}

const WITH_ACTIVITIES: ReadonlySet<ComparedName> = new Set<ComparedName>(["one", "ten", "hundred", "throughput"]);

/**
 * Without activities in it, "by queue" is the same as Holdfast. Cloudflare Workflows has no children, and the row that
 * only its floor tells from "one" says nothing new of it.
 */
function subjectsOf(name: ComparedName, subjects: readonly Subject[]): readonly Subject[] {
  return subjects.filter((subject) => {
    if (subject.name === "queue") return WITH_ACTIVITIES.has(name);
    return subject.name !== "workflows" || (name !== "children" && name !== "eager");
  });
}

async function figures(
  name: ComparedName,
  subjects: readonly Subject[],
  plan: Rounds,
): Promise<Partial<Record<SubjectName, Figures>>> {
  switch (name) {
    case "empty":
      return each(await interleave(subjects, plan, (subject) => timed(() => subject.call("/empty", {}))));
    case "one":
      return each(await sequences(subjects, plan, 1));
    case "eager":
      return each(
        await interleave(subjects, plan, (subject, id) =>
          timed(async () => expect(await subject.call("/eager", { id: `eager-${id}` }), 1)),
        ),
      );
    case "ten":
      return each(await sequences(subjects, plan, 10));
    case "hundred":
      return each(
        await interleave(subjects, plan, (subject, id) =>
          timed(async () => expect(await subject.call("/parallel", { id: `hundred-${id}`, steps: 100 }), 100)),
        ),
      );
    case "throughput":
      return throughput(subjects, plan);
    case "signal":
      return each(await interleave(subjects, plan, signalToResult));
    case "signals":
      return rates(SIGNALS.signals, await interleave(subjects, plan, manySignals));
    case "starts":
      return rates(STARTS.workflows, await interleave(subjects, plan, manyStarts));
    case "children":
      return each(await interleave(subjects, plan, manyChildren));
    case "timer":
      return each(await timers(subjects, plan));
  }
}

function each(samples: Samples): Partial<Record<SubjectName, Figures>> {
  return Object.fromEntries([...samples].map(([name, values]) => [name, summarize(values)]));
}

function sequences(subjects: readonly Subject[], plan: Rounds, steps: number): Promise<Samples> {
  return interleave(subjects, plan, (subject, id) =>
    timed(async () => expect(await subject.call("/sequence", { id: `sequence-${steps}-${id}`, steps }), steps)),
  );
}

async function signalToResult(subject: Subject, round: string): Promise<number> {
  const id = `signal-${round}`;
  await subject.call("/waiting", { id });
  await settle(subject, WAITING_MS);
  return timed(async () => expect(await subject.call("/signal", { id }), "done"));
}

async function manySignals(subject: Subject, round: string): Promise<number> {
  const id = `signals-${round}`;
  return timed(async () => expect(await subject.call("/signals", { id, ...SIGNALS }), SIGNALS.signals));
}

async function manyStarts(subject: Subject, round: string): Promise<number> {
  const prefix = `starts-${round}`;
  const elapsedMs = await timed(async () =>
    expect(await subject.call("/starts", { prefix, ...STARTS }), STARTS.workflows),
  );
  // What the last of them still do must not fall on the next subject's sample.
  await settle(subject, AFTER_STARTS_MS);
  return elapsedMs;
}

async function manyChildren(subject: Subject, round: string): Promise<number> {
  const id = `children-${round}`;
  const elapsedMs = await timed(async () =>
    expect(await subject.call("/children", { id, children: CHILDREN }), CHILDREN),
  );
  await settle(subject, AFTER_STARTS_MS);
  return elapsedMs;
}

/** How many of so many things a second, at the median of the times that all of them took. */
function rates(count: number, samples: Samples): Partial<Record<SubjectName, Figures>> {
  return Object.fromEntries(
    [...samples].map(([name, values]) => {
      const summary = summarize(values);
      return [name, { ...summary, perSecond: count / (summary.p50 / 1000) }];
    }),
  );
}

async function throughput(subjects: readonly Subject[], plan: Rounds): Promise<Partial<Record<SubjectName, Figures>>> {
  const latenciesMs = new Map<SubjectName, number[]>();
  const elapsedMs = await interleave(subjects, plan, async (subject, id) => {
    const startedAtMs = performance.now();
    const answer = await subject.call("/throughput", { prefix: `throughput-${id}`, ...THROUGHPUT });
    const elapsed = performance.now() - startedAtMs;
    latenciesMs.set(subject.name, [...(latenciesMs.get(subject.name) ?? []), ...answer.latenciesMs]);
    return elapsed;
  });
  return Object.fromEntries(
    [...elapsedMs].map(([name, values]) => [
      name,
      {
        // The warm-up's workflows were first in line and are dropped.
        ...summarize((latenciesMs.get(name) ?? []).slice(plan.warmUp * THROUGHPUT.workflows)),
        perSecond: THROUGHPUT.workflows / (quantile(values, 0.5) / 1000),
      },
    ]),
  );
}

/** The timers of one round wait at the same time, a little apart; nothing else happens meanwhile. */
async function timers(subjects: readonly Subject[], plan: Rounds): Promise<Samples> {
  const samples = new Map<SubjectName, number[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round < plan.warmUp + plan.repetitions; round += 1) {
    const overshootsMs = await Promise.all(
      subjects.map(async (subject, index) => {
        await pause(index * STAGGER_MS);
        return subject.call("/timer", { id: `timer-${crypto.randomUUID()}`, delayMs: TIMER_MS });
      }),
    );
    if (round < plan.warmUp) continue;
    subjects.forEach(({ name }, index) => samples.get(name)?.push(overshootsMs[index] ?? Number.NaN));
  }
  return samples;
}

function expect<Value>(actual: Value, expected: Value): void {
  if (actual !== expected) throw new Error(`A subject answered ${String(actual)} where ${String(expected)} was right.`);
}
