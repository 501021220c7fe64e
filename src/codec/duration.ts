/**
 * Durations as users write them: milliseconds, or a text such as `"30 days"`.
 *
 * Owns: the type and its conversion to milliseconds. Everything past the user's edge carries plain milliseconds.
 */
import ms from "ms";

import { ValueError } from "./errors.ts";

type LowercaseUnit =
  | "years"
  | "year"
  | "yrs"
  | "yr"
  | "y"
  | "weeks"
  | "week"
  | "w"
  | "days"
  | "day"
  | "d"
  | "hours"
  | "hour"
  | "hrs"
  | "hr"
  | "h"
  | "minutes"
  | "minute"
  | "mins"
  | "min"
  | "m"
  | "seconds"
  | "second"
  | "secs"
  | "sec"
  | "s"
  | "milliseconds"
  | "millisecond"
  | "msecs"
  | "msec"
  | "ms";

type Unit = LowercaseUnit | Capitalize<LowercaseUnit> | Uppercase<LowercaseUnit>;

/** A number with a unit, as the `ms` package reads it. */
export type StringValue = `${number}` | `${number}${Unit}` | `${number} ${Unit}`;

/** Milliseconds as a number, or a text with a unit. */
export type Duration = StringValue | number;

function parse(text: string): number | undefined {
  try {
    // The package answers undefined for what it cannot read, against its types, and throws for an empty text.
    return ms(text as ms.StringValue);
  } catch {
    return undefined;
  }
}

/**
 * Milliseconds of a duration. May be negative: what that means is for the caller to say.
 *
 * Throws `TypeError` for a text that is no duration, and `ValueError` for a number that is not finite.
 *
 * @example
 * msToNumber("1 minute"); // 60000
 */
export function msToNumber(duration: Duration): number {
  const milliseconds = typeof duration === "number" ? duration : parse(duration);
  if (milliseconds !== undefined && Number.isFinite(milliseconds)) return milliseconds;
  const message = `Invalid duration ${JSON.stringify(String(duration))}: give milliseconds as a number, or a text such as "10 seconds"`;
  throw typeof duration === "number" ? new ValueError(message) : new TypeError(message);
}

/**
 * Like `msToNumber`, with undefined and null for "not given".
 *
 * @example
 * msOptionalToNumber(undefined); // undefined
 */
export function msOptionalToNumber(duration: Duration | null | undefined): number | undefined {
  return duration === undefined || duration === null ? undefined : msToNumber(duration);
}
