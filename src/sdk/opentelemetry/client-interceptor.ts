/**
 * Traces of what clients ask for.
 *
 * Owns: one span for each call of a workflow client; where the workflow gets a message, its headers carry the trace.
 */
import { type Span, trace, type Tracer } from "@opentelemetry/api";

import type {
  DescribeWorkflowExecutionResponse,
  Next,
  WorkflowCancelInput,
  WorkflowClientInterceptor,
  WorkflowDescribeInput,
  WorkflowQueryInput,
  WorkflowSignalInput,
  WorkflowSignalWithStartInput,
  WorkflowStartInput,
  WorkflowStartOutput,
  WorkflowStartUpdateInput,
  WorkflowStartUpdateOutput,
  WorkflowStartUpdateWithStartInput,
  WorkflowStartUpdateWithStartOutput,
  WorkflowTerminateInput,
} from "../client/interceptors.ts";
import {
  RUN_ID_ATTR_KEY,
  SpanName,
  spanNameOf,
  TERMINATE_REASON_ATTR_KEY,
  UPDATE_ID_ATTR_KEY,
  WORKFLOW_ID_ATTR_KEY,
} from "./definitions.ts";
import { headersWithContext } from "./trace-header.ts";
import { type InterceptorOptions, traced } from "./tracing.ts";

type NextOf<M extends keyof WorkflowClientInterceptor> = Next<WorkflowClientInterceptor, M>;

/**
 * Puts a span around each call of a workflow client, and hands the trace on to the workflow.
 *
 * @example
 * new Client({ service, interceptors: { workflow: [new OpenTelemetryWorkflowClientInterceptor()] } });
 */
export class OpenTelemetryWorkflowClientInterceptor implements WorkflowClientInterceptor {
  readonly #tracer: Tracer;

  constructor(options?: InterceptorOptions) {
    this.#tracer = options?.tracer ?? trace.getTracer("holdfast/client");
  }

  startWithDetails(input: WorkflowStartInput, next: NextOf<"startWithDetails">): Promise<WorkflowStartOutput> {
    return traced({
      tracer: this.#tracer,
      name: spanNameOf(SpanName.WORKFLOW_START, input.workflowType),
      call: async (span, context) => {
        span.setAttribute(WORKFLOW_ID_ATTR_KEY, input.options.workflowId);
        const output = await next({ ...input, headers: headersWithContext(input.headers, context) });
        span.setAttribute(RUN_ID_ATTR_KEY, output.runId);
        return output;
      },
    });
  }

  signal(input: WorkflowSignalInput, next: NextOf<"signal">): Promise<void> {
    return traced({
      tracer: this.#tracer,
      name: spanNameOf(SpanName.WORKFLOW_SIGNAL, input.signalName),
      call: (span, context) => {
        setTarget(span, input.workflowExecution);
        return next({ ...input, headers: headersWithContext(input.headers, context) });
      },
    });
  }

  signalWithStart(input: WorkflowSignalWithStartInput, next: NextOf<"signalWithStart">): Promise<string> {
    return traced({
      tracer: this.#tracer,
      name: spanNameOf(SpanName.WORKFLOW_SIGNAL_WITH_START, input.workflowType),
      call: async (span, context) => {
        span.setAttribute(WORKFLOW_ID_ATTR_KEY, input.options.workflowId);
        const runId = await next({ ...input, headers: headersWithContext(input.headers, context) });
        span.setAttribute(RUN_ID_ATTR_KEY, runId);
        return runId;
      },
    });
  }

  startUpdate(input: WorkflowStartUpdateInput, next: NextOf<"startUpdate">): Promise<WorkflowStartUpdateOutput> {
    return traced({
      tracer: this.#tracer,
      name: spanNameOf(SpanName.WORKFLOW_START_UPDATE, input.updateName),
      call: async (span, context) => {
        setTarget(span, input.workflowExecution);
        const output = await next({ ...input, headers: headersWithContext(input.headers, context) });
        span.setAttributes({ [UPDATE_ID_ATTR_KEY]: output.updateId, [RUN_ID_ATTR_KEY]: output.workflowRunId });
        return output;
      },
    });
  }

  startUpdateWithStart(
    input: WorkflowStartUpdateWithStartInput,
    next: NextOf<"startUpdateWithStart">,
  ): Promise<WorkflowStartUpdateWithStartOutput> {
    return traced({
      tracer: this.#tracer,
      name: spanNameOf(SpanName.WORKFLOW_UPDATE_WITH_START, input.updateName),
      call: async (span, context) => {
        const output = await next({
          ...input,
          workflowStartHeaders: headersWithContext(input.workflowStartHeaders, context),
          updateHeaders: headersWithContext(input.updateHeaders, context),
        });
        setTarget(span, output.workflowExecution);
        span.setAttribute(UPDATE_ID_ATTR_KEY, output.updateId);
        return output;
      },
    });
  }

  query(input: WorkflowQueryInput, next: NextOf<"query">): Promise<unknown> {
    return traced({
      tracer: this.#tracer,
      name: spanNameOf(SpanName.WORKFLOW_QUERY, input.queryType),
      call: (span, context) => {
        setTarget(span, input.workflowExecution);
        return next({ ...input, headers: headersWithContext(input.headers, context) });
      },
    });
  }

  terminate(input: WorkflowTerminateInput, next: NextOf<"terminate">): Promise<void> {
    return traced({
      tracer: this.#tracer,
      name: SpanName.WORKFLOW_TERMINATE,
      call: (span) => {
        setTarget(span, input.workflowExecution);
        if (input.reason) span.setAttribute(TERMINATE_REASON_ATTR_KEY, input.reason);
        return next(input);
      },
    });
  }

  cancel(input: WorkflowCancelInput, next: NextOf<"cancel">): Promise<void> {
    return traced({
      tracer: this.#tracer,
      name: SpanName.WORKFLOW_CANCEL,
      call: (span) => {
        setTarget(span, input.workflowExecution);
        return next(input);
      },
    });
  }

  describe(input: WorkflowDescribeInput, next: NextOf<"describe">): Promise<DescribeWorkflowExecutionResponse> {
    return traced({
      tracer: this.#tracer,
      name: SpanName.WORKFLOW_DESCRIBE,
      call: (span) => {
        setTarget(span, input.workflowExecution);
        return next(input);
      },
    });
  }
}

function setTarget(span: Span, target: { readonly workflowId: string; readonly runId?: string | undefined }): void {
  span.setAttribute(WORKFLOW_ID_ATTR_KEY, target.workflowId);
  if (target.runId) span.setAttribute(RUN_ID_ATTR_KEY, target.runId);
}
