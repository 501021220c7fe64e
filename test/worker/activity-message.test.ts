import { describe, expect, test } from "vitest";

import { parseActivityMessage } from "../../src/worker/activity-message.ts";
import { retryDelaySeconds } from "../../src/worker/queue-message.ts";
import { pointer } from "./queue-messages.ts";

describe("parseActivityMessage", () => {
  test("takes a pointer to a task", () => {
    expect(parseActivityMessage(pointer)).toEqual({ kind: "task", message: pointer });
  });

  test("tells a message of another version from a malformed one", () => {
    expect(parseActivityMessage({ ...pointer, version: 2 })).toEqual({ kind: "foreignVersion", version: 2 });
  });

  test.each([
    ["nothing", undefined],
    ["a text", "run it"],
    ["no version", { ...pointer, version: undefined }],
    ["a namespace with a slash", { ...pointer, namespace: "a/b" }],
    ["an empty workflow id", { ...pointer, workflowId: "" }],
    ["a run id that is no text", { ...pointer, runId: 7 }],
    ["an event id that is no number", { ...pointer, scheduledEventId: "5" }],
    ["attempt zero", { ...pointer, attempt: 0 }],
    ["half an attempt", { ...pointer, attempt: 1.5 }],
  ])("refuses %s", (_what, body) => {
    expect(parseActivityMessage(body).kind).toBe("malformed");
  });
});

describe("the delay before another delivery", () => {
  test.each([
    [1, 1],
    [2, 2],
    [5, 16],
    [9, 256],
    [10, 300],
    [100, 300],
  ])("after delivery %d is %d s", (attempts, seconds) => {
    expect(retryDelaySeconds(attempts)).toBe(seconds);
  });
});
