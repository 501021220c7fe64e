/**
 * From a workflow's type to its function.
 *
 * Owns: the rule. A type is the name of an exported function; a function exported as `default` stands in for the
 * types that are not exported.
 */

export type WorkflowFunction = (...args: unknown[]) => unknown;

/** The function of a type. Throws `TypeError` if there is none, which fails the workflow task. */
export function findWorkflow(workflows: Readonly<Record<string, unknown>>, workflowType: string): WorkflowFunction {
  const named: unknown = Object.hasOwn(workflows, workflowType) ? workflows[workflowType] : undefined;
  const found = named ?? workflows["default"];
  if (typeof found === "function") return found as WorkflowFunction;
  throw new TypeError(
    `Failed to initialize workflow of type '${workflowType}': no such function is exported by the workflow bundle`,
  );
}
