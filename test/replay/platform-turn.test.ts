import { describe, expect, it } from "vitest";

import { turnOf, type TurnPlatform } from "../../src/replay/platform-turn.ts";

/** Node's own pipe crosses microtasks only; what counts here is that it is the one that is asked. */
class Pipe extends TransformStream<Uint8Array, Uint8Array> {
  static made = 0;
  constructor() {
    super();
    Pipe.made += 1;
  }
}

describe("a turn of the event loop", () => {
  const platforms: readonly [string, TurnPlatform][] = [
    ["setImmediate", { setImmediate }],
    ["setTimeout", { setTimeout: globalThis["setTimeout"] }],
  ];

  it.each(platforms)("by %s comes after every microtask", async (_, platform) => {
    const turn = turnOf(platform);
    let steps = 0;
    const chain = (async () => {
      for (; steps < 5_000; steps += 1) await Promise.resolve();
    })();
    await turn();
    expect(steps).toBe(5_000);
    await chain;
  });

  it("is taken through a stream where the platform has a native one", async () => {
    const setImmediate = () => {
      throw new Error("not this one");
    };
    await turnOf({ IdentityTransformStream: Pipe, setImmediate })();
    expect(Pipe.made).toBe(1);
  });

  it("is not to be had everywhere", () => {
    expect(() => turnOf({})).toThrow("neither");
  });
});
