/**
 * Random workflow programs, as data.
 *
 * Owns: the grammar and the arbitrary. A program is a list of steps; steps hold programs of their own. What a step does
 * is said in `interpreter.ts`.
 */
import * as fc from "fast-check";

import {
  ActivityCancellationType,
  ChildWorkflowCancellationType,
  ParentClosePolicy,
} from "../../src/sdk/workflow/index.ts";

export type Step =
  | { readonly kind: "sleep"; readonly ms: number }
  | { readonly kind: "activity"; readonly cancellationType: ActivityCancellationType }
  /** `failures`: so many attempts fail before one succeeds. */
  | { readonly kind: "localActivity"; readonly failures: number; readonly isPatient: boolean }
  | { readonly kind: "signals"; readonly more: number; readonly timeoutMs?: number | undefined }
  | { readonly kind: "timeout"; readonly ms: number; readonly clear: boolean }
  | { readonly kind: "draw" }
  | { readonly kind: "patch"; readonly id: string; readonly isDeprecated: boolean }
  | { readonly kind: "attributes"; readonly value: string }
  | {
      readonly kind: "child";
      readonly body: Program;
      readonly cancellationType: ChildWorkflowCancellationType;
      readonly parentClosePolicy: ParentClosePolicy;
      /** Sent to the child once it runs. */
      readonly isNudged: boolean;
      /** Otherwise it is left to itself. */
      readonly isAwaited: boolean;
    }
  | { readonly kind: "external"; readonly isCancelled: boolean }
  | { readonly kind: "allHandlersFinished" }
  | {
      readonly kind: "scope";
      readonly shield: boolean;
      readonly timeoutMs?: number | undefined;
      readonly body: Program;
    }
  | { readonly kind: "cancelScope"; readonly afterMs?: number | undefined; readonly body: Program }
  | { readonly kind: "together"; readonly branches: readonly Program[] };

export type Program = readonly Step[];

/** How a program begins and ends. */
export interface Script {
  readonly program: Program;
  /** Runs that follow by continue-as-new. */
  readonly continuations: number;
  readonly ending: "return" | "fail" | "leaveHandlers";
}

const duration = fc.integer({ min: 1, max: 5 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const kind = <K extends string>(name: K) => fc.constant(name);

const activityStep = fc.record({
  kind: kind("activity"),
  cancellationType: fc.constantFrom(...Object.values(ActivityCancellationType)),
});

const simpleSteps = [
  fc.record({ kind: kind("sleep"), ms: duration }),
  activityStep,
  fc.record({ kind: kind("localActivity"), failures: fc.integer({ min: 0, max: 2 }), isPatient: fc.boolean() }),
  fc.record({
    kind: kind("signals"),
    more: fc.integer({ min: 0, max: 2 }),
    timeoutMs: maybe(fc.integer({ min: 0, max: 5 })),
  }),
  fc.record({ kind: kind("timeout"), ms: duration, clear: fc.boolean() }),
  fc.record({ kind: kind("draw") }),
  fc.record({ kind: kind("patch"), id: fc.constantFrom("first", "second"), isDeprecated: fc.boolean() }),
  fc.record({ kind: kind("attributes"), value: fc.constantFrom("red", "green", "") }),
  fc.record({ kind: kind("external"), isCancelled: fc.boolean() }),
  fc.record({ kind: kind("allHandlersFinished") }),
] as const;

const { program } = fc.letrec<{ program: Program; step: Step }>((tie) => ({
  step: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    ...simpleSteps,
    fc.record({
      kind: kind("child"),
      body: tie("program"),
      cancellationType: fc.constantFrom(...Object.values(ChildWorkflowCancellationType)),
      parentClosePolicy: fc.constantFrom(...Object.values(ParentClosePolicy)),
      isNudged: fc.boolean(),
      isAwaited: fc.boolean(),
    }),
    fc.record({ kind: kind("scope"), shield: fc.boolean(), timeoutMs: maybe(duration), body: tie("program") }),
    fc.record({
      kind: kind("cancelScope"),
      afterMs: maybe(duration),
      // Cancelling is most of what can go wrong, so there is often something to cancel.
      body: fc.tuple(activityStep, tie("program")).map(([first, rest]) => [first, ...rest]),
    }),
    fc.record({ kind: kind("together"), branches: fc.array(tie("program"), { minLength: 1, maxLength: 3 }) }),
  ),
  program: fc.array(tie("step"), { minLength: 1, maxLength: 4, depthIdentifier: "program" }),
}));

/** Scripts, and the numbers that decide what happens to them. */
export const scripts: fc.Arbitrary<Script> = fc.record({
  program,
  continuations: fc.constantFrom(0, 0, 0, 1, 2),
  ending: fc.constantFrom("return" as const, "return" as const, "fail" as const, "leaveHandlers" as const),
});

export const choices = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 12 });
