/**
 * Flags that drivers and activities raise for each other, so that what happens when is decided and not raced.
 *
 * Owns: the flags. All of a Worker is one isolate here, so a module's memory is common to its requests; each side looks
 * again and again, because one request must not wait for another one's promise.
 */
const raised = new Map<string, unknown>();

const POLL_MS = 4;

/** Raises a flag for good. Who waits for it gets `value`. */
export function raiseFlag(name: string, value: unknown = true): void {
  raised.set(name, value);
}

/** The value of a flag, or undefined while it is down. */
export function flagValue(name: string): unknown {
  return raised.get(name);
}

/**
 * Waits for a flag and gives its value. Throws after `patienceMs` (default 20 seconds), so that a scenario that hangs
 * says where.
 *
 * @example
 * await flag(`${workflowId}/started`);
 */
export async function flag(name: string, patienceMs = 20_000): Promise<unknown> {
  const untilMs = Date.now() + patienceMs;
  while (!raised.has(name)) {
    if (Date.now() > untilMs) throw new Error(`The flag ${name} was not raised within ${patienceMs} ms.`);
    await scheduler.wait(POLL_MS);
  }
  return raised.get(name);
}
