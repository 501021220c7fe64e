/**
 * A meter that writes down what it is told.
 *
 * Owns: nothing but the list. Tags are for whoever stands before it: its own `withTags` throws.
 */
import type {
  Metric,
  MetricKind,
  MetricMeter,
  MetricTags,
  NumericMetricValueType,
} from "../../src/sdk/common/index.ts";

export interface Measured {
  readonly name: string;
  readonly value: number;
  readonly tags: MetricTags | undefined;
}

export class RecordingMeter implements Required<MetricMeter> {
  readonly measured: Measured[] = [];
  /** Every metric that was made. */
  readonly made: Pick<Metric, "name" | "kind" | "valueType" | "unit" | "description">[] = [];

  /** The values of one metric. */
  valuesOf(name: string): readonly number[] {
    return this.measured.filter((entry) => entry.name === name).map(({ value }) => value);
  }

  createCounter(name: string, unit?: string, description?: string) {
    return { ...this.#make("counter", "int", name, unit, description), add: this.#recorder(name) };
  }

  createUpDownCounter(name: string, unit?: string, description?: string) {
    return { ...this.#make("up-down-counter", "int", name, unit, description), add: this.#recorder(name) };
  }

  createHistogram(name: string, valueType: NumericMetricValueType = "int", unit?: string, description?: string) {
    return { ...this.#make("histogram", valueType, name, unit, description), record: this.#recorder(name) };
  }

  createGauge(name: string, valueType: NumericMetricValueType = "int", unit?: string, description?: string) {
    return { ...this.#make("gauge", valueType, name, unit, description), set: this.#recorder(name) };
  }

  withTags(): never {
    throw new Error("This meter has no tags of its own.");
  }

  #make<K extends MetricKind, V extends NumericMetricValueType>(
    kind: K,
    valueType: V,
    name: string,
    unit: string | undefined,
    description: string | undefined,
  ) {
    const metric = { name, unit, description, kind, valueType };
    this.made.push(metric);
    return { ...metric, withTags: () => this.withTags() };
  }

  #recorder(name: string) {
    return (value: number, tags?: MetricTags): void => void this.measured.push({ name, value, tags });
  }
}
