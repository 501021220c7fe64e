/**
 * Which changes of one module's code outlive a run.
 *
 * Owns: the walk over the code, and what counts as a change: assignments, deletions, and calls of methods known to
 * change what they are called on. It follows names, not values: a container that is passed to another function, or
 * given another name, is out of sight.
 */
import { type Binding, boundIdentifiers, isFunction, Scope } from "./module-scopes.ts";
import { childOf, codeChildren, listOf, nameOf, propertyOf, type SyntaxNode, unwrapped } from "./syntax-tree.ts";
import { isProxy, isStatefulInstance, isStickyRegExp, MUTATING_METHODS } from "./value-kinds.ts";

/** Something that a function changes and that all runs share. */
export interface StateChange {
  readonly kind: "reassigned" | "mutated" | "global";
  readonly name: string;
  /** Where what is changed is declared; where it is changed, if that is in another module. */
  readonly declaredAt: SyntaxNode;
  readonly changedAt: SyntaxNode;
}

/** Functions whose first argument is changed. */
const CHANGING_FUNCTIONS: ReadonlySet<string> = new Set([
  "Object.assign",
  "Object.defineProperties",
  "Object.defineProperty",
  "Object.setPrototypeOf",
  "Reflect.defineProperty",
  "Reflect.deleteProperty",
  "Reflect.set",
  "Reflect.setPrototypeOf",
]);

/** Methods that call their argument before they return. */
const ITERATING_METHODS: ReadonlySet<string> = new Set(
  "every filter find findIndex flatMap forEach from map reduce reduceRight some sort toSorted".split(" "),
);

/** What `this` is in the code being walked: the class, in its static parts. */
interface Place {
  readonly scope: Scope;
  readonly runsAtLoad: boolean;
  readonly staticClass: Binding | undefined;
}

/** What an expression that is changed hangs on. */
type Root =
  | { readonly kind: "binding"; readonly binding: Binding }
  | { readonly kind: "global"; readonly name: string }
  | { readonly kind: "unknown" };

/** The changes of a module, in the order of its text. */
export function stateChanges(program: SyntaxNode): StateChange[] {
  const walk = new StateWalk();
  const scope = new Scope(undefined, true);
  scope.declareVars(program);
  scope.declareStatements(listOf(program, "body"));
  walk.visitChildren(program, { scope, runsAtLoad: true, staticClass: undefined });
  return walk.changes;
}

class StateWalk {
  readonly changes: StateChange[] = [];

  visitChildren(node: SyntaxNode, place: Place): void {
    for (const child of codeChildren(node)) this.#visit(child, place);
  }

  #visit(node: SyntaxNode, place: Place): void {
    switch (node.type) {
      case "AssignmentExpression":
      case "ForInStatement":
      case "ForOfStatement":
        this.#visitTargets(childOf(node, "left"), node, place);
        break;
      case "UpdateExpression":
        this.#change(childOf(node, "argument"), node, place);
        break;
      case "UnaryExpression":
        if (node["operator"] === "delete") this.#change(childOf(node, "argument"), node, place);
        break;
      case "CallExpression":
        return this.#visitCall(node, place);
    }
    if (isFunction(node)) return this.#visitFunction(node, { ...place, runsAtLoad: false });
    if (node.type === "ClassDeclaration" || node.type === "ClassExpression") return this.#visitClass(node, place);
    this.visitChildren(node, opensScope(node) ? { ...place, scope: blockScope(node, place) } : place);
  }

  #visitCall(call: SyntaxNode, place: Place): void {
    const callee = unwrapped(childOf(call, "callee"));
    this.#changeByCall(call, callee, place);
    const calledHere = place.runsAtLoad && callee !== undefined && isFunction(callee);
    if (calledHere) this.#visitFunction(callee, place);
    else if (callee !== undefined) this.#visit(callee, place);
    const iterates = callee?.type === "MemberExpression" && ITERATING_METHODS.has(propertyOf(callee) ?? "");
    for (const argument of listOf(call, "arguments")) {
      if (iterates && isFunction(argument)) this.#visitFunction(argument, place);
      else this.#visit(argument, place);
    }
  }

  #changeByCall(call: SyntaxNode, callee: SyntaxNode | undefined, place: Place): void {
    if (callee?.type !== "MemberExpression") return;
    const object = unwrapped(childOf(callee, "object"));
    const method = propertyOf(callee) ?? "";
    if (CHANGING_FUNCTIONS.has(`${nameOf(object)}.${method}`) && place.scope.find(nameOf(object) ?? "") === undefined)
      return this.#changeThrough(listOf(call, "arguments")[0], call, place);
    const root = this.#rootOf(object, place);
    if (root.kind !== "binding" || isProxy(root.binding.value)) return;
    const { binding } = root;
    const isOfPackage = binding.kind === "import" && binding.source?.startsWith(".") !== true;
    const isDirect = object?.type === "Identifier";
    if (
      (MUTATING_METHODS.has(method) && !isOfPackage) ||
      (isDirect && (isStatefulInstance(binding, method, place.scope) || isStickyRegExp(binding.value, method)))
    )
      this.#report("mutated", binding, call, place);
  }

  #visitFunction(node: SyntaxNode, outer: Place): void {
    const scope = new Scope(outer.scope, outer.runsAtLoad);
    if (node.type === "FunctionExpression") scope.declare(childOf(node, "id"), { kind: "function", value: node });
    for (const parameter of listOf(node, "params")) scope.declare(parameter, { kind: "parameter", value: undefined });
    const body = childOf(node, "body");
    if (body?.type === "BlockStatement") {
      for (const statement of listOf(body, "body")) scope.declareVars(statement);
      scope.declareStatements(listOf(body, "body"));
    }
    // An arrow function has the `this` of the code around it.
    const staticClass = node.type === "ArrowFunctionExpression" ? outer.staticClass : undefined;
    const place = { scope, runsAtLoad: outer.runsAtLoad, staticClass };
    for (const parameter of listOf(node, "params")) this.#visit(parameter, place);
    if (body?.type === "BlockStatement") this.visitChildren(body, place);
    else if (body !== undefined) this.#visit(body, place);
  }

  #visitClass(node: SyntaxNode, outer: Place): void {
    const scope = new Scope(outer.scope, outer.runsAtLoad);
    scope.declare(childOf(node, "id"), { kind: "class", value: node });
    const binding = scope.find(nameOf(childOf(node, "id")) ?? "") ?? anonymousClass(node, outer.runsAtLoad);
    const superClass = childOf(node, "superClass");
    if (superClass !== undefined) this.#visit(superClass, outer);
    for (const member of listOf(childOf(node, "body"), "body")) this.#visitMember(member, { ...outer, scope }, binding);
  }

  #visitMember(member: SyntaxNode, outer: Place, binding: Binding): void {
    const isStatic = member["static"] === true || member.type === "StaticBlock";
    const staticClass = isStatic ? binding : undefined;
    if (member["computed"] === true) this.#visitIfPresent(childOf(member, "key"), outer);
    const value = childOf(member, "value");
    if (member.type === "StaticBlock") {
      const scope = new Scope(outer.scope, outer.runsAtLoad);
      scope.declareStatements(listOf(member, "body"));
      return this.visitChildren(member, { ...outer, scope, staticClass });
    }
    if (member.type !== "MethodDefinition")
      return this.#visitIfPresent(value, { ...outer, staticClass, runsAtLoad: outer.runsAtLoad && isStatic });
    if (value === undefined) return;
    const scope = new Scope(outer.scope, false);
    for (const parameter of listOf(value, "params")) scope.declare(parameter, { kind: "parameter", value: undefined });
    const body = childOf(value, "body");
    for (const statement of listOf(body, "body")) scope.declareVars(statement);
    scope.declareStatements(listOf(body, "body"));
    const place = { scope, runsAtLoad: false, staticClass };
    for (const parameter of listOf(value, "params")) this.#visit(parameter, place);
    if (body !== undefined) this.visitChildren(body, place);
  }

  #visitIfPresent(node: SyntaxNode | undefined, place: Place): void {
    if (node !== undefined) this.#visit(node, place);
  }

  /** The targets of an assignment, which may be a pattern of them. */
  #visitTargets(target: SyntaxNode | undefined, node: SyntaxNode, place: Place): void {
    if (target === undefined || target.type === "VariableDeclaration") return;
    if (target.type === "ObjectPattern" || target.type === "ArrayPattern") {
      for (const identifier of boundIdentifiers(target)) this.#change(identifier, node, place);
      for (const member of memberTargets(target)) this.#change(member, node, place);
    } else this.#change(target, node, place);
  }

  /** A name that gets another value, or something inside what a name is bound to. */
  #change(target: SyntaxNode | undefined, node: SyntaxNode, place: Place): void {
    const direct = unwrapped(target);
    if (direct?.type !== "Identifier") return this.#changeThrough(childOf(direct, "object"), node, place);
    const binding = place.scope.find(nameOf(direct) ?? "");
    if (binding !== undefined) this.#report("reassigned", binding, node, place);
  }

  /** Something inside what the expression is. */
  #changeThrough(expression: SyntaxNode | undefined, node: SyntaxNode, place: Place): void {
    const root = this.#rootOf(expression, place);
    if (root.kind === "binding") this.#report("mutated", root.binding, node, place);
    else if (root.kind === "global")
      this.changes.push({ kind: "global", name: root.name, declaredAt: node, changedAt: node });
  }

  #report(kind: "reassigned" | "mutated", binding: Binding, changedAt: SyntaxNode, place: Place): void {
    if (!binding.isModuleState || place.runsAtLoad) return;
    const declaredAt = binding.kind === "import" ? changedAt : binding.at;
    this.changes.push({ kind, name: binding.name, declaredAt, changedAt });
  }

  #rootOf(expression: SyntaxNode | undefined, place: Place): Root {
    let at = unwrapped(expression);
    while (at?.type === "MemberExpression") at = unwrapped(childOf(at, "object"));
    if (at?.type === "ThisExpression" && place.staticClass !== undefined)
      return { kind: "binding", binding: place.staticClass };
    const name = at?.type === "Identifier" ? nameOf(at) : undefined;
    if (name === undefined) return { kind: "unknown" };
    const binding = place.scope.find(name);
    return binding === undefined ? { kind: "global", name } : { kind: "binding", binding };
  }
}

function anonymousClass(node: SyntaxNode, isModuleState: boolean): Binding {
  return { name: "an anonymous class", kind: "class", isModuleState, at: node, value: node };
}

function opensScope({ type }: SyntaxNode): boolean {
  return /^(BlockStatement|For(In|Of)?Statement|SwitchStatement|CatchClause)$/.test(type);
}

function blockScope(node: SyntaxNode, { scope, runsAtLoad }: Place): Scope {
  const inner = new Scope(scope, runsAtLoad);
  inner.declareStatements([
    ...listOf(node, "body"),
    ...listOf(node, "cases").flatMap((branch) => listOf(branch, "consequent")),
    ...["init", "left"].flatMap((key) => childOf(node, key) ?? []),
  ]);
  if (node.type === "CatchClause") inner.declare(childOf(node, "param"), { kind: "parameter", value: undefined });
  return inner;
}

/** The member expressions among the targets of a pattern. */
function memberTargets(pattern: SyntaxNode): SyntaxNode[] {
  if (pattern.type === "MemberExpression") return [pattern];
  const parts = [...listOf(pattern, "elements"), ...listOf(pattern, "properties")];
  const inner = ["value", "argument", "left"].flatMap((key) => childOf(pattern, key) ?? []);
  return [...parts, ...inner].flatMap(memberTargets);
}
