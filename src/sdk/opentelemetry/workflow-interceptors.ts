/**
 * Traces of workflows.
 *
 * Owns: one span for the run and for each message it handles, inside the trace that came with the headers; and one for
 * each operation it asks for, whose headers carry the trace on.
 */
import type { Context } from "@opentelemetry/api";

import { ContinueAsNew } from "../../replay/continue-as-new.ts";
import type {
  ActivityInput,
  ContinueAsNewInput,
  DisposeInput,
  GetLogAttributesInput,
  Headers,
  LocalActivityInput,
  Next,
  QueryInput,
  SignalInput,
  SignalWorkflowInput,
  StartChildWorkflowExecutionInput,
  UpdateInput,
  WorkflowExecuteInput,
  WorkflowInboundCallsInterceptor,
  WorkflowInternalsInterceptor,
  WorkflowOutboundCallsInterceptor,
} from "../../replay/interceptors.ts";
import { requireFrame } from "../../replay/run-context.ts";
import { SpanName, spanNameOf, UPDATE_ID_ATTR_KEY } from "./definitions.ts";
import { traceAttributes } from "./log-attributes.ts";
import { contextFromHeaders, headersWithContext } from "./trace-header.ts";
import { activeContext, tracedInWorkflow, tracedInWorkflowSync } from "./workflow-tracing.ts";

type NextIn<M extends keyof WorkflowInboundCallsInterceptor> = Next<WorkflowInboundCallsInterceptor, M>;
type NextOut<M extends keyof WorkflowOutboundCallsInterceptor> = Next<WorkflowOutboundCallsInterceptor, M>;

const isContinueAsNew = (error: unknown): boolean => error instanceof ContinueAsNew;

function parentOf(headers: Headers): Context | undefined {
  return contextFromHeaders(headers, activeContext());
}

/**
 * Puts a span around the workflow function and around each handler.
 *
 * @example
 * export const interceptors: WorkflowInterceptorsFactory = () => ({
 *   inbound: [new OpenTelemetryInboundInterceptor()],
 *   outbound: [new OpenTelemetryOutboundInterceptor()],
 * });
 */
export class OpenTelemetryInboundInterceptor implements WorkflowInboundCallsInterceptor {
  execute(input: WorkflowExecuteInput, next: NextIn<"execute">): Promise<unknown> {
    const { workflowType } = requireFrame("Tracing").workflowRun.open;
    const name = spanNameOf(SpanName.WORKFLOW_EXECUTE, workflowType);
    const parent = parentOf(input.headers);
    return tracedInWorkflow({ name, parent, isAcceptable: isContinueAsNew }, () => next(input));
  }

  handleSignal(input: SignalInput, next: NextIn<"handleSignal">): Promise<void> {
    const name = spanNameOf(SpanName.WORKFLOW_HANDLE_SIGNAL, input.signalName);
    return tracedInWorkflow({ name, parent: parentOf(input.headers) }, () => next(input));
  }

  handleUpdate(input: UpdateInput, next: NextIn<"handleUpdate">): Promise<unknown> {
    const name = spanNameOf(SpanName.WORKFLOW_HANDLE_UPDATE, input.name);
    return tracedInWorkflow({ name, parent: parentOf(input.headers) }, (span) => {
      span.setAttribute(UPDATE_ID_ATTR_KEY, input.updateId);
      return next(input);
    });
  }

  validateUpdate(input: UpdateInput, next: NextIn<"validateUpdate">): void {
    const name = spanNameOf(SpanName.WORKFLOW_VALIDATE_UPDATE, input.name);
    const readOnlyId = `validate/${input.updateId}`;
    tracedInWorkflowSync({ name, parent: parentOf(input.headers), readOnlyId }, (span) => {
      span.setAttribute(UPDATE_ID_ATTR_KEY, input.updateId);
      next(input);
    });
  }

  handleQuery(input: QueryInput, next: NextIn<"handleQuery">): Promise<unknown> {
    const name = spanNameOf(SpanName.WORKFLOW_HANDLE_QUERY, input.queryName);
    const readOnlyId = `query/${input.queryId}`;
    return tracedInWorkflow({ name, parent: parentOf(input.headers), readOnlyId }, () => next(input));
  }
}

/** Puts a span around each operation that a workflow asks for, and hands the trace on. */
export class OpenTelemetryOutboundInterceptor implements WorkflowOutboundCallsInterceptor {
  scheduleActivity(input: ActivityInput, next: NextOut<"scheduleActivity">): Promise<unknown> {
    return tracedInWorkflow({ name: spanNameOf(SpanName.ACTIVITY_START, input.activityType) }, (_, context) =>
      next({ ...input, headers: headersWithContext(input.headers, context) }),
    );
  }

  scheduleLocalActivity(input: LocalActivityInput, next: NextOut<"scheduleLocalActivity">): Promise<unknown> {
    return tracedInWorkflow({ name: spanNameOf(SpanName.ACTIVITY_START, input.activityType) }, (_, context) =>
      next({ ...input, headers: headersWithContext(input.headers, context) }),
    );
  }

  startChildWorkflowExecution(
    input: StartChildWorkflowExecutionInput,
    next: NextOut<"startChildWorkflowExecution">,
  ): Promise<[Promise<string>, Promise<unknown>]> {
    return tracedInWorkflow({ name: spanNameOf(SpanName.CHILD_WORKFLOW_START, input.workflowType) }, (_, context) =>
      next({ ...input, headers: headersWithContext(input.headers, context) }),
    );
  }

  signalWorkflow(input: SignalWorkflowInput, next: NextOut<"signalWorkflow">): Promise<void> {
    return tracedInWorkflow({ name: spanNameOf(SpanName.WORKFLOW_SIGNAL, input.signalName) }, (_, context) =>
      next({ ...input, headers: headersWithContext(input.headers, context) }),
    );
  }

  continueAsNew(input: ContinueAsNewInput, next: NextOut<"continueAsNew">): Promise<never> {
    const { workflowType = requireFrame("Tracing").workflowRun.open.workflowType } = input.options;
    const name = spanNameOf(SpanName.CONTINUE_AS_NEW, workflowType);
    return tracedInWorkflow({ name, isAcceptable: isContinueAsNew }, (_, context) =>
      next({ ...input, headers: headersWithContext(input.headers, context) }),
    );
  }

  getLogAttributes(input: GetLogAttributesInput, next: NextOut<"getLogAttributes">): Record<string, unknown> {
    return next({ ...traceAttributes(activeContext()), ...input });
  }
}

/** Kept for code that moves over: contexts go with their runs, so nothing is left to be let go. */
export class OpenTelemetryInternalsInterceptor implements WorkflowInternalsInterceptor {
  dispose(input: DisposeInput, next: Next<WorkflowInternalsInterceptor, "dispose">): void {
    next(input);
  }
}
