/**
 * Metrics with tags from several places: the worker, interceptors, the meter, the metric, the single value.
 *
 * Owns: which tag wins (the later place), when tags that are functions are asked for (at each value), and refusing
 * values that a metric cannot have. The meter underneath is told all tags with each value; its `withTags` is not used.
 */
import type {
  Metric,
  MetricCounter,
  MetricGauge,
  MetricHistogram,
  MetricMeter,
  MetricTags,
  MetricTagsOrFunc,
  MetricUpDownCounter,
  NumericMetricValueType,
} from "./metrics.ts";

type TagSources = readonly MetricTagsOrFunc[];

/** A tag that is null or undefined takes away what an earlier place said. */
function tagsOf(sources: TagSources, extraTags: MetricTags | undefined): MetricTags {
  const tags: MetricTags = {};
  for (const source of sources) Object.assign(tags, typeof source === "function" ? source() : source);
  Object.assign(tags, extraTags);
  const entries: readonly (readonly [string, unknown])[] = Object.entries(tags);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== null)) as MetricTags;
}

function assertNotNegative(metric: string, value: number): void {
  if (value < 0) throw new Error(`${metric} value must be non-negative (got ${value})`);
}

abstract class TaggedMetric<M extends Metric> {
  protected readonly metric: M;
  protected readonly sources: TagSources;

  constructor(metric: M, sources: TagSources) {
    this.metric = metric;
    this.sources = sources;
  }

  get name(): string {
    return this.metric.name;
  }

  get unit(): string | undefined {
    return this.metric.unit;
  }

  get description(): string | undefined {
    return this.metric.description;
  }

  get kind(): M["kind"] {
    return this.metric.kind;
  }

  get valueType(): M["valueType"] {
    return this.metric.valueType;
  }
}

class TaggedCounter extends TaggedMetric<MetricCounter> implements MetricCounter {
  add(value: number, extraTags?: MetricTags): void {
    const tags = tagsOf(this.sources, extraTags);
    assertNotNegative("MetricCounter", value);
    this.metric.add(value, tags);
  }

  withTags(tags: MetricTags): MetricCounter {
    return new TaggedCounter(this.metric, [...this.sources, tags]);
  }
}

class TaggedUpDownCounter extends TaggedMetric<MetricUpDownCounter> implements MetricUpDownCounter {
  add(value: number, extraTags?: MetricTags): void {
    this.metric.add(value, tagsOf(this.sources, extraTags));
  }

  withTags(tags: MetricTags): MetricUpDownCounter {
    return new TaggedUpDownCounter(this.metric, [...this.sources, tags]);
  }
}

class TaggedHistogram extends TaggedMetric<MetricHistogram> implements MetricHistogram {
  record(value: number, extraTags?: MetricTags): void {
    const tags = tagsOf(this.sources, extraTags);
    assertNotNegative("MetricHistogram", value);
    this.metric.record(value, tags);
  }

  withTags(tags: MetricTags): MetricHistogram {
    return new TaggedHistogram(this.metric, [...this.sources, tags]);
  }
}

class TaggedGauge extends TaggedMetric<MetricGauge> implements MetricGauge {
  set(value: number, extraTags?: MetricTags): void {
    const tags = tagsOf(this.sources, extraTags);
    assertNotNegative("MetricGauge", value);
    this.metric.set(value, tags);
  }

  withTags(tags: MetricTags): MetricGauge {
    return new TaggedGauge(this.metric, [...this.sources, tags]);
  }
}

/**
 * A meter that adds tags to every value; a value's own tags win.
 *
 * @example
 * const meter = MetricMeterWithComposedTags.compose(base, { region: "eu" });
 */
export class MetricMeterWithComposedTags implements MetricMeter {
  readonly #meter: MetricMeter;
  readonly #sources: TagSources;

  private constructor(meter: MetricMeter, sources: TagSources) {
    this.#meter = meter;
    this.#sources = sources;
  }

  /**
   * A meter that records on `meter` and adds tags. Composed meters stay one layer deep. Where there are no tags to add,
   * it is `meter` itself, unless `force`: then tags work even if `meter` has no `withTags` that works.
   */
  static compose(meter: MetricMeter, tags: MetricTagsOrFunc, force: boolean = false): MetricMeter {
    const sources = typeof tags === "object" && Object.keys(tags).length === 0 ? [] : [tags];
    if (sources.length === 0 && !force) return meter;
    if (meter instanceof MetricMeterWithComposedTags)
      return new MetricMeterWithComposedTags(meter.#meter, [...meter.#sources, ...sources]);
    return new MetricMeterWithComposedTags(meter, sources);
  }

  createCounter(name: string, unit?: string, description?: string): MetricCounter {
    return new TaggedCounter(this.#meter.createCounter(name, unit, description), this.#sources);
  }

  createHistogram(
    name: string,
    valueType: NumericMetricValueType = "int",
    unit?: string,
    description?: string,
  ): MetricHistogram {
    return new TaggedHistogram(this.#meter.createHistogram(name, valueType, unit, description), this.#sources);
  }

  createGauge(
    name: string,
    valueType: NumericMetricValueType = "int",
    unit?: string,
    description?: string,
  ): MetricGauge {
    return new TaggedGauge(this.#meter.createGauge(name, valueType, unit, description), this.#sources);
  }

  /** Throws where the meter underneath has no up-down counters. */
  createUpDownCounter(name: string, unit?: string, description?: string): MetricUpDownCounter {
    if (!this.#meter.createUpDownCounter)
      throw new Error("createUpDownCounter is not supported by the underlying meter");
    return new TaggedUpDownCounter(this.#meter.createUpDownCounter(name, unit, description), this.#sources);
  }

  withTags(tags: MetricTags): MetricMeter {
    return MetricMeterWithComposedTags.compose(this, tags);
  }
}
