/**
 * `npm run judge`: Temporal's own SDK judges histories that Holdfast wrote.
 *
 * Owns: the order of things and the exit code: 0 if there is no refusal and no difference and every broken history was
 * noticed, 1 if not, 2 for a wrong command line.
 */
import { HELP, type Options, readOptions } from "./command-line.ts";
import { install } from "./installation.ts";
import { summary, verdictLines } from "./verdict.ts";
import { openRuntime } from "./worker/runtime.ts";

async function judge({ only, historiesFolder }: Options): Promise<boolean> {
  await install();
  const { officialReplayer, tryBreakages, tryScenarios } = await import("./trial.ts");
  console.error("bundling for both sides and starting workerd …");
  await using runtime = await openRuntime();
  const [replayer, listed] = await Promise.all([officialReplayer(), runtime.list()]);
  const scenarios = listed.filter(({ name }) => only.length === 0 || only.some((text) => name.includes(text)));
  console.error(`judging ${scenarios.length} scenarios …`);
  const trials = await tryScenarios(runtime, replayer, scenarios, {
    historiesFolder,
    told: ({ verdict }) => console.log(verdictLines(verdict)),
  });
  const verdicts = trials.map(({ verdict }) => verdict);
  const isRight = verdicts.length > 0 && verdicts.every(({ kind }) => kind === "ok");
  if (only.length > 0) {
    console.log(`\n${summary(verdicts)}`);
    return isRight;
  }
  console.log("\nHistories broken on purpose:");
  const areNoticed = await tryBreakages(replayer, trials);
  console.log(`\n${areNoticed ? "Every broken history was noticed." : "Not every broken history was noticed."}`);
  console.log(summary(verdicts));
  return isRight && areNoticed;
}

function optionsOrComplaint(): Options | "help" | "wrong" {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${String(error)}\n\n${HELP}`);
    return "wrong";
  }
}

const options = optionsOrComplaint();
if (options === "help") console.log(HELP);
else if (options === "wrong") process.exitCode = 2;
// A replay that was given up keeps its threads, which would keep the process; so it is ended.
else process.exit((await judge(options)) ? 0 : 1);
