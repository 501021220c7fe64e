/**
 * Metrics from activities.
 *
 * Owns: the tags that every value of an activity has.
 */
import { type MetricMeter, MetricMeterWithComposedTags, type MetricTags } from "../common/index.ts";
import type { Info } from "./activity-info.ts";

/** The meter of one attempt, on the worker's. `intercept` is asked for the tags of each value. */
export function activityMetricMeter(
  meter: MetricMeter,
  { namespace, taskQueue, activityType }: Info,
  intercept: (tags: MetricTags) => MetricTags = (tags) => tags,
): MetricMeter {
  // Interceptors may change what is said of the activity, but a value always has the worker's tags.
  const ofWorker = MetricMeterWithComposedTags.compose(meter, { namespace, taskQueue });
  return MetricMeterWithComposedTags.compose(ofWorker, () => intercept({ namespace, taskQueue, activityType }));
}
