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
import { type MetricDescription, type MetricMeter, type MetricTags, RecordingMetricMeter } from "../common/metrics.ts";
import { MetricMeterWithComposedTags } from "../common/tagged-metrics.ts";

/** The sink that takes values out of workflow code. */
export interface MetricSinks extends Sinks {
  __holdfast_metrics: { record(metric: MetricDescription, value: number, tags: MetricTags): void };
}

const { __holdfast_metrics: sink } = proxySinks<MetricSinks>();

/** The meter under the tags. Its metrics are only ever used through tagged ones, which always give `tags`. */
class WorkflowMetricMeter extends RecordingMetricMeter {
  protected override describe<D extends MetricDescription>(metric: D): D {
    requireFrame("metricMeter");
    return metric;
  }

  protected override take(metric: MetricDescription, value: number, tags: MetricTags): void {
    const run = requireFrame("metricMeter").workflowRun;
    // The sink would not be called; that it is not even asked saves copying.
    if (run.isReplaying || run.phase === "querying") return;
    sink.record(metric, value, tags);
  }

  override withTags(tags: MetricTags): MetricMeter {
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
