/**
 * What `holdfast/bundler` exports: tools that run in Node.js when an application is built.
 *
 * Owns: the list. Needs the packages esbuild, and for `findModuleState` oxc-parser, which the application installs.
 */
export { RefusedImportsError, type RefusedImport } from "./import-chains.ts";
export { bundleWorkflowCode, type BundledWorkflowCode, type BundleOptions } from "./workflow-bundler.ts";
export { findModuleState, type ModuleStateFinding } from "./module-state.ts";
