/**
 * Source text as a tree.
 *
 * Owns: the use of the parser, which is an optional dependency: only the search for module state needs it.
 */
import { createRequire } from "node:module";

/** A node of the ESTree that the parser makes, TypeScript's nodes included. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

export interface SourceComment {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

export interface SourceTree {
  readonly program: SyntaxNode;
  readonly comments: readonly SourceComment[];
}

/** What is used of oxc-parser. */
interface Parser {
  parseSync(
    path: string,
    text: string,
  ): { readonly program: unknown; readonly comments: SourceComment[]; readonly errors: { readonly message: string }[] };
}

function loadParser(): Parser {
  try {
    return createRequire(import.meta.url)("oxc-parser") as Parser;
  } catch (error) {
    throw new Error("The search for module state needs the package oxc-parser: npm install --save-dev oxc-parser", {
      cause: error,
    });
  }
}

/** Parses a file's text; its name tells the language. Throws `SyntaxError` where it cannot be read. */
export function parseSource(path: string, text: string): SourceTree {
  const { program, comments, errors } = loadParser().parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`);
  return { program: program as SyntaxNode, comments };
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** A node's child under a key, if there is one. */
export function childOf(node: SyntaxNode | undefined, key: string): SyntaxNode | undefined {
  const value = node?.[key];
  return isNode(value) ? value : undefined;
}

/** A node's children under a key that holds a list; holes are left out. */
export function listOf(node: SyntaxNode | undefined, key: string): SyntaxNode[] {
  const value = node?.[key];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** Nodes that wrap an expression and mean nothing when it runs. */
const TRANSPARENT: ReadonlySet<string> = new Set([
  "ParenthesizedExpression",
  "ChainExpression",
  "TSAsExpression",
  "TSSatisfiesExpression",
  "TSNonNullExpression",
  "TSTypeAssertion",
  "TSInstantiationExpression",
]);

/** The expression inside of parentheses and type assertions. */
export function unwrapped(node: SyntaxNode | undefined): SyntaxNode | undefined {
  let inner = node;
  while (inner !== undefined && TRANSPARENT.has(inner.type)) inner = childOf(inner, "expression");
  return inner;
}

/** All children that can hold code. Types hold none. */
export function codeChildren(node: SyntaxNode): SyntaxNode[] {
  return Object.values(node).flatMap((value) => {
    const children: unknown[] = Array.isArray(value) ? value : [value];
    return children
      .filter(isNode)
      .filter(({ type }) => !type.startsWith("TS") || TRANSPARENT.has(type) || isCode(type));
  });
}

function isCode(type: string): boolean {
  return type === "TSExportAssignment" || type === "TSModuleDeclaration" || type === "TSModuleBlock";
}

/** The text of an identifier. */
export function nameOf(node: SyntaxNode | undefined): string | undefined {
  return typeof node?.["name"] === "string" ? node["name"] : undefined;
}

/** The name of the property that a member expression takes, as far as it is written down. */
export function propertyOf(member: SyntaxNode): string | undefined {
  const property = childOf(member, "property");
  if (member["computed"] !== true) return nameOf(property);
  return typeof property?.["value"] === "string" ? property["value"] : undefined;
}
