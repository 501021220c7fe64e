/**
 * Looks for words in bytes that must not hold them, base64 included.
 *
 * Owns: how a word may hide. Stored payloads are base64 inside JSON, so plain text in one would not show as itself;
 * depending on where it begins, it shows as one of three base64 texts, and all three are searched for.
 */

/** The middle of `text` in base64 when it begins `offset` bytes into a group of three, free of its neighbours' bits. */
function base64At(text: Buffer, offset: number): string {
  const shifted = Buffer.concat([Buffer.alloc(offset), text]).toString("base64");
  const firstWhole = Math.ceil((offset * 8) / 6);
  const lastWhole = Math.floor(((offset + text.length) * 8) / 6);
  return shifted.slice(firstWhole, lastWhole);
}

/**
 * Every form in which a word would be seen in stored bytes: itself, and its base64 at each of the three alignments.
 *
 * @throws RangeError for a word under four bytes, which would be found by chance
 * @example
 * needlesOf("alice"); // ["alice", "YWxpY2", "FsaWNl", "hbGljZ"]
 */
export function needlesOf(word: string): readonly string[] {
  const bytes = Buffer.from(word, "utf8");
  if (bytes.length < 4) throw new RangeError(`"${word}" is too short to search for`);
  return [word, base64At(bytes, 0), base64At(bytes, 1), base64At(bytes, 2)];
}

/**
 * Those of the words that appear in the bytes, plain or as base64.
 *
 * @example
 * wordsFound(Buffer.from('{"data":"ImFsaWNlIg=="}'), ["alice", "bob-savings"]); // ["alice"]
 */
export function wordsFound(bytes: Buffer, words: readonly string[]): readonly string[] {
  return words.filter((word) => needlesOf(word).some((needle) => bytes.includes(needle)));
}
