/**
 * A scenario's verdict, and the table of all.
 *
 * Owns: what a person reads.
 */
export interface Verdict {
  readonly group: string;
  readonly name: string;
  readonly histories: number;
  readonly kind: "ok" | "refused" | "differs" | "not driven";
  readonly details: readonly string[];
}

const DETAIL_CHARACTERS = 1_500;

/** One line of the table, with the details below it. */
export function verdictLines({ name, group, histories, kind, details }: Verdict): string {
  const head = `${kind.padEnd(10)}  ${group.padEnd(20)}  ${name.padEnd(52)}  ${histories === 1 ? "1 history" : `${histories} histories`}`;
  return [head, ...details.map((detail) => `            ${shortened(detail)}`)].join("\n");
}

function shortened(text: string): string {
  return text.length <= DETAIL_CHARACTERS ? text : `${text.slice(0, DETAIL_CHARACTERS)} …`;
}

/** The last lines: how many of each kind. */
export function summary(verdicts: readonly Verdict[]): string {
  const histories = verdicts.reduce((sum, verdict) => sum + verdict.histories, 0);
  const over = `over ${verdicts.length} scenarios (${histories} histories)`;
  const count = (kind: Verdict["kind"]): number => verdicts.filter((verdict) => verdict.kind === kind).length;
  if (verdicts.every(({ kind }) => kind === "ok")) return `Zero refusals, zero differences ${over}.`;
  return `${count("refused")} refused, ${count("differs")} different, ${count("not driven")} not driven ${over}.`;
}
