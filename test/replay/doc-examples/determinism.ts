import { log, sleep, uuid4 } from "../../../src/sdk/workflow/index.ts";

export async function lottery(
  players: string[],
): Promise<{ winner: string | undefined; ticket: string; drawnAt: Date }> {
  await sleep("1 day");
  const winner = players[Math.floor(Math.random() * players.length)];
  log.info("drawn", { players: players.length });
  return { winner, ticket: uuid4(), drawnAt: new Date() };
}
