/**
 * Small random workflow programs, as data, and the workflow that interprets them.
 *
 * Owns: the grammar, the interpreter and the arbitrary. Every step leaves a mark with its time and a random draw, so
 * that two executions that differ anywhere differ in their result.
 */
import * as fc from "fast-check";

import {
  ActivityCancellationType,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
  sleep,
  uuid4,
} from "../../src/sdk/workflow/index.ts";

export type Step =
  | { readonly kind: "sleep"; readonly ms: number }
  | { readonly kind: "activity"; readonly cancellationType: ActivityCancellationType }
  | { readonly kind: "signals"; readonly more: number; readonly timeoutMs?: number | undefined }
  | { readonly kind: "timeout"; readonly ms: number; readonly clear: boolean }
  | { readonly kind: "draw" }
  | {
      readonly kind: "scope";
      readonly shield: boolean;
      readonly timeoutMs?: number | undefined;
      readonly body: Program;
    }
  | { readonly kind: "cancelScope"; readonly afterMs?: number | undefined; readonly body: Program }
  | { readonly kind: "together"; readonly branches: readonly Program[] };

export type Program = readonly Step[];

export const nudge = defineSignal<[string]>("nudge");
export const marks = defineQuery<string[]>("marks");

/** Runs a program; the result is the marks it left. */
export async function runProgram(program: Program): Promise<string[]> {
  const trace: string[] = [];
  const state = { nudges: 0 };
  const mark = (text: string) => trace.push(`${text} ${Date.now()} ${Math.random()}`);
  setHandler(marks, () => [...trace]);
  setHandler(nudge, async (text) => {
    state.nudges += 1;
    mark(`nudged ${text}`);
    await Promise.resolve();
    mark(`after nudge ${text}`);
  });
  await runAll(program, mark, state);
  return trace;
}

type Mark = (text: string) => void;

async function runAll(program: Program, mark: Mark, state: { nudges: number }): Promise<void> {
  for (const step of program) {
    try {
      mark(`${step.kind} ${String(await runStep(step, mark, state))}`);
    } catch (error) {
      mark(`${step.kind} ${isCancellation(error) ? "cancelled" : "failed"} ${String(error)}`);
      if (CancellationScope.current().consideredCancelled) throw error;
    }
  }
}

async function runStep(step: Step, mark: Mark, state: { nudges: number }): Promise<unknown> {
  switch (step.kind) {
    case "sleep":
      return sleep(step.ms);
    case "activity": {
      const { cancellationType } = step;
      const { work } = proxyActivities<{ work(key: string): string }>({ startToCloseTimeout: 1_000, cancellationType });
      return work(uuid4());
    }
    case "signals": {
      const wanted = state.nudges + step.more;
      const enough = () => state.nudges >= wanted;
      return step.timeoutMs === undefined ? condition(enough) : condition(enough, step.timeoutMs);
    }
    case "timeout": {
      const handle = globalThis["setTimeout"](() => mark("timeout"), step.ms);
      if (step.clear) await Promise.resolve().then(() => clearTimeout(handle));
      return undefined;
    }
    case "draw":
      return uuid4();
    case "scope": {
      const { shield, timeoutMs: timeout } = step;
      return new CancellationScope({ cancellable: !shield, timeout }).run(() => runAll(step.body, mark, state));
    }
    case "cancelScope": {
      const scope = new CancellationScope();
      const body = scope.run(() => runAll(step.body, mark, state));
      const settled = body.catch((error: unknown) => String(error));
      if (step.afterMs !== undefined) await sleep(step.afterMs);
      scope.cancel();
      return settled;
    }
    case "together":
      return Promise.all(step.branches.map((branch) => runAll(branch, mark, state)));
  }
}

const duration = fc.integer({ min: 1, max: 5 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const activityStep = fc.record({
  kind: fc.constant("activity" as const),
  cancellationType: fc.constantFrom(...Object.values(ActivityCancellationType)),
});

const { program } = fc.letrec<{ program: Program; step: Step }>((tie) => ({
  step: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ kind: fc.constant("sleep" as const), ms: duration }),
    activityStep,
    fc.record({
      kind: fc.constant("signals" as const),
      more: fc.integer({ min: 0, max: 2 }),
      timeoutMs: maybe(duration),
    }),
    fc.record({ kind: fc.constant("timeout" as const), ms: duration, clear: fc.boolean() }),
    fc.record({ kind: fc.constant("draw" as const) }),
    fc.record({
      kind: fc.constant("scope" as const),
      shield: fc.boolean(),
      timeoutMs: maybe(duration),
      body: tie("program"),
    }),
    fc.record({
      kind: fc.constant("cancelScope" as const),
      afterMs: maybe(duration),
      // Cancelling is most of what can go wrong, so there is often something to cancel.
      body: fc.tuple(activityStep, tie("program")).map(([first, rest]) => [first, ...rest]),
    }),
    fc.record({
      kind: fc.constant("together" as const),
      branches: fc.array(tie("program"), { minLength: 1, maxLength: 3 }),
    }),
  ),
  program: fc.array(tie("step"), { minLength: 1, maxLength: 4, depthIdentifier: "program" }),
}));

export { program as programs };
