/**
 * What a worker says of a workflow task must fit a message, and with it a commit.
 *
 * Owns: the two checks. The worker makes them before it answers, because what does not fit would not arrive; the service
 * makes them again, because it believes no worker.
 */
import type { Command } from "./command.ts";
import { type CommandProblem, problem } from "./command-context.ts";
import { type Failure, SERVICE_FAILURE_SOURCE } from "./failure.ts";
import { MAX_MESSAGE_CHARACTERS, MAX_PAYLOADS_BYTES } from "./limits.ts";
import { userMetadataBytes } from "./payload.ts";
import { failureBytes } from "./request-check.ts";
import { characters } from "./text-size.ts";

/** Why the commands of a task cannot be taken together, or undefined. */
export function commandsProblem(commands: readonly Command[]): CommandProblem | undefined {
  const size = characters(commands);
  if (size <= MAX_MESSAGE_CHARACTERS) return undefined;
  return tooLarge(
    `the ${commands.length} commands of the workflow task are ${size} characters, the limit is ` +
      `${MAX_MESSAGE_CHARACTERS}: do less before the workflow waits, or keep large values elsewhere`,
  );
}

/** Why a command's summary and details cannot be taken, or undefined. */
export function metadataProblem(command: Command): CommandProblem | undefined {
  const bytes = "userMetadata" in command ? userMetadataBytes(command.userMetadata) : 0;
  if (bytes <= MAX_PAYLOADS_BYTES) return undefined;
  return tooLarge(`${command.commandType}: summary and details are ${bytes} bytes, the limit is ${MAX_PAYLOADS_BYTES}`);
}

/** The failure of a task, or another that says so if it is too large to be kept. */
export function fittingFailure(failure: Failure): Failure {
  const bytes = failureBytes(failure);
  if (bytes <= MAX_PAYLOADS_BYTES) return failure;
  const message = `The workflow task failed; its failure of ${bytes} bytes is over the limit of ${MAX_PAYLOADS_BYTES} and left out`;
  return { message, source: SERVICE_FAILURE_SOURCE, applicationFailureInfo: { type: "PAYLOADS_TOO_LARGE" } };
}

function tooLarge(message: string): CommandProblem {
  return problem("PAYLOADS_TOO_LARGE", message);
}
