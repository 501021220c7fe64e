/**
 * What the platform charges, beyond what is included in a plan.
 *
 * Owns: list prices in US dollars per million, as published by Cloudflare in November 2026. Duration, CPU time and
 * storage are left out: they depend on what the application does, not on who remembers it.
 */
import type { Usage } from "./workers/usage.ts";

export const dollarsPerMillion: Readonly<Record<keyof Usage, number>> = {
  rowsWritten: 1,
  objectRequests: 0.15,
  workerRequests: 0.3,
  queueOperations: 0.4,
};

/** Cloudflare Workflows is billed by the step: $0.80 for 100,000. Its rows and requests are in that price. */
export const WORKFLOWS_DOLLARS_PER_MILLION_STEPS = 8;

/**
 * The price of a million times this usage, in US dollars.
 *
 * @example
 * priceOfMillion({ rowsWritten: 1, objectRequests: 1, workerRequests: 0, queueOperations: 0 }); // 1.15
 */
export function priceOfMillion(usage: Usage): number {
  return (Object.keys(dollarsPerMillion) as (keyof Usage)[]).reduce(
    (dollars, item) => dollars + usage[item] * dollarsPerMillion[item],
    0,
  );
}
