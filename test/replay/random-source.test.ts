import { describe, expect, it } from "vitest";

import { RandomSource } from "../../src/replay/random-source.ts";
import { bigEndianBytes, randomnessSeed, sipHash13 } from "../../src/replay/siphash13.ts";

describe("the randomness of a run", () => {
  it("draws the numbers and ids that Temporal's SDK draws from the same seed", () => {
    const random = new RandomSource(bigEndianBytes(1337n));
    expect(random.next()).toBe(0.8380154962651432);
    expect(random.uuid4()).toBe("a50eca73-ff3e-4445-a512-2330c2f4f86e");
    expect(new RandomSource(bigEndianBytes(7331n)).next()).toBe(0.18803317612037063);
  });

  it("hashes as Rust's default hasher does", () => {
    expect(sipHash13(new Uint8Array())).toBe(0xd1fba762150c532cn);
  });

  it("hashes texts of every length modulo eight without losing bytes", () => {
    const hashes = Array.from({ length: 20 }, (_, length) => sipHash13(new Uint8Array(length)));
    expect(new Set(hashes).size).toBe(20);
  });

  it("seeds with the hash of the run id closed by 0xFF", () => {
    const bytes = new Uint8Array([...new TextEncoder().encode("run-é"), 0xff]);
    expect(randomnessSeed("run-é")).toEqual(bigEndianBytes(sipHash13(bytes)));
  });

  it("makes version 4 uuids", () => {
    const random = new RandomSource(randomnessSeed("a run"));
    for (let index = 0; index < 50; index += 1)
      expect(random.uuid4()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("forks without moving", () => {
    const random = new RandomSource(randomnessSeed("a run"));
    const fork = random.fork();
    expect([fork.next(), fork.next()]).toEqual([random.next(), random.next()]);
  });
});
