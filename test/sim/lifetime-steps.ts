/**
 * The steps of a lifetime: a random request or something that only the object itself meets, and what comes after it.
 *
 * Owns: the arbitraries, and how often each kind comes. The requests are those of the property of the core; they are
 * mixed with the few that keep a run going and begin new ones, or most of a play would be about a run that is over.
 */
import fc from "fast-check";

import { type Action, action } from "../core/random-requests.ts";

/** How payloads that are kept elsewhere answer to being cleared away. */
const ANSWERS = ["cleared", "cleared", "later", "fails"] as const;
export type ClearingAnswer = (typeof ANSWERS)[number];

/** What no request of the core stands for. */
type Incident =
  /** Time goes on until the alarm, which retention is often the only one to wait for. */
  | { readonly kind: "alarm" }
  /** Nobody calls for longer than a run is kept, and the alarm is as late. */
  | { readonly kind: "longWait" }
  /** Somebody deletes a run before the current one. */
  | { readonly kind: "deleteEarlier"; readonly pick: number }
  | { readonly kind: "answerClearing"; readonly answer: ClearingAnswer };

export type Act = Action | Incident;

/** Right after an act, while its commit may still be deferred. */
const SEQUELS = ["goOn", "goOn", "goOn", "goOn", "goOn", "goOn", "die", "flush", "wait"] as const;

export interface Step {
  readonly act: Act;
  readonly sequel: (typeof SEQUELS)[number];
}

/** Many, so that hardly any request is taken for one that was made before. */
const id = fc.nat({ max: 100_000 });
const complete = { kind: "complete", stale: 0, force: 0 } as const;

const lively: fc.Arbitrary<Act> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Action>({ ...complete, commands: [] }) },
  { weight: 2, arbitrary: fc.constant<Action>({ ...complete, commands: [{ kind: "close", how: 0 }] }) },
  // Of a child there is something to deliver, when its parent has closed too.
  {
    weight: 4,
    arbitrary: fc.constant<Action>({ ...complete, commands: [{ kind: "startChild", id: "a", policy: 0 }] }),
  },
  { weight: 8, arbitrary: id.map((id): Action => ({ kind: "signal", id })) },
  { weight: 2, arbitrary: id.map((id): Action => ({ kind: "signalWithStart", id, conflict: 3 })) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("start" as const),
      id,
      conflict: fc.nat({ max: 2 }),
      reuse: fc.constant(0),
      chain: fc.nat({ max: 5 }),
    }),
  },
  { weight: 2, arbitrary: id.map((id): Action => ({ kind: "unpause", id })) },
  { weight: 2, arbitrary: fc.constant<Action>({ kind: "settle" }) },
  { weight: 2, arbitrary: fc.constant<Action>({ kind: "refusedCommit" }) },
  { weight: 2, arbitrary: fc.constant<Action>({ kind: "delete", really: 0 }) },
  { weight: 2, arbitrary: fc.nat({ max: 3 }).map((pick): Act => ({ kind: "deleteEarlier", pick })) },
  { weight: 3, arbitrary: fc.constant<Act>({ kind: "alarm" }) },
  { weight: 1, arbitrary: fc.constant<Act>({ kind: "longWait" }) },
  { weight: 8, arbitrary: fc.constantFrom(...ANSWERS).map((answer): Act => ({ kind: "answerClearing", answer })) },
);

export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({ act: fc.oneof<fc.Arbitrary<Act>[]>(action, lively), sequel: fc.constantFrom(...SEQUELS) }),
  { maxLength: 60, size: "max" },
);
