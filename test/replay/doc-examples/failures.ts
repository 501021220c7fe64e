import {
  ActivityFailure,
  ApplicationFailure,
  proxyActivities,
  setWorkflowOptions,
} from "../../../src/sdk/workflow/index.ts";

interface Activities {
  book(seat: string): Promise<string>;
}

const { book } = proxyActivities<Activities>({ startToCloseTimeout: "10 seconds", retry: { maximumAttempts: 3 } });

export class SoldOutError extends Error {
  override readonly name = "SoldOutError";
}

export async function bookFirst(seats: string[]): Promise<string> {
  for (const seat of seats) {
    try {
      return await book(seat);
    } catch (error) {
      const isTaken =
        error instanceof ActivityFailure &&
        error.cause instanceof ApplicationFailure &&
        error.cause.type === "SeatTaken";
      if (!isTaken) throw error;
    }
  }
  throw new SoldOutError(`None of ${seats.length} seats is free`);
}

setWorkflowOptions({ failureExceptionTypes: [SoldOutError] }, bookFirst);
