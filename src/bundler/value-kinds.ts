/**
 * What is known of values by how they are made.
 *
 * Owns: the lists: methods that change what they are called on, and classes whose instances keep nothing.
 */
import type { Binding, Scope } from "./module-scopes.ts";
import { childOf, codeChildren, listOf, nameOf, propertyOf, type SyntaxNode, unwrapped } from "./syntax-tree.ts";

/** Methods of the built-in containers, of dates, iterators and typed arrays, that change them. */
export const MUTATING_METHODS: ReadonlySet<string> = new Set(
  (
    "push pop shift unshift splice sort reverse fill copyWithin set add delete clear append next " +
    "getOrInsert getOrInsertComputed setDate setFullYear setHours setMilliseconds setMinutes setMonth setSeconds " +
    "setTime setUTCDate setUTCFullYear setUTCHours setUTCMilliseconds setUTCMinutes setUTCMonth setUTCSeconds"
  ).split(" "),
);

/** Built-in classes whose other methods change nothing, or nothing that another run sees. */
const KNOWN_CLASSES: ReadonlySet<string> = new Set(
  (
    "Array ArrayBuffer AsyncLocalStorage BigInt64Array BigUint64Array DataView Date Error Float32Array Float64Array " +
    "Headers Int16Array Int32Array Int8Array Map Object RangeError RegExp Set TextDecoder TextEncoder TypeError URL " +
    "URLPattern URLSearchParams Uint16Array Uint32Array Uint8Array WeakMap WeakSet"
  ).split(" "),
);

/** Whether a value is a proxy of Holdfast's: its methods are activities and sinks, whatever they are called. */
export function isProxy(value: SyntaxNode | undefined): boolean {
  const made = unwrapped(value);
  if (made?.type !== "CallExpression") return false;
  return /^proxy(Activities|LocalActivities|Sinks)$/.test(nameOf(unwrapped(childOf(made, "callee"))) ?? "");
}

/** Whether a method of an instance may change it. What the class is must be seen in this module to be acquitted. */
export function isStatefulInstance({ value }: Binding, method: string, scope: Scope): boolean {
  const made = unwrapped(value);
  if (made?.type !== "NewExpression") return false;
  const name = nameOf(unwrapped(childOf(made, "callee")));
  if (name === undefined) return false;
  const declared = scope.find(name);
  // `new Intl.NumberFormat()` has no name here; a global class that is not listed is the platform's.
  if (declared === undefined || KNOWN_CLASSES.has(name)) return false;
  return declared.kind !== "class" || changesItself(declared.value, method);
}

/** Whether a class changes its instances anywhere but in the constructor, or inherits what cannot be seen here. */
function changesItself(declaration: SyntaxNode | undefined, method: string): boolean {
  if (declaration === undefined || childOf(declaration, "superClass") !== undefined) return true;
  const members = listOf(childOf(declaration, "body"), "body").filter(({ kind }) => kind !== "constructor");
  const isKnown = members.some((member) => nameOf(childOf(member, "key")) === method);
  return !isKnown || members.some((member) => member.type === "MethodDefinition" && changesThis(member));
}

function changesThis(node: SyntaxNode): boolean {
  const target =
    node.type === "AssignmentExpression"
      ? childOf(node, "left")
      : node.type === "UpdateExpression" || (node.type === "UnaryExpression" && node["operator"] === "delete")
        ? childOf(node, "argument")
        : undefined;
  if (target !== undefined && hangsOnThis(target)) return true;
  const callee = node.type === "CallExpression" ? unwrapped(childOf(node, "callee")) : undefined;
  if (callee?.type === "MemberExpression" && MUTATING_METHODS.has(propertyOf(callee) ?? "") && hangsOnThis(callee))
    return true;
  return codeChildren(node).some(changesThis);
}

function hangsOnThis(expression: SyntaxNode): boolean {
  let at = unwrapped(expression);
  while (at?.type === "MemberExpression") at = unwrapped(childOf(at, "object"));
  return at?.type === "ThisExpression";
}

/** A regular expression with the flags `g` or `y` remembers where it stopped. */
export function isStickyRegExp(value: SyntaxNode | undefined, method: string): boolean {
  if (method !== "exec" && method !== "test") return false;
  const regex = unwrapped(value)?.["regex"];
  return typeof regex === "object" && regex !== null && "flags" in regex && /[gy]/.test(String(regex.flags));
}
