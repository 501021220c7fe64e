/**
 * Metrics from workflow code.
 *
 * Owns: the workflow's meter. A value leaves as the call of a sink does: after the activation, and not while history is
 * replayed. Namespace and task queue are added where it arrives.
 */
import { proxySinks } from "../../replay/proxy-sinks.ts";
import { requireFrame } from "../../replay/run-context.ts";
import type { Sinks } from "../../replay/sinks.ts";
import { composeWorkflowInterceptors } from "../../replay/workflow-interception.ts";
import type {
  Metric,
  MetricCounter,
  MetricGauge,
  MetricHistogram,
  MetricMeter,
  MetricTags,
  MetricUpDownCounter,
  NumericMetricValueType,
} from "../common/metrics.ts";
import { MetricMeterWithComposedTags } from "../common/tagged-metrics.ts";

/** A metric without its methods, so that it can be copied. */
export type MetricDescription = Pick<Metric, "name" | "unit" | "description" | "kind" | "valueType">;

/** The sink that takes values out of workflow code. */
export interface MetricSinks extends Sinks {
  __holdfast_metrics: { record(metric: MetricDescription, value: number, tags: MetricTags): void };
}

const { __holdfast_metrics: sink } = proxySinks<MetricSinks>();

function record(metric: MetricDescription, value: number, tags: MetricTags): void {
  const run = requireFrame("metricMeter").workflowRun;
  // The sink would not be called; that it is not even asked saves copying.
  if (run.isReplaying || run.phase === "querying") return;
  sink.record(metric, value, tags);
}

/** The meter under the tags. Its metrics are only ever used through tagged ones, which always give `tags`. */
class WorkflowMetricMeter implements MetricMeter {
  createCounter(name: string, unit?: string, description?: string): MetricCounter {
    requireFrame("metricMeter");
    const metric = { name, unit, description, kind: "counter", valueType: "int" } as const;
    const counter: MetricCounter = {
      ...metric,
      add: (value, tags = {}) => record(metric, value, tags),
      withTags: () => counter,
    };
    return counter;
  }

  createUpDownCounter(name: string, unit?: string, description?: string): MetricUpDownCounter {
    requireFrame("metricMeter");
    const metric = { name, unit, description, kind: "up-down-counter", valueType: "int" } as const;
    const counter: MetricUpDownCounter = {
      ...metric,
      add: (value, tags = {}) => record(metric, value, tags),
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
    requireFrame("metricMeter");
    const metric = { name, unit, description, kind: "histogram", valueType } as const;
    const histogram: MetricHistogram = {
      ...metric,
      record: (value, tags = {}) => record(metric, value, tags),
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
    requireFrame("metricMeter");
    const metric = { name, unit, description, kind: "gauge", valueType } as const;
    const gauge: MetricGauge = {
      ...metric,
      set: (value, tags = {}) => record(metric, value, tags),
      withTags: () => gauge,
    };
    return gauge;
  }

  withTags(tags: MetricTags): MetricMeter {
    return MetricMeterWithComposedTags.compose(this, tags, true);
  }
}

function workflowTags(): MetricTags {
  const { interceptors, open } = requireFrame("metricMeter").workflowRun;
  const withTags = composeWorkflowInterceptors(interceptors.outbound, "getMetricTags", (own) => own);
  return withTags({ workflowType: open.workflowType });
}

/**
 * The workflow's meter: `createWorker({ metricMeter })` says where values go. Nothing is recorded while history is
 * replayed or a query is answered. Tags: namespace, task queue, workflow type, and what `getMetricTags` of outbound
 * interceptors adds.
 *
 * @example
 * metricMeter.createCounter("transfers.accepted").add(1, { currency: "EUR" });
 */
export const metricMeter: MetricMeter = MetricMeterWithComposedTags.compose(new WorkflowMetricMeter(), workflowTags);
