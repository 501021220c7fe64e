/**
 * Quantiles and means of samples.
 *
 * Owns: arithmetic over lists of numbers; no unit of its own.
 */

export interface Summary {
  readonly p50: number;
  readonly p99: number;
  readonly samples: number;
}

/**
 * The value below which a share of the samples lies, interpolated between neighbours. NaN for no samples.
 *
 * @example
 * quantile([1, 2, 3, 4], 0.5); // 2.5
 */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** Median, 99th percentile and count. */
export function summarize(samples: readonly number[]): Summary {
  return { p50: quantile(samples, 0.5), p99: quantile(samples, 0.99), samples: samples.length };
}
