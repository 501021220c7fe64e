/** Cron schedules: which are understood, and when the next run is due. Expected times are those of Temporal's server. */
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";

import { parseCronExpression } from "../../src/core/cron-expression.ts";
import { cronBackoffMs, cronScheduleProblem } from "../../src/core/cron-schedule.ts";

function at(time: string): number {
  return Date.parse(time);
}

/** When the run after the one of `executionTime` begins, if that one ends at `now`. */
function nextRun(schedule: string, executionTime: string, now = executionTime): string | undefined {
  const backoffMs = cronBackoffMs(schedule, at(executionTime), at(now));
  return backoffMs === undefined ? undefined : new Date(at(now) + backoffMs).toISOString();
}

afterEach(() => {
  vi.useRealTimers();
});

describe("an expression", () => {
  it.each([
    "* * * * *",
    "? ? ? ? ?",
    "*/15 0-23/2 1,15 JAN-mar MON,fri",
    "10/20 * * * *",
    "1,,2 * * * *",
    "  5   4 * * sun ",
    "@hourly",
    "@daily",
    "@midnight",
    "@weekly",
    "@monthly",
    "@yearly",
    "@annually",
    "@every 1h30m",
    "@every 1.5s",
    "@every 100ms",
    "TZ=Europe/Zurich 0 8 * * *",
    "CRON_TZ=America/New_York @daily",
    "TZ=UTC @every 5s",
    "0 0 29 2 *",
  ])("may be %j", (schedule) => {
    expect(cronScheduleProblem(schedule)).toBeUndefined();
  });

  it.each([
    ["", /0 fields/],
    ["* * * *", /4 fields/],
    ["0 * * * * *", /6 fields/],
    ["60 * * * *", /minute: "60" is not within 0 to 59/],
    ["* 24 * * *", /hour/],
    ["* * 0 * *", /day of month/],
    ["* * * 13 *", /month/],
    ["* * * foo *", /names: jan/],
    ["* * * * 7", /day of week: "7" is not within 0 to 6/],
    ["5-1 * * * *", /the smaller first/],
    ["1-2-3 * * * *", /is not a value, a range/],
    ["*/0 * * * *", /step above zero/],
    ["*/1/2 * * * *", /step above zero/],
    ["*/x * * * *", /step above zero/],
    [", * * * *", /the field minute is empty/],
    ["-1 * * * *", /is not a value/],
    ["1.5 * * * *", /is not a value/],
    // What other dialects have.
    ["0 0 L * *", /"L"/],
    ["0 0 15W * *", /"15W"/],
    ["0 0 * * 5#2", /"5#2"/],
    ["0 0 * * 5L", /"5L"/],
    ["0 0 * * +5", /"\+5"/],
    ["@reboot", /must be one of @yearly/],
    ["@Daily", /must be one of @yearly/],
    ["@every", /must be one of @yearly/],
    ["@every 5", /must be such as "90s"/],
    ["@every -1h", /must be such as "90s"/],
    ["@every 1d", /must be such as "90s"/],
    ["@every 900000000h", /longer than 100 years/],
    ["TZ=UTC", /a time zone must be named/],
    ["TZ= * * * * *", /a time zone must be named/],
    ["TZ=+02:00 * * * * *", /a time zone must be named/],
    ["TZ=Nowhere/Land * * * * *", /time zone "Nowhere\/Land" is not known/],
    ["0 0 30 2 *", /no day satisfies it/],
    [`* * * * ${"1,".repeat(600)}1`, /longer than 1000/],
  ])("may not be %j", (schedule, problem) => {
    expect(cronScheduleProblem(schedule)).toMatch(problem);
  });

  it("stands for sets of values, of which an open one restricts nothing", () => {
    const parsed = parseCronExpression("*/20 8-10 * */1 mon-wed,5");
    expect(parsed).toEqual({
      ok: true,
      expression: {
        kind: "calendar",
        timeZone: "UTC",
        minute: { values: [0, 20, 40], isOpen: false },
        hour: { values: [8, 9, 10], isOpen: false },
        dayOfMonth: { values: Array.from({ length: 31 }, (_, day) => day + 1), isOpen: true },
        month: { values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], isOpen: true },
        dayOfWeek: { values: [1, 2, 3, 5], isOpen: false },
      },
    });
  });
});

describe("the next run", () => {
  it.each([
    ["*/15 * * * *", "2026-11-21T10:07:00Z", "2026-11-21T10:15:00.000Z"],
    // Strictly after the time of the run before.
    ["*/15 * * * *", "2026-11-21T10:15:00Z", "2026-11-21T10:30:00.000Z"],
    ["0 0 1 * *", "2026-11-21T10:07:00Z", "2026-12-01T00:00:00.000Z"],
    ["@weekly", "2026-11-21T10:07:00Z", "2026-11-22T00:00:00.000Z"],
    ["0 0 29 2 *", "2026-11-21T10:07:00Z", "2028-02-29T00:00:00.000Z"],
    // Both days restricted: either will do. One open: the other decides.
    ["0 0 13 * fri", "2026-11-21T10:07:00Z", "2026-11-27T00:00:00.000Z"],
    ["0 0 13 * fri", "2026-12-11T10:07:00Z", "2026-12-13T00:00:00.000Z"],
    ["0 0 13 * *", "2026-11-21T10:07:00Z", "2026-12-13T00:00:00.000Z"],
    ["0 0 */1 * fri", "2026-11-21T10:07:00Z", "2026-11-27T00:00:00.000Z"],
    ["0 0 */10 * fri", "2026-11-28T10:07:00Z", "2026-12-01T00:00:00.000Z"],
    ["TZ=Asia/Kolkata 30 9 * * *", "2026-11-21T10:07:00Z", "2026-11-22T04:00:00.000Z"],
    ["@every 90s", "2026-11-21T10:07:00Z", "2026-11-21T10:08:30.000Z"],
  ])("of %s after %s is due at %s", (schedule, executionTime, expected) => {
    expect(nextRun(schedule, executionTime)).toBe(expected);
  });

  it.each([
    // What falls into the gap does not happen.
    ["TZ=America/New_York 30 2 * * *", "2026-03-08T05:00:00Z", "2026-03-09T06:30:00.000Z"],
    // What comes twice happens twice.
    ["TZ=America/New_York 30 1 * * *", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00.000Z"],
    ["TZ=America/New_York 30 1 * * *", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00.000Z"],
    ["TZ=America/New_York 30 1 * * *", "2026-11-01T06:30:00Z", "2026-11-02T06:30:00.000Z"],
    ["TZ=Europe/Zurich 0 3 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00.000Z"],
  ])("of %s after %s, where the clock is changed, is due at %s", (schedule, executionTime, expected) => {
    expect(nextRun(schedule, executionTime)).toBe(expected);
  });

  it("is the first that is not past: ticks that came while the run went on are skipped", () => {
    expect(nextRun("* * * * *", "2026-11-21T10:07:00Z", "2026-11-21T10:11:30Z")).toBe("2026-11-21T10:12:00.000Z");
    expect(nextRun("* * * * *", "2026-11-21T10:07:00Z", "2026-11-21T10:11:00Z")).toBe("2026-11-21T10:11:00.000Z");
    expect(nextRun("@every 90s", "2026-11-21T10:07:00Z", "2026-11-21T10:11:00Z")).toBe("2026-11-21T10:11:30.000Z");
    expect(nextRun("@every 90s", "2026-11-21T10:07:00Z", "2026-11-21T10:11:30Z")).toBe("2026-11-21T10:11:30.000Z");
  });

  it("waits whole seconds, rounded up", () => {
    const executionMs = at("2026-11-21T10:07:00.300Z");
    expect(cronBackoffMs("* * * * *", executionMs, executionMs)).toBe(60_000);
    expect(cronBackoffMs("* * * * *", executionMs, executionMs + 1)).toBe(60_000);
    expect(cronBackoffMs("* * * * *", executionMs, executionMs + 30_000)).toBe(30_000);
    expect(cronBackoffMs("@every 1s", executionMs, executionMs)).toBe(1_000);
  });

  it("has the time of a run that ended before its own", () => {
    expect(nextRun("@daily", "2026-11-22T00:00:00Z", "2026-11-21T10:07:00Z")).toBe("2026-11-22T00:00:00.000Z");
  });

  it("is none for what is no schedule", () => {
    expect(cronBackoffMs("never", 0, 0)).toBeUndefined();
  });

  it("does not depend on the clock", () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const times = ["1971-01-01T00:00:00Z", "2026-11-21T00:00:00Z", "2200-07-01T00:00:00Z"].map((clock) => {
      vi.setSystemTime(at(clock));
      return nextRun("TZ=America/New_York 0 9 * * mon-fri", "2026-11-21T10:07:00Z");
    });
    expect(times).toEqual(Array.from({ length: 3 }, () => "2026-11-23T14:00:00.000Z"));
  });
});

describe("any schedule of minutes and hours", () => {
  const field = (max: number) => fc.array(fc.nat({ max }), { minLength: 1, maxLength: 4 });
  const times = { executionMs: fc.nat({ max: 2 ** 40 }), ranMs: fc.nat({ max: 10_000_000 }) };

  it("is next due at the first minute that matches, as counting minute by minute finds it", () => {
    fc.assert(
      fc.property(fc.record({ minutes: field(59), hours: field(23), ...times }), ({ minutes, hours, ...run }) => {
        const nowMs = run.executionMs + run.ranMs;
        let tickMs = Math.floor(run.executionMs / 60_000) * 60_000 + 60_000;
        const matches = (ms: number) =>
          minutes.includes(new Date(ms).getUTCMinutes()) && hours.includes(new Date(ms).getUTCHours());
        while (tickMs < nowMs || !matches(tickMs)) tickMs += 60_000;
        const backoffMs = cronBackoffMs(`${minutes.join(",")} ${hours.join(",")} * * *`, run.executionMs, nowMs);
        expect(backoffMs).toBe(Math.ceil((tickMs - nowMs) / 1_000) * 1_000);
      }),
      { numRuns: 200 },
    );
  });

  it("is next due after one interval, or as many as it took", () => {
    fc.assert(
      fc.property(fc.record({ seconds: fc.integer({ min: 1, max: 5_000 }), ...times }), ({ seconds, ...run }) => {
        const nowMs = run.executionMs + run.ranMs;
        let tickMs = Math.floor(run.executionMs / 1_000) * 1_000 + seconds * 1_000;
        while (tickMs < nowMs) tickMs += seconds * 1_000;
        const backoffMs = cronBackoffMs(`@every ${seconds}s`, run.executionMs, nowMs);
        expect(backoffMs).toBe(Math.ceil((tickMs - nowMs) / 1_000) * 1_000);
      }),
    );
  });
});
