/**
 * How much text a value holds: what decides whether it fits a message or a history.
 *
 * Owns: the count. Looks at lengths only, so that it costs nothing beside what is done with the value.
 */

/** Characters of all strings in a value, names of fields included; numbers and the like count as a few. */
export function characters(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  let total = 0;
  if (Array.isArray(value)) for (const item of value) total += characters(item);
  else for (const [name, field] of Object.entries(value)) total += name.length + characters(field);
  return total;
}

/** Counts of lists that only grow, so that an event is looked at once however many come after it. */
const counted = new WeakMap<readonly object[], { events: number; characters: number }>();

/** Characters of the events that wait for a workflow task to end. */
export function waitingCharacters(buffered: readonly object[]): number {
  const count = counted.get(buffered) ?? { events: 0, characters: 0 };
  for (; count.events < buffered.length; count.events += 1) count.characters += characters(buffered[count.events]);
  counted.set(buffered, count);
  return count.characters;
}
