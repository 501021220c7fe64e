/**
 * Which declaration a name means.
 *
 * Owns: scopes and what they declare. A scope whose code runs once, while its module loads, holds state of the module:
 * that is the module itself, its blocks, and functions that are called where they are written.
 */
import { childOf, codeChildren, listOf, nameOf, type SyntaxNode } from "./syntax-tree.ts";

export type BindingKind = "let" | "var" | "const" | "class" | "function" | "import" | "parameter";

export interface Binding {
  readonly name: string;
  readonly kind: BindingKind;
  /** Whether all runs share it. */
  readonly isModuleState: boolean;
  /** Where it is declared. */
  readonly at: SyntaxNode;
  /** What it is bound to; the class or function itself where it is one. */
  readonly value: SyntaxNode | undefined;
  /** The module that an import names. */
  readonly source?: string | undefined;
}

export class Scope {
  readonly #bindings = new Map<string, Binding>();
  readonly #parent: Scope | undefined;
  /** Whether the code in it runs once, while the module loads. */
  readonly runsAtLoad: boolean;

  constructor(parent: Scope | undefined, runsAtLoad: boolean) {
    this.#parent = parent;
    this.runsAtLoad = runsAtLoad;
  }

  find(name: string): Binding | undefined {
    return this.#bindings.get(name) ?? this.#parent?.find(name);
  }

  /** Declares the names that a pattern binds. */
  declare(pattern: SyntaxNode | undefined, binding: Omit<Binding, "name" | "isModuleState" | "at">): void {
    for (const at of boundIdentifiers(pattern)) {
      const name = nameOf(at);
      if (name !== undefined) this.#bindings.set(name, { ...binding, name, isModuleState: this.runsAtLoad, at });
    }
  }

  /** Declares what the statements of a block declare, besides `var`. */
  declareStatements(statements: readonly SyntaxNode[]): void {
    for (const statement of statements) this.#declareStatement(exported(statement));
  }

  #declareStatement(statement: SyntaxNode): void {
    switch (statement.type) {
      case "VariableDeclaration":
        if (statement["kind"] !== "var") this.#declareVariables(statement);
        return;
      case "FunctionDeclaration":
        return this.declare(childOf(statement, "id"), { kind: "function", value: statement });
      case "ClassDeclaration":
        return this.declare(childOf(statement, "id"), { kind: "class", value: statement });
      case "ImportDeclaration":
        for (const specifier of listOf(statement, "specifiers"))
          this.declare(childOf(specifier, "local"), {
            kind: "import",
            value: undefined,
            source: String(childOf(statement, "source")?.["value"]),
          });
        return;
    }
  }

  /** Declares every `var` of a function's body or of the module, wherever it is written. */
  declareVars(node: SyntaxNode): void {
    if (isFunction(node) || node.type === "ClassBody") return;
    if (node.type === "VariableDeclaration" && node["kind"] === "var") this.#declareVariables(node);
    for (const child of codeChildren(node)) this.declareVars(child);
  }

  #declareVariables(declaration: SyntaxNode): void {
    const kind = declaration["kind"] === "var" || declaration["kind"] === "let" ? declaration["kind"] : "const";
    for (const declarator of listOf(declaration, "declarations"))
      this.declare(childOf(declarator, "id"), { kind, value: childOf(declarator, "init") });
  }
}

export function isFunction({ type }: SyntaxNode): boolean {
  return type === "FunctionDeclaration" || type === "FunctionExpression" || type === "ArrowFunctionExpression";
}

/** The declaration in an export statement, or the statement. */
function exported(statement: SyntaxNode): SyntaxNode {
  return childOf(statement, "declaration") ?? statement;
}

/** The identifiers that a pattern binds. */
export function boundIdentifiers(pattern: SyntaxNode | undefined): SyntaxNode[] {
  switch (pattern?.type) {
    case undefined:
      return [];
    case "Identifier":
      return [pattern];
    case "ObjectPattern":
      return listOf(pattern, "properties").flatMap((property) =>
        boundIdentifiers(childOf(property, "argument") ?? childOf(property, "value")),
      );
    case "ArrayPattern":
      return listOf(pattern, "elements").flatMap(boundIdentifiers);
    case "AssignmentPattern":
      return boundIdentifiers(childOf(pattern, "left"));
    case "RestElement":
      return boundIdentifiers(childOf(pattern, "argument"));
    case "TSParameterProperty":
      return boundIdentifiers(childOf(pattern, "parameter"));
    default:
      return [];
  }
}
