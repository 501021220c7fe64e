/** What the suites of updates share: scripted workflows, updates sent to them as a client would, and watchers. */
import { expect } from "vitest";

import type { PollUpdateRequest, StartRequest, UpdateReply, UpdateRequest } from "../../../src/core/protocol.ts";
import type { Reply } from "../../../src/core/rejection.ts";
import { type Script, scripts, text, updatable } from "../fixtures/scripted-session.ts";
import { eventTypes, freshId, objectOf, rejectionOf, until } from "./kit.ts";

export const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;

export function startRequest(workflowId: string, overrides: Partial<StartRequest> = {}): StartRequest {
  const names = { namespace: "default", workflowId, workflowType: "scripted", taskQueue: "default" } as const;
  return { version: 1, ...names, requestId: `start of ${workflowId}`, ...overrides };
}

export function updateRequest(
  updateId: string,
  updateName: string,
  overrides: Partial<UpdateRequest> = {},
): UpdateRequest {
  return { version: 1, updateId, updateName, args: text(updateId), waitForStage: "COMPLETED", ...overrides };
}

/** Starts a scripted workflow and waits until its first task is over. */
export async function begin(what: string, script: Script = updatable): Promise<string> {
  const workflowId = freshId(what);
  scripts.set(workflowId, script);
  expect(await patiently(async () => await objectOf(workflowId).start(startRequest(workflowId)))).toMatchObject({
    ok: true,
  });
  await until(
    async () => await eventTypes(workflowId),
    (types) => types.includes("WorkflowTaskCompleted"),
  );
  return workflowId;
}

/** Asks again when the object dies, as a client would. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}

/** Sends an update, again if the object dies, until it has come as far as asked. */
export async function sent(workflowId: string, request: UpdateRequest): Promise<Reply<UpdateReply>> {
  for (;;) {
    const reply = await patiently(async () => (await objectOf(workflowId).update(request)) as Reply<UpdateReply>);
    if (!reply.ok || reply.value.stage === "COMPLETED" || reply.value.stage === request.waitForStage) return reply;
    await scheduler.wait(20);
  }
}

/** Kills the object as a crash would. */
export async function crash(workflowId: string): Promise<void> {
  const error = await rejectionOf(objectOf(workflowId).die());
  expect(error.message).toBe("killed by a test");
}

/** Whether a call was answered. */
export async function fate(call: PromiseLike<unknown>): Promise<"answered" | "failed"> {
  try {
    await call;
    return "answered";
  } catch {
    return "failed";
  }
}

export async function count(workflowId: string, type: string): Promise<number> {
  return (await eventTypes(workflowId)).filter((other) => other === type).length;
}

/** A socket that waits for an update to complete. */
export async function watching(
  workflowId: string,
  updateId: string,
  request: Omit<PollUpdateRequest, "version"> = { updateId, waitForStage: "COMPLETED" },
): Promise<{ readonly message: Promise<Reply<UpdateReply>> }> {
  const url = `https://holdfast/update?update=${encodeURIComponent(JSON.stringify({ version: 1, ...request }))}`;
  const { webSocket } = await objectOf(workflowId).fetch(url, { headers: { Upgrade: "websocket" } });
  if (!webSocket) throw new Error("no socket");
  const message = new Promise<Reply<UpdateReply>>((resolve, reject) => {
    webSocket.addEventListener("message", ({ data }) => resolve(JSON.parse(String(data)) as Reply<UpdateReply>));
    webSocket.addEventListener("close", () => reject(new Error("closed without a message")));
    webSocket.addEventListener("error", () => reject(new Error("broken")));
  });
  message.catch(() => undefined);
  webSocket.accept();
  return { message };
}
