/**
 * All workflows of the scenarios. This list is bundled twice: by the judged Worker, with `holdfast/workflow`, and by the
 * official SDK, with its own package under that name.
 */
export * from "./activities.ts";
export * from "./cancellation.ts";
export * from "./chains.ts";
export * from "./children.ts";
export * from "./continuation.ts";
export * from "./determinism.ts";
export * from "./failures.ts";
export * from "./information.ts";
export * from "./intercepted.ts";
export * from "./local-activities.ts";
export * from "./messages.ts";
export * from "./pauses.ts";
export * from "./races.ts";
export * from "./resets.ts";
export * from "./time.ts";
export * from "./versioning.ts";
