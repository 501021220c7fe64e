/** Killed at every moment of a workflow: nothing accepted is lost, nothing done is done again, and it goes on by itself. */
import { beforeAll, describe, expect, it } from "vitest";

import { eventsOf } from "./evidence.ts";
import { moments } from "./moments.ts";
import { type Aftermath, type Outcome, playRound } from "./round.ts";
import { problemsOf } from "./story.ts";
import { until } from "./waiting.ts";

const SIGN_OF_LIFE_LIMIT_MS = 30_000;
const TIMER_LATENESS_MS = 2_000;

const aftermaths: readonly { readonly what: string; readonly aftermath: Aftermath }[] = [
  { what: "killed once", aftermath: () => Promise.resolve() },
  {
    what: "killed, killed again at the first sign of life, and again as soon as it answers",
    aftermath: async (runtime, sink) => {
      const before = sink.requests;
      await runtime.launch();
      await until(() => sink.requests > before, "the restarted runtime does something", SIGN_OF_LIFE_LIMIT_MS);
      await runtime.kill();
      await runtime.start();
      await runtime.kill();
    },
  },
];

/** Where the commits of an undisturbed order end, all but the last: after so many events. */
const COMMITS_OF_AN_ORDER = [3, 5, 9, 11, 14, 16, 20, 22, 25, 28, 32, 34, 38, 40, 44];

/** A workflow is woken by its own alarm: it came to its end, or to a question that it had to ask, before anyone came. */
function recoveredAlone({ history, executions, killedAtMs, askedAtMs }: Outcome): boolean {
  const closedAtMs = history.events.at(-1)?.eventTimeMs ?? Infinity;
  const askedForApproval = executions.some(
    ({ activityType, atMs }) => activityType === "askForApproval" && atMs > killedAtMs && atMs < askedAtMs,
  );
  return closedAtMs <= askedAtMs || askedForApproval;
}

describe.each(aftermaths)("$what, when", ({ aftermath }) => {
  let outcomes: ReadonlyMap<string, Outcome>;
  beforeAll(async () => {
    outcomes = await playRound(aftermath);
  });

  function outcomeOf(name: string): Outcome {
    const outcome = outcomes.get(name);
    if (!outcome) throw new Error(`there is no moment '${name}'`);
    return outcome;
  }

  it.each(moments.map(({ name }) => name))("%s", (name) => {
    expect(problemsOf(outcomeOf(name))).toEqual([]);
  });

  it("an order stood at the end of each of its commits", () => {
    const orders = [...outcomes.values()].filter(({ promised }) => promised.workflow === "order");
    const lengths = orders.flatMap(({ before }) => before.map(({ events }) => events.length));
    expect(lengths).toEqual(expect.arrayContaining(COMMITS_OF_AN_ORDER));
  });

  it("nobody came: each goes on by its own alarm, unless it waits for somebody", () => {
    const waking = [...outcomes].filter(([, outcome]) => !recoveredAlone(outcome)).map(([name]) => name);
    expect(waking).toEqual(["the approval is awaited"]);
  });

  it("a timer was pending: it fires when it is due, or at once if that was while the runtime was down", () => {
    const overdue = outcomeOf("a timer is pending that is due while the runtime is down");
    const later = outcomeOf("a timer is pending that is due long after the restart");
    const [started] = eventsOf(later.history.events, "TimerStarted");
    const [fired] = eventsOf(later.history.events, "TimerFired");
    const dueMs = (started?.eventTimeMs ?? 0) + (started?.attributes.startToFireTimeoutMs ?? 0);
    expect(fired?.eventTimeMs).toBeLessThan(dueMs + TIMER_LATENESS_MS);
    expect(eventsOf(overdue.history.events, "TimerFired")[0]?.eventTimeMs).toBeGreaterThan(overdue.killedAtMs);
  });

  it("an activity beat its heart: the next attempt goes on from there", () => {
    const { ending } = outcomeOf("an activity beats its heart");
    expect(ending).toMatchObject({ kind: "completed", result: { resumedAt: expect.any(Number) } });
    const { resumedAt } = (ending.kind === "completed" ? ending.result : {}) as { readonly resumedAt?: number };
    expect(resumedAt).toBeGreaterThan(1);
  });

  it("commands of a task were lost: the task is run again, and history shows it once", () => {
    const { history } = outcomeOf("the workflow task after charge has run, its commands are not stored");
    expect(eventsOf(history.events, "WorkflowTaskFailed")).toEqual([]);
    expect(eventsOf(history.events, "WorkflowTaskTimedOut")).toEqual([]);
  });
});
