/**
 * Named choices: sets of strings that also answer to Temporal's older, prefixed names.
 *
 * Owns: how a set is written down once and read leniently. `TimeoutType.TIMEOUT_TYPE_HEARTBEAT` and the string
 * `"TIMEOUT_TYPE_HEARTBEAT"` both mean `"HEARTBEAT"`; only the short form goes over the wire.
 */
import { ValueError } from "../../codec/index.ts";

type Choices<T extends string, P extends string> = { readonly [K in T]: K } & { readonly [K in T as `${P}_${K}`]: K };

/** The object users pick a choice from: each under its short and its prefixed name. */
export function choices<P extends string, const T extends string>(prefix: P, names: readonly T[]): Choices<T, P> {
  const entries = names.flatMap((name) => [
    [name, name],
    [`${prefix}_${name}`, name],
  ]);
  return Object.freeze(Object.fromEntries(entries)) as Choices<T, P>;
}

/** A function that reads either spelling of a choice. It throws `ValueError` for anything else. */
export function choiceReader<T extends string>(
  what: string,
  known: Readonly<Record<string, T>>,
): (spelling: string | null | undefined) => T | undefined {
  return (spelling) => {
    if (spelling === undefined || spelling === null) return undefined;
    const choice = Object.hasOwn(known, spelling) ? known[spelling] : undefined;
    if (choice === undefined)
      throw new ValueError(
        `Invalid ${what} ${JSON.stringify(spelling)}: use ${[...new Set(Object.values(known))].join(", ")}`,
      );
    return choice;
  };
}
