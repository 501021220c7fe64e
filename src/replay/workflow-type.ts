/**
 * The type of a workflow that is named by its function.
 *
 * Owns: the rule. A type is the name of an exported function.
 */
import { ValueError } from "../codec/index.ts";

/**
 * The name of a workflow, given as a name or as the function. Throws `ValueError` for a function without one.
 *
 * @example
 * extractWorkflowType(transfer); // "transfer"
 */
export function extractWorkflowType(workflow: string | { readonly name: string }): string {
  const name = typeof workflow === "string" ? workflow : workflow.name;
  if (!name) throw new ValueError("A workflow must be named: give its name, or a function that has one");
  return name;
}
