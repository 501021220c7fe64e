/**
 * Where workflow functions come from: a module that all runs of an isolate share, or a bundle that makes every run its
 * own modules.
 *
 * Owns: the shape of a bundle, which `holdfast/bundler` writes and this file reads, and the making of an instance. The
 * code of a bundle is evaluated inside the run: what it does while it loads is as deterministic as the rest.
 */
import { ValueError } from "../codec/index.ts";
import type { WorkflowInterceptorsFactory } from "./interceptors.ts";
import { runGlobals } from "./run-globals.ts";

/** The modules of one run, as a bundle's code hands them over. */
export interface WorkflowInstance {
  readonly workflows: Readonly<Record<string, unknown>>;
  /** The modules named as interceptors when the bundle was made, in that order. */
  readonly interceptorModules: readonly Readonly<Record<string, unknown>>[];
}

/** Workflow code that is evaluated once for each run. The default export of what `bundleWorkflowCode` writes. */
export interface WorkflowBundle {
  /** The version of this shape. */
  readonly holdfastWorkflowBundle: 1;
  /** Evaluates all modules anew. `globals` stands in for the global object. */
  readonly instantiate: (globals: object) => WorkflowInstance;
}

/** A module of workflow functions, a bundle, or the module whose default export is a bundle. */
export type WorkflowSource = Readonly<Record<string, unknown>> | WorkflowBundle;

const BUNDLE_VERSION = 1;

/** The workflow functions of one run, and the interceptors that were bundled with them. */
export interface LoadedWorkflows {
  readonly workflows: Readonly<Record<string, unknown>>;
  readonly interceptors: readonly WorkflowInterceptorsFactory[];
}

/**
 * The functions that a run is made of. Call it once a run, in the run's context: with a bundle, all modules are
 * evaluated here. Throws what a module throws while it loads, `ValueError` for a bundle of another version, and
 * `TypeError` for an interceptor module that exports something else than a factory.
 *
 * @example
 * const { workflows, interceptors } = loadWorkflows(bundle);
 */
export function loadWorkflows(source: WorkflowSource): LoadedWorkflows {
  const bundle = bundleIn(source);
  if (bundle === undefined) return { workflows: source as Readonly<Record<string, unknown>>, interceptors: [] };
  const { workflows, interceptorModules } = bundle.instantiate(runGlobals());
  return { workflows, interceptors: interceptorModules.flatMap(factoryIn) };
}

function bundleIn(source: WorkflowSource): WorkflowBundle | undefined {
  const candidates: unknown[] = [source, (source as Readonly<Record<string, unknown>>)["default"]];
  for (const candidate of candidates) {
    if (typeof candidate !== "object" || candidate === null || !("holdfastWorkflowBundle" in candidate)) continue;
    if (candidate.holdfastWorkflowBundle === BUNDLE_VERSION) return candidate as WorkflowBundle;
    throw new ValueError("The workflow bundle was made for another version of Holdfast: make it anew.");
  }
  return undefined;
}

function factoryIn(module: Readonly<Record<string, unknown>>): WorkflowInterceptorsFactory[] {
  const factory = module["interceptors"];
  if (factory === undefined) return [];
  if (typeof factory !== "function") throw new TypeError("interceptors must be exported as a function");
  return [factory as WorkflowInterceptorsFactory];
}
