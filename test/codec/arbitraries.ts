/**
 * Random values, places, channels and failures for the codec's property tests.
 *
 * Owns: what "any" means in them. Failures are in clear and look like those of `DefaultFailureConverter`.
 */
import * as fc from "fast-check";

import { type PayloadChannel, defaultPayloadConverter, toWirePayload, toWirePayloads } from "../../src/codec/index.ts";
import type { ActivityFailureInfo, Failure, RetryState, TimeoutType } from "../../src/core/failure.ts";

/** Ids as callers may choose them, quotes, brackets and lone surrogates included. */
export const anyId = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: "binary", maxLength: 6 }));

/** Values that JSON keeps as they are. */
export const jsonValue = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);

export const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => new Uint8Array(array));

export const anyValue = fc.oneof(fc.constant(undefined), bytes, jsonValue);

const run = { runId: anyId };
const activity = { runId: anyId, activityId: anyId };
const query = { queryType: anyId, queryId: anyId };

function channelOf<K extends PayloadChannel["kind"], F extends object>(
  kind: K,
  fields: { [N in keyof F]: fc.Arbitrary<F[N]> },
) {
  return fc.record({ kind: fc.constant(kind), ...fields }, { noNullPrototype: true });
}

export const anyChannel = fc.oneof(
  channelOf("workflow-input", {}),
  channelOf("workflow-result", run),
  channelOf("workflow-failure", run),
  channelOf("workflow-cancellation", run),
  channelOf("workflow-task-failure", run),
  channelOf("termination", {}),
  channelOf("activity-input", activity),
  channelOf("activity-result", activity),
  channelOf("activity-failure", activity),
  channelOf("activity-cancellation", activity),
  channelOf("heartbeat", activity),
  channelOf("signal", { signalName: anyId, requestId: anyId }),
  channelOf("query", query),
  channelOf("query-result", query),
  channelOf("query-failure", query),
  channelOf("local-activity-input", activity),
  channelOf("local-activity-result", activity),
  channelOf("local-activity-failure", activity),
  channelOf("update", { updateName: anyId, updateId: anyId }),
  channelOf("update-result", { runId: anyId, updateId: anyId }),
  channelOf("update-failure", { runId: anyId, updateId: anyId }),
  channelOf("user-metadata", {
    runId: anyId,
    subject: anyId,
    part: fc.constantFrom("summary" as const, "details" as const),
  }),
  channelOf("memo", { key: anyId }),
  channelOf("header", { key: anyId }),
) as fc.Arbitrary<PayloadChannel>;

const timeoutType = fc.constantFrom<TimeoutType[]>(
  "START_TO_CLOSE",
  "SCHEDULE_TO_START",
  "SCHEDULE_TO_CLOSE",
  "HEARTBEAT",
);
const retryState = fc.constantFrom<RetryState[]>(
  "IN_PROGRESS",
  "TIMEOUT",
  "MAXIMUM_ATTEMPTS_REACHED",
  "CANCEL_REQUESTED",
);
const details = fc.array(anyValue, { minLength: 1, maxLength: 3 }).map((values) => {
  const payloads = toWirePayloads(defaultPayloadConverter, values);
  if (payloads === undefined) throw new Error("at least one value makes a list");
  return payloads;
});

const optionally = { requiredKeys: [] as [], noNullPrototype: true } as const;

const applicationInfo = fc.record(
  {
    type: anyId,
    nonRetryable: fc.boolean(),
    details,
    nextRetryDelayMs: fc.nat(),
    category: fc.constant("BENIGN" as const),
  },
  optionally,
);
const activityInfo: fc.Arbitrary<ActivityFailureInfo> = fc.record(
  {
    scheduledEventId: fc.nat(),
    identity: anyId,
    activityType: fc.record({ name: anyId }, { noNullPrototype: true }),
    activityId: anyId,
    retryState,
  },
  { requiredKeys: ["activityType", "activityId"], noNullPrototype: true },
);
const childInfo = fc.record(
  {
    namespace: anyId,
    workflowExecution: fc.record({ workflowId: anyId, runId: anyId }, { noNullPrototype: true }),
    workflowType: fc.record({ name: anyId }, { noNullPrototype: true }),
    retryState,
  },
  { requiredKeys: ["workflowExecution", "workflowType"], noNullPrototype: true },
);

const info = fc.oneof(
  fc.constant({}),
  applicationInfo.map((applicationFailureInfo) => ({ applicationFailureInfo })),
  fc
    .record({ timeoutType, lastHeartbeatDetails: details }, { requiredKeys: ["timeoutType"], noNullPrototype: true })
    .map((timeoutFailureInfo) => ({ timeoutFailureInfo })),
  fc.record({ details }, optionally).map((canceledFailureInfo) => ({ canceledFailureInfo })),
  fc.constant({ terminatedFailureInfo: {} }),
  fc.record({ nonRetryable: fc.boolean() }, optionally).map((serverFailureInfo) => ({ serverFailureInfo })),
  activityInfo.map((activityFailureInfo) => ({ activityFailureInfo })),
  childInfo.map((childWorkflowExecutionFailureInfo) => ({ childWorkflowExecutionFailureInfo })),
);

const common = fc.oneof(
  fc.record({ message: fc.string(), source: fc.string(), stackTrace: fc.string() }, optionally),
  fc.tuple(fc.string(), fc.string()).map(([message, stack_trace]) => ({
    message: "Encoded failure",
    source: "HoldfastSDK",
    stackTrace: "",
    encodedAttributes: toWirePayload(defaultPayloadConverter, { message, stack_trace }),
  })),
);

/** Failures in clear, up to three causes deep. */
export const anyFailure: fc.Arbitrary<Failure> = fc.letrec<{ failure: Failure }>((tie) => ({
  failure: fc
    .tuple(common, info, fc.option(tie("failure"), { maxDepth: 3, nil: undefined }))
    .map(([attributes, specific, cause]) => ({ ...attributes, ...specific, ...(cause ? { cause } : {}) })),
})).failure;
