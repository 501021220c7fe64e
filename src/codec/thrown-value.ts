/**
 * Whatever user code throws, described.
 *
 * Owns: what counts as an error, and the message and type of what does not. JavaScript lets anything be thrown:
 * text, cyclic objects, errors of another realm.
 */

const NON_ERROR_ADVICE =
  " [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]";

/** What a failure is made of when it stands for a thrown value. */
export interface ThrownDescription {
  readonly message: string;
  /** Class name, or the error's own name; undefined for values that are no objects. */
  readonly type: string | undefined;
  readonly stack: string;
  readonly cause: Error | undefined;
}

/** Whether a value is an error of this realm, of another, or of a bundle's own kind. */
export function isErrorLike(value: unknown): value is Error {
  if (typeof value !== "object" || value === null) return false;
  const { name, message, stack } = value as Record<string, unknown>;
  return typeof name === "string" && typeof message === "string" && (stack === undefined || typeof stack === "string");
}

/** Message, type, stack and cause of anything thrown. */
export function describeThrown(value: unknown): ThrownDescription {
  if (!isErrorLike(value))
    return { message: textOf(value) + NON_ERROR_ADVICE, type: className(value), stack: "", cause: undefined };
  return {
    message: value.message,
    type: className(value) ?? value.name,
    stack: value.stack ?? "",
    cause: isErrorLike(value.cause) ? value.cause : undefined,
  };
}

function className(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { constructor } = value as { readonly constructor?: unknown };
  return typeof constructor === "function" && constructor.name ? constructor.name : undefined;
}

function textOf(value: unknown): string {
  try {
    // JSON has no text for a function, a symbol or undefined, whatever its type says.
    const json = typeof value === "object" && value !== null ? (JSON.stringify(value) as unknown) : undefined;
    if (typeof json === "string") return json;
  } catch {
    // Cyclic, or with a toJSON of its own that throws: the plain text has to do.
  }
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
