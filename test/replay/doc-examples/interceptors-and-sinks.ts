import {
  metricMeter,
  proxySinks,
  type Sinks,
  workflowInfo,
  type WorkflowInterceptorsFactory,
} from "../../../src/sdk/workflow/index.ts";

export interface AuditSinks extends Sinks {
  audit: { scheduled(activityType: string): void };
}

const { audit } = proxySinks<AuditSinks>();

export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [
    {
      async execute(input, next) {
        const result = await next(input);
        return { result, workflowType: workflowInfo().workflowType };
      },
    },
  ],
  outbound: [
    {
      async scheduleActivity(input, next) {
        audit.scheduled(input.activityType);
        metricMeter.createCounter("activities.scheduled").add(1, { activityType: input.activityType });
        return await next({ ...input, options: { ...input.options, summary: `For the audit: ${input.activityType}` } });
      },
      getMetricTags: (tags, next) => next({ ...tags, audited: true }),
    },
  ],
});
