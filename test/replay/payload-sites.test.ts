import { describe, expect, it } from "vitest";

import {
  decodeText,
  encodeText,
  loadDataConverter,
  type PayloadCodec,
  PayloadEncoding,
  type SerializationContext,
} from "../../src/codec/index.ts";
import { channelFields } from "../../src/codec/serialization-context.ts";
import type { Command } from "../../src/core/command.ts";
import type { Failure } from "../../src/core/failure.ts";
import type { EventAttributes, EventType, HistoryEvent } from "../../src/core/history-event.ts";
import type { Payload, PayloadMap } from "../../src/core/payload.ts";
import { decodeEvent, decodeUpdateMessage, encodeCommand, type PayloadSite } from "../../src/replay/payload-sites.ts";
import { patchMarkerDetails } from "../../src/replay/markers.ts";
import { RUN_ID, wire } from "./history-builder.ts";

const placeOf = ({ namespace, workflowId, channel }: SerializationContext) =>
  [namespace, workflowId, ...channelFields(channel)].join("/");

/** Writes on each payload where it belongs, and takes it off again there and nowhere else. */
const places: PayloadCodec = {
  encode: async (payloads, context) =>
    payloads.map((payload) => ({ ...payload, metadata: { ...payload.metadata, place: encodeText(placeOf(context)) } })),
  decode: async (payloads, context) =>
    payloads.map(({ metadata, ...payload }) => {
      const { place, ...rest } = metadata ?? {};
      const found = place ? decodeText(place) : "nowhere";
      if (found !== placeOf(context)) throw new Error(`A payload of ${found} was decoded at ${placeOf(context)}`);
      return { ...payload, metadata: rest };
    }),
};

const site: PayloadSite = {
  encoding: new PayloadEncoding(loadDataConverter({ payloadCodecs: [places] }), {
    namespace: "default",
    workflowId: "wf-1",
  }),
  originalExecutionRunId: RUN_ID,
  activityNames: new Map([[5, { activityId: "1", activityType: "greet" }]]),
};

const payload = wire("value")!.payloads[0]!;
const at = (place: string): Payload => ({ ...payload, metadata: { ...payload.metadata, place: btoa(place) } });
const map = (value: Payload = payload): PayloadMap => ({ fields: { key: value } });
const failure = (value: Payload = payload): Failure => ({
  message: "m",
  applicationFailureInfo: { type: "T", details: { payloads: [value] } },
});

/** The places written on the payloads of something, in order of their appearance. */
function placesIn(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  if ("metadata" in value && "data" in value) {
    const { place } = value.metadata as { readonly place?: string };
    return [place === undefined ? "in clear" : atob(place)];
  }
  return Object.values(value).flatMap(placesIn);
}

const localDetails = {
  data: wire({ seq: 3, activity_id: "3", activity_type: "look" })!,
  result: { payloads: [payload] },
};
const text = { summary: payload, details: payload };
const own = "default/wf-1";

const commands: readonly [command: Command, places: readonly string[]][] = [
  [
    {
      commandType: "ScheduleActivityTask",
      activityId: "1",
      activityType: "greet",
      taskQueue: "q",
      input: { payloads: [payload] },
      header: map(),
      userMetadata: text,
    },
    [
      `${own}/activity-input/${RUN_ID}/1`,
      `${own}/header/key`,
      `${own}/user-metadata/${RUN_ID}/activity/1/summary`,
      `${own}/user-metadata/${RUN_ID}/activity/1/details`,
    ],
  ],
  [
    { commandType: "StartTimer", timerId: "2", startToFireTimeoutMs: 1, userMetadata: { summary: payload } },
    [`${own}/user-metadata/${RUN_ID}/timer/2/summary`],
  ],
  [
    {
      commandType: "StartChildWorkflowExecution",
      namespace: "other",
      workflowId: "c",
      workflowType: "ship",
      taskQueue: "q",
      input: { payloads: [payload] },
      header: map(),
      memo: map(),
      searchAttributes: { indexedFields: { Color: payload } },
      userMetadata: text,
    },
    [
      "other/c/workflow-input",
      "other/c/header/key",
      "other/c/memo/key",
      "in clear",
      `${own}/user-metadata/${RUN_ID}/child/c/summary`,
      `${own}/user-metadata/${RUN_ID}/child/c/details`,
    ],
  ],
  [
    {
      commandType: "SignalExternalWorkflowExecution",
      namespace: "other",
      workflowExecution: { workflowId: "x" },
      signalName: "credit",
      signalRequestId: "run/signal/1",
      input: { payloads: [payload] },
      header: map(),
    },
    ["other/x/signal/credit/run/signal/1", "other/x/header/key"],
  ],
  [
    {
      commandType: "ContinueAsNewWorkflowExecution",
      workflowType: "workflow",
      taskQueue: "q",
      input: { payloads: [payload] },
      header: map(),
      memo: map(),
      searchAttributes: { indexedFields: { Color: payload } },
    },
    [`${own}/workflow-input`, `${own}/header/key`, `${own}/memo/key`, "in clear"],
  ],
  [{ commandType: "ModifyWorkflowProperties", upsertedMemo: map() }, [`${own}/memo/key`]],
  [
    { commandType: "UpsertWorkflowSearchAttributes", searchAttributes: { indexedFields: { Color: payload } } },
    ["in clear"],
  ],
  [
    {
      commandType: "RecordMarker",
      markerName: "core_patch",
      details: patchMarkerDetails({ id: "p", deprecated: false }),
    },
    ["in clear"],
  ],
  [
    {
      commandType: "RecordMarker",
      markerName: "core_local_activity",
      details: localDetails,
      failure: failure(),
      userMetadata: { summary: payload },
    },
    [
      "in clear",
      `${own}/local-activity-result/${RUN_ID}/3`,
      `${own}/local-activity-failure/${RUN_ID}/3`,
      `${own}/user-metadata/${RUN_ID}/activity/3/summary`,
    ],
  ],
  [{ commandType: "RejectUpdate", updateId: "u", failure: failure() }, [`${own}/update-failure/${RUN_ID}/u`]],
  [
    { commandType: "CompleteUpdate", updateId: "u", outcome: { success: { payloads: [payload] } } },
    [`${own}/update-result/${RUN_ID}/u`],
  ],
  [
    { commandType: "CompleteUpdate", updateId: "u", outcome: { failure: failure() } },
    [`${own}/update-failure/${RUN_ID}/u`],
  ],
  [{ commandType: "CompleteWorkflowExecution", result: { payloads: [payload] } }, [`${own}/workflow-result/${RUN_ID}`]],
  [{ commandType: "FailWorkflowExecution", failure: failure() }, [`${own}/workflow-failure/${RUN_ID}`]],
  [
    { commandType: "CancelWorkflowExecution", details: { payloads: [payload] } },
    [`${own}/workflow-cancellation/${RUN_ID}`],
  ],
];

const quiet: readonly Command[] = [
  { commandType: "CancelTimer", timerId: "1" },
  { commandType: "RequestCancelActivityTask", scheduledEventId: 5 },
  { commandType: "AcceptUpdate", updateId: "u" },
  {
    commandType: "RequestCancelExternalWorkflowExecution",
    namespace: "default",
    workflowExecution: { workflowId: "x" },
    reason: "r",
  },
];

describe("commands on their way out", () => {
  it.each(commands.map(([command, expected]) => [command.commandType, command, expected] as const))(
    "%s",
    async (_, command, expected) => {
      expect(placesIn(await encodeCommand(command, site))).toEqual(expected);
    },
  );

  it("are left as they are where they hold no payload", async () => {
    for (const command of quiet) expect(await encodeCommand(command, site)).toBe(command);
  });
});

const childEnd = {
  namespace: "other",
  workflowExecution: { workflowId: "c", runId: "run-2" },
  workflowType: { name: "ship" },
  initiatedEventId: 7,
  startedEventId: 8,
};
const started = {
  workflowType: { name: "workflow" },
  workflowId: "wf-1",
  taskQueue: { name: "q" },
  workflowTaskTimeoutMs: 10_000,
  originalExecutionRunId: RUN_ID,
  firstExecutionRunId: RUN_ID,
  attempt: 1,
};
const onlyPayload = (place: string) => ({ payloads: [at(place)] });

function event<T extends EventType>(eventType: T, attributes: EventAttributes[T]): HistoryEvent {
  return { eventId: 9, eventTimeMs: 0, eventType, attributes } as HistoryEvent;
}

const events: readonly HistoryEvent[] = [
  event("WorkflowExecutionStarted", {
    ...started,
    input: onlyPayload(`${own}/workflow-input`),
    header: map(at(`${own}/header/key`)),
    memo: map(at(`${own}/memo/key`)),
    continuedExecutionRunId: "run-before",
    lastCompletionResult: onlyPayload(`${own}/workflow-result/run-before`),
    continuedFailure: failure(at(`${own}/workflow-failure/run-before`)),
  }),
  event("WorkflowExecutionStarted", {
    ...started,
    continuedExecutionRunId: "reset-run",
    continuedOriginalExecutionRunId: "run-before",
    lastCompletionResult: onlyPayload(`${own}/workflow-result/run-long-before`),
    lastCompletionRunId: "run-long-before",
    continuedFailure: failure(at(`${own}/workflow-failure/run-before`)),
  }),
  event("WorkflowExecutionSignaled", {
    signalName: "credit",
    requestId: "r",
    input: onlyPayload(`${own}/signal/credit/r`),
    header: map(at(`${own}/header/key`)),
  }),
  event("WorkflowExecutionUpdateAccepted", {
    protocolInstanceId: "u",
    acceptedRequestMessageId: "u/request",
    acceptedRequestSequencingEventId: 2,
    acceptedRequest: {
      meta: { updateId: "u" },
      input: { name: "add", args: onlyPayload(`${own}/update/add/u`), header: map(at(`${own}/header/key`)) },
    },
  }),
  event("MarkerRecorded", {
    markerName: "core_local_activity",
    details: { ...localDetails, result: onlyPayload(`${own}/local-activity-result/${RUN_ID}/3`) },
    failure: failure(at(`${own}/local-activity-failure/${RUN_ID}/3`)),
    workflowTaskCompletedEventId: 4,
  }),
  event("ActivityTaskCompleted", {
    scheduledEventId: 5,
    startedEventId: 6,
    result: onlyPayload(`${own}/activity-result/${RUN_ID}/1`),
  }),
  event("ChildWorkflowExecutionCompleted", { ...childEnd, result: onlyPayload("other/c/workflow-result/run-2") }),
  event("ChildWorkflowExecutionCompleted", {
    ...childEnd,
    childOriginalExecutionRunId: "run-1",
    result: onlyPayload("other/c/workflow-result/run-1"),
  }),
  event("ChildWorkflowExecutionFailed", {
    ...childEnd,
    failure: failure(at("other/c/workflow-failure/run-2")),
    retryState: "MAXIMUM_ATTEMPTS_REACHED",
  }),
];

describe("events on their way in", () => {
  it.each(events.map((event) => [event.eventType, event] as const))("%s", async (_, event) => {
    const decoded = await decodeEvent(event, site);
    expect(new Set(placesIn(decoded))).toEqual(new Set(["in clear"]));
    expect(placesIn(decoded).length).toBe(placesIn(event).length);
  });

  it("are refused elsewhere", async () => {
    const moved = event("WorkflowExecutionSignaled", {
      signalName: "credit",
      requestId: "r2",
      input: onlyPayload(`${own}/signal/credit/r`),
    });
    await expect(decodeEvent(moved, site)).rejects.toThrow("was decoded at default/wf-1/signal/credit/r2");
  });

  it("updates that have not been accepted are too", async () => {
    const update = { updateId: "u", updateName: "add", args: onlyPayload(`${own}/update/add/u`) };
    expect(placesIn(await decodeUpdateMessage(update, site))).toEqual(["in clear"]);
    await expect(decodeUpdateMessage({ ...update, updateId: "v" }, site)).rejects.toThrow("update/add/v");
  });
});
