/**
 * The subjects: how each is bundled and bound.
 *
 * Owns: names, titles, entry files and Miniflare options. Holdfast's compatibility date, flags and queue settings are
 * those of the root wrangler.toml, so that what is measured is what `wrangler dev` runs; the others get the same date
 * and flags.
 */
import { resolve } from "node:path";

import { unstable_readConfig } from "wrangler";

export const subjectNames = ["floor", "holdfast", "queue", "workflows"] as const;
export type SubjectName = (typeof subjectNames)[number];

export const subjectTitles: Readonly<Record<SubjectName, string>> = {
  floor: "floor",
  holdfast: "Holdfast",
  queue: "Holdfast, by queue",
  workflows: "Cloudflare Workflows",
};

/** How a Worker is to be run: as it is published, or with everything that the platform bills counted. */
export type Variant = "timed" | "counted";

export interface SubjectWorker {
  readonly name: SubjectName;
  /** Relative to this folder. */
  readonly entry: string;
  /** Bindings and compatibility, to be spread beside name and script. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * The Worker of a subject. Cloudflare Workflows has no counted variant: its storage belongs to the engine, and it is
 * billed by the step.
 */
export function subjectWorker(name: SubjectName, variant: Variant): SubjectWorker {
  const config = readConfig();
  const runtime = { compatibilityDate: config.compatibility_date, compatibilityFlags: config.compatibility_flags };
  const suffix = variant === "counted" ? "-counted" : "";
  switch (name) {
    case "floor":
      return {
        name,
        entry: `workers/floor${suffix}.ts`,
        options: { ...runtime, durableObjects: { FLOOR: { className: "Floor", useSQLite: true } } },
      };
    case "holdfast":
    case "queue":
      return {
        name,
        entry: `workers/holdfast${suffix}.ts`,
        options: {
          ...runtime,
          additionalUnboundDurableObjects: [{ className: "WorkflowExecution", useSQLite: true }],
          bindings: { HOLDFAST_ENCRYPTION_KEYS: freshKey(), DISPATCH: name === "queue" ? "queue" : "eager" },
          queueProducers: producers(config, name),
          queueConsumers: consumers(config, name),
        },
      };
    case "workflows":
      return {
        name,
        entry: "workers/cloudflare-workflows.ts",
        options: { ...runtime, workflows: { PLANS: { name: "plans", className: "PlanWorkflow" } } },
      };
  }
}

/** The part of wrangler's configuration that is read here; wrangler's own type of it is not published. */
interface WranglerConfig {
  readonly compatibility_date: string;
  readonly compatibility_flags: readonly string[];
  readonly queues: {
    readonly producers?: readonly { readonly binding: string; readonly queue: string }[];
    readonly consumers?: readonly {
      readonly queue: string;
      readonly max_batch_size?: number;
      readonly max_batch_timeout?: number;
      readonly max_retries?: number;
      readonly dead_letter_queue?: string;
    }[];
  };
}

function readConfig(): WranglerConfig {
  return unstable_readConfig({ config: resolve(import.meta.dirname, "../wrangler.toml") });
}

// A queue has one consumer, so each Worker gets queues of its own.
function queueName(queue: string, worker: SubjectName): string {
  return `${worker}-${queue}`;
}

function producers({ queues }: WranglerConfig, worker: SubjectName): Record<string, unknown> {
  return Object.fromEntries(
    (queues.producers ?? []).map(({ binding, queue }) => [binding, { queueName: queueName(queue, worker) }]),
  );
}

function consumers({ queues }: WranglerConfig, worker: SubjectName): Record<string, unknown> {
  return Object.fromEntries(
    (queues.consumers ?? []).map((consumer) => [
      queueName(consumer.queue, worker),
      {
        maxBatchSize: consumer.max_batch_size,
        maxBatchTimeout: consumer.max_batch_timeout,
        maxRetries: consumer.max_retries,
        deadLetterQueue: consumer.dead_letter_queue && queueName(consumer.dead_letter_queue, worker),
      },
    ]),
  );
}

function freshKey(): string {
  return `bench:${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64")}`;
}
