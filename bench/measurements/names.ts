/**
 * The names of the measurements, as --only takes them, in the order in which they run.
 *
 * Owns: the list; `run.ts` knows what each one does.
 */
export const measurementNames = [
  "empty",
  "one",
  "eager",
  "ten",
  "hundred",
  "throughput",
  "signal",
  "signals",
  "starts",
  "children",
  "timer",
  "history",
  "sleeping",
  "cost",
] as const;

export type MeasurementName = (typeof measurementNames)[number];

/** The measurements that compare the subjects; the others look at Holdfast, or at bills. */
export type ComparedName = Exclude<MeasurementName, UncomparedName>;
export type UncomparedName = "history" | "sleeping" | "cost";

export function isCompared(name: MeasurementName): name is ComparedName {
  return name !== "history" && name !== "sleeping" && name !== "cost";
}

/** Whether thousands of objects are loaded for it. */
export function hasManyObjects(name: ComparedName): boolean {
  return name === "throughput" || name === "starts" || name === "children";
}
