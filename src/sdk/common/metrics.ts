/**
 * Metrics as seen by user code and by whoever records them.
 *
 * Owns: the interfaces (Temporal's names), and a meter that records nothing. Where values end up is the implementer's
 * business: names, tags and values leave the application unencrypted.
 */

/** What is measured by, besides the metric's name. */
export type MetricTags = Record<string, string | number | boolean>;

/** Tags, or how to get them when a value is recorded. */
export type MetricTagsOrFunc = MetricTags | (() => MetricTags);

/** What the values of a metric are meant to be; in JavaScript they are numbers either way. */
export type NumericMetricValueType = "int" | "float";

export type MetricKind = "counter" | "histogram" | "gauge" | "up-down-counter";

export interface Metric {
  name: string;
  unit?: string | undefined;
  description?: string | undefined;
  kind: MetricKind;
  valueType: NumericMetricValueType;
}

/** A sum that only grows. */
export interface MetricCounter extends Metric {
  kind: "counter";
  valueType: "int";
  /** Throws for a negative value. */
  add(value: number, extraTags?: MetricTags): void;
  withTags(tags: MetricTags): MetricCounter;
}

/** A sum that grows and shrinks. */
export interface MetricUpDownCounter extends Metric {
  kind: "up-down-counter";
  valueType: "int";
  add(value: number, extraTags?: MetricTags): void;
  withTags(tags: MetricTags): MetricUpDownCounter;
}

/** A distribution of values. */
export interface MetricHistogram extends Metric {
  kind: "histogram";
  /** Throws for a negative value. */
  record(value: number, extraTags?: MetricTags): void;
  withTags(tags: MetricTags): MetricHistogram;
}

/** A value that replaces the one before. */
export interface MetricGauge extends Metric {
  kind: "gauge";
  /** Throws for a negative value. */
  set(value: number, extraTags?: MetricTags): void;
  withTags(tags: MetricTags): MetricGauge;
}

/** Makes metrics. The default value type is "int". */
export interface MetricMeter {
  createCounter(name: string, unit?: string, description?: string): MetricCounter;
  createHistogram(
    name: string,
    valueType?: NumericMetricValueType,
    unit?: string,
    description?: string,
  ): MetricHistogram;
  createGauge(name: string, valueType?: NumericMetricValueType, unit?: string, description?: string): MetricGauge;
  /** Not every meter has it. */
  createUpDownCounter?(name: string, unit?: string, description?: string): MetricUpDownCounter;
  /** A meter whose metrics have these tags as well. */
  withTags(tags: MetricTags): MetricMeter;
}

/** A metric without its methods, so that it can be copied. */
export type MetricDescription = Pick<Metric, "name" | "unit" | "description" | "kind" | "valueType">;

/** Makes metrics whose values all go one way. */
export abstract class RecordingMetricMeter implements MetricMeter {
  /** Takes one value of a metric. */
  protected abstract take(metric: MetricDescription, value: number, tags: MetricTags): void;

  abstract withTags(tags: MetricTags): MetricMeter;

  /** Called for each metric that is made; may throw where none can be. */
  protected describe<D extends MetricDescription>(metric: D): D {
    return metric;
  }

  createCounter(name: string, unit?: string, description?: string): MetricCounter {
    const metric = this.describe({ name, unit, description, kind: "counter", valueType: "int" });
    const counter: MetricCounter = {
      ...metric,
      add: (value, tags = {}) => this.take(metric, value, tags),
      withTags: () => counter,
    };
    return counter;
  }

  createUpDownCounter(name: string, unit?: string, description?: string): MetricUpDownCounter {
    const metric = this.describe({ name, unit, description, kind: "up-down-counter", valueType: "int" });
    const counter: MetricUpDownCounter = {
      ...metric,
      add: (value, tags = {}) => this.take(metric, value, tags),
      withTags: () => counter,
    };
    return counter;
  }

  createHistogram(
    name: string,
    valueType: NumericMetricValueType = "int",
    unit?: string,
    description?: string,
  ): MetricHistogram {
    const metric = this.describe({ name, unit, description, kind: "histogram", valueType });
    const histogram: MetricHistogram = {
      ...metric,
      record: (value, tags = {}) => this.take(metric, value, tags),
      withTags: () => histogram,
    };
    return histogram;
  }

  createGauge(
    name: string,
    valueType: NumericMetricValueType = "int",
    unit?: string,
    description?: string,
  ): MetricGauge {
    const metric = this.describe({ name, unit, description, kind: "gauge", valueType });
    const gauge: MetricGauge = {
      ...metric,
      set: (value, tags = {}) => this.take(metric, value, tags),
      withTags: () => gauge,
    };
    return gauge;
  }
}

class NoopMetricMeter extends RecordingMetricMeter {
  protected override take(): void {
    // Nothing is recorded.
  }

  override withTags(): MetricMeter {
    return this;
  }
}

/** A meter that records nothing. */
export const noopMetricMeter: MetricMeter = new NoopMetricMeter();
