/** What every workerd suite needs: a client over the deployment's own bindings, fresh ids, direct access to an object. */
import { env } from "cloudflare:workers";
import { createExecutionContext } from "cloudflare:test";
import { expect } from "vitest";

import type { HistoryEvent } from "../../../src/core/history-event.ts";
import { workflowObjectName } from "../../../src/core/identifiers.ts";
import { holdfast } from "../fixtures/application.ts";

export const client = holdfast.createClient(env, createExecutionContext());

let counter = 0;
/** A workflow id that no other test uses. */
export function freshId(what: string): string {
  counter += 1;
  return `${what}-${counter}-${crypto.randomUUID().slice(0, 8)}`;
}

/** The object behind a workflow id. */
export function objectOf(workflowId: string) {
  return env.WORKFLOW_EXECUTION.getByName(workflowObjectName("default", workflowId));
}

/** Asks again until the answer satisfies; fails with the last answer after ten seconds. */
export async function until<T>(ask: () => Promise<T>, satisfies: (answer: T) => boolean): Promise<T> {
  let answer = await ask();
  for (let tries = 0; tries < 400 && !satisfies(answer); tries += 1) {
    await scheduler.wait(25);
    answer = await ask();
  }
  expect(answer).toSatisfy(satisfies);
  return answer;
}

/** A workflow's history as it is stored. Asked again if the object dies meanwhile: a client would do so too. */
export async function storedHistory(workflowId: string): Promise<readonly HistoryEvent[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      const reply = await objectOf(workflowId).history({ version: 1 });
      if (!reply.ok) throw new Error(reply.rejection.message);
      return reply.value.events;
    } catch (error) {
      if (tries === 3 || !(error instanceof Error && "durableObjectReset" in error)) throw error;
    }
  }
}

/** Event types of a workflow's history, in order. */
export async function eventTypes(workflowId: string): Promise<string[]> {
  return (await storedHistory(workflowId)).map((event) => event.eventType);
}

/** What a promise rejects with; fails if it does not. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error("it did not reject");
}
