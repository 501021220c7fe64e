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

class NoopMetricMeter implements MetricMeter {
  createCounter(name: string, unit?: string, description?: string): MetricCounter {
    const counter: MetricCounter = {
      name,
      unit,
      description,
      kind: "counter",
      valueType: "int",
      add: () => undefined,
      withTags: () => counter,
    };
    return counter;
  }

  createUpDownCounter(name: string, unit?: string, description?: string): MetricUpDownCounter {
    const counter: MetricUpDownCounter = {
      name,
      unit,
      description,
      kind: "up-down-counter",
      valueType: "int",
      add: () => undefined,
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
    const histogram: MetricHistogram = {
      name,
      unit,
      description,
      kind: "histogram",
      valueType,
      record: () => undefined,
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
    const gauge: MetricGauge = {
      name,
      unit,
      description,
      kind: "gauge",
      valueType,
      set: () => undefined,
      withTags: () => gauge,
    };
    return gauge;
  }

  withTags(_tags: MetricTags): MetricMeter {
    return this;
  }
}

/** A meter that records nothing. */
export const noopMetricMeter: MetricMeter = new NoopMetricMeter();
