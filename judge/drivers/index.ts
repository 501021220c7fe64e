/** All scenarios, in the order of the table. */
import type { Scenario } from "../worker/stage.ts";
import { activityScenarios } from "./activities.ts";
import { cancellationScenarios } from "./cancellation.ts";
import { chainScenarios } from "./chains.ts";
import { childScenarios } from "./children.ts";
import { continuationScenarios } from "./continuation.ts";
import { determinismScenarios } from "./determinism.ts";
import { failureScenarios } from "./failures.ts";
import { informationScenarios } from "./information.ts";
import { interceptedScenarios } from "./intercepted.ts";
import { localActivityScenarios } from "./local-activities.ts";
import { messageScenarios } from "./messages.ts";
import { pauseScenarios } from "./pauses.ts";
import { raceScenarios } from "./races.ts";
import { resetScenarios } from "./resets.ts";
import { timeScenarios } from "./time.ts";
import { versioningScenarios } from "./versioning.ts";

export const scenarios: readonly Scenario[] = [
  ...activityScenarios,
  ...messageScenarios,
  ...cancellationScenarios,
  ...childScenarios,
  ...continuationScenarios,
  ...chainScenarios,
  ...timeScenarios,
  ...localActivityScenarios,
  ...versioningScenarios,
  ...determinismScenarios,
  ...informationScenarios,
  ...interceptedScenarios,
  ...failureScenarios,
  ...raceScenarios,
  ...pauseScenarios,
  ...resetScenarios,
];
