/**
 * Stack traces as users want to see them: their own frames.
 *
 * Owns: which frames are Holdfast's. A bundle puts user code and Holdfast into one file, so besides the path there is
 * a function whose name survives bundling; everything that called it is Holdfast or the runtime.
 */

const BOUNDARY_FRAME = /^\s+at .*\bholdfastStackBoundary\b/;
const OWN_FRAME = /^\s+at .*[/\\]node_modules[/\\]holdfast[/\\](?:dist|src)[/\\]/;

/**
 * Calls user code so that stack traces end here: frames of whatever called this are cut off by `cutoffStackTrace`.
 *
 * @example
 * await holdfastStackBoundary(() => "the result of user code"); // "the result of user code"
 */
export async function holdfastStackBoundary<T>(run: () => T | PromiseLike<T>): Promise<T> {
  // The await keeps this function in asynchronous stack traces.
  return await run();
}

/**
 * A stack trace without Holdfast's frames and without those below the user's entry point.
 *
 * @example
 * const frames = ["    at charge (activities.ts:3:9)", "    at holdfastStackBoundary (worker.js:1:1)"];
 * cutoffStackTrace(["Error: no amount", ...frames].join("\n")); // "Error: no amount\n    at charge (activities.ts:3:9)"
 */
export function cutoffStackTrace(stack?: string): string {
  const kept: string[] = [];
  for (const line of (stack ?? "").split("\n")) {
    if (BOUNDARY_FRAME.test(line)) break;
    if (!OWN_FRAME.test(line)) kept.push(line);
  }
  return kept.join("\n").trimEnd();
}
