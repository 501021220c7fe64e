/**
 * Who imported what, while a bundle is made.
 *
 * Owns: the way from the entry module to any other, and the error that names it.
 */

/** An import that workflow code must not have. */
export interface RefusedImport {
  readonly specifier: string;
  /** The files that lead to it, the workflow module first. */
  readonly chain: readonly string[];
  readonly reason: string;
}

/** Workflow code imports what it must not. */
export class RefusedImportsError extends Error {
  override readonly name = "RefusedImportsError";
  readonly refusedImports: readonly RefusedImport[];

  constructor(refusedImports: readonly RefusedImport[]) {
    super(`Workflow code imports what it must not.\n${refusedImports.map(describe).join("\n")}`);
    this.refusedImports = refusedImports;
  }
}

function describe({ specifier, chain, reason }: RefusedImport): string {
  return `  ${[...chain, specifier].join(" -> ")}\n    ${reason}`;
}

export class ImportChains {
  readonly #importers = new Map<string, string>();

  /** The first importer of a file stays the one that is told. */
  note(file: string, importer: string): void {
    if (file !== importer && !this.#importers.has(file)) this.#importers.set(file, importer);
  }

  /** The files from the entry module down to this one. */
  to(file: string): string[] {
    const chain: string[] = [];
    for (let at: string | undefined = file; at !== undefined && !chain.includes(at); at = this.#importers.get(at))
      chain.unshift(at);
    return chain;
  }
}
