/**
 * Metrics of workflow code, where they arrive.
 *
 * Owns: the sink, and the metrics that were made for it: one for each name, kind and value type, kept for the isolate.
 */
import type { InjectedSinks } from "../replay/sinks.ts";
import type { MetricMeter, MetricTags } from "../sdk/common/index.ts";
import type { MetricDescription } from "../sdk/common/metrics.ts";
import type { MetricSinks } from "../sdk/workflow/metric-meter.ts";

type Recorder = (value: number, tags: MetricTags) => void;

function recorderOf(meter: MetricMeter, metric: MetricDescription): Recorder {
  const { name, kind, valueType, unit, description } = metric;
  switch (kind) {
    case "counter": {
      const counter = meter.createCounter(name, unit, description);
      return (value, tags) => counter.add(value, tags);
    }
    case "up-down-counter": {
      if (!meter.createUpDownCounter) throw new Error("createUpDownCounter is not supported by the underlying meter");
      const counter = meter.createUpDownCounter(name, unit, description);
      return (value, tags) => counter.add(value, tags);
    }
    case "histogram": {
      const histogram = meter.createHistogram(name, valueType, unit, description);
      return (value, tags) => histogram.record(value, tags);
    }
    case "gauge": {
      const gauge = meter.createGauge(name, valueType, unit, description);
      return (value, tags) => gauge.set(value, tags);
    }
  }
}

/**
 * The sink that records what workflow code measures on a meter.
 *
 * @example
 * new WorkflowSession({ open, workflows, dataConverter, logger, sinks: metricSinks(meter) });
 */
export function metricSinks(meter: MetricMeter): InjectedSinks<MetricSinks> {
  const recorders = new Map<string, Recorder>();
  return {
    __holdfast_metrics: {
      record: {
        fn({ namespace, taskQueue }, metric, value, tags) {
          const key = `${metric.kind}/${metric.valueType}/${metric.name}`;
          const recorder = recorders.get(key) ?? recorderOf(meter, metric);
          recorders.set(key, recorder);
          recorder(value, { namespace, taskQueue, ...tags });
        },
      },
    },
  };
}
