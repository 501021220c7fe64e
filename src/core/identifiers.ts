/**
 * Names that callers choose: what is allowed, and how a workflow's Durable Object is named.
 *
 * Owns: validation of ids at the edge. A malformed id is refused before any object is addressed.
 */
import { MAX_ID_BYTES, MAX_NAMESPACE_CHARACTERS } from "./limits.ts";

const NAMESPACE_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** UTF-8 length of a string, without a platform encoder. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00) {
      bytes += 4;
      index += 1;
    } else bytes += 3;
  }
  return bytes;
}

/** What is wrong with an id, or undefined. `what` names it in the message, as in "workflowId". */
export function idProblem(what: string, id: unknown): string | undefined {
  if (typeof id !== "string") return `${what} must be a string`;
  if (id.length === 0) return `${what} must not be empty`;
  if (CONTROL_CHARACTERS.test(id)) return `${what} must not contain control characters`;
  if (LONE_SURROGATE.test(id)) return `${what} must be well-formed Unicode`;
  if (utf8Bytes(id) > MAX_ID_BYTES) return `${what} must be at most ${MAX_ID_BYTES} bytes of UTF-8`;
  return undefined;
}

/** What is wrong with a namespace name, or undefined. */
export function namespaceProblem(namespace: unknown): string | undefined {
  if (typeof namespace !== "string" || !NAMESPACE_PATTERN.test(namespace))
    return "namespace must begin with a letter, digit or '_' and hold only letters, digits, '_', '-' and '.'";
  if (namespace.length > MAX_NAMESPACE_CHARACTERS)
    return `namespace must be at most ${MAX_NAMESPACE_CHARACTERS} characters`;
  return undefined;
}

/** The namespace in a Durable Object's name; undefined for a name that is none of a workflow's. */
export function namespaceOfObject(name: string | undefined): string | undefined {
  const end = name?.indexOf("/") ?? -1;
  return end > 0 ? name?.slice(0, end) : undefined;
}

/** Name of the Durable Object that owns a workflow id. The namespace cannot contain '/', so names never collide. */
export function workflowObjectName(namespace: string, workflowId: string): string {
  return `${namespace}/${workflowId}`;
}
