import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";

import { bundleWorker } from "./scripts/bundle-worker.ts";

// One project per runtime and per pace; `npm test` runs them all.
//
// core            Node, no platform: what is pure, and the checks on the repository itself
// workers-one     workerd: the application and the service in one Worker
// workers-two     workerd: the tests run inside the application's Worker, the service is a Worker of its own
// package         Node, slow: the packed tarball, installed and used from outside
// crash           Node, slow: kills a real `wrangler dev` and looks at what survives
//
// A project starts when those of a lower group are through: the slow ones have the machine to themselves.
// Storage on workerd is isolated per test file, not per test: use a workflow id of its own in every test.
const projects: TestProjectConfiguration[] = [
  {
    test: {
      name: "core",
      include: ["test/**/*.test.ts"],
      exclude: ["test/workers/**", "test/package/**", "test/crash/**"],
    },
  },
  {
    plugins: [cloudflareTest({ wrangler: { configPath: "./test/workers/one/wrangler.toml" } })],
    test: {
      name: "workers-one",
      sequence: { groupOrder: 1 },
      include: ["test/workers/one/**/*.test.ts", "test/workers/both/**/*.test.ts"],
      testTimeout: 30_000,
    },
  },
  {
    plugins: [
      cloudflareTest(async () => ({
        wrangler: { configPath: "./test/workers/two/wrangler.toml" },
        miniflare: {
          workers: [
            // The test runner calls the application's Worker by a name of its own, made from the project's name.
            await bundleWorker("./test/workers/two/service/wrangler.toml", {
              "holdfast-application": "vitest-plugin-runner-workers-two",
            }),
            await bundleWorker("./test/workers/two/payments/wrangler.toml"),
          ],
        },
      })),
    ],
    test: {
      name: "workers-two",
      sequence: { groupOrder: 1 },
      include: ["test/workers/two/**/*.test.ts", "test/workers/both/**/*.test.ts"],
      testTimeout: 30_000,
    },
  },
  {
    test: {
      name: "package",
      sequence: { groupOrder: 2 },
      include: ["test/package/**/*.test.ts"],
      testTimeout: 300_000,
      hookTimeout: 300_000,
    },
  },
  {
    test: {
      name: "crash",
      sequence: { groupOrder: 3 },
      include: ["test/crash/**/*.test.ts"],
      testTimeout: 300_000,
      hookTimeout: 120_000,
      fileParallelism: false,
    },
  },
];

export default defineConfig({ test: { projects } });
