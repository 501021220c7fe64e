/**
 * A rejection that workflow code leaves unhandled, on workerd. Not among the workerd suites, whose runner listens for
 * rejections too and takes every one for a failure of its own.
 */
import type { Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, it } from "vitest";

import { startWorker } from "../local-worker.ts";

let worker: Miniflare;

beforeAll(async () => {
  const contents = 'export * from "./worker.ts"; export { default } from "./worker.ts";';
  worker = await startWorker("rejections", { contents, resolveDir: import.meta.dirname });
}, 30_000);

afterAll(() => worker.dispose());

it("fails the task of the workflow that left it, and of no other", async () => {
  const response = await worker.dispatchFetch("http://localhost/");
  expect(await response.json()).toEqual({
    result: "its own business",
    status: "RUNNING",
    type: "UnhandledRejectionError",
  });
}, 20_000);
