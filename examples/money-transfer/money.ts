/**
 * Amounts of money: whole cents in a JavaScript number, never a fraction.
 *
 * Owns: which numbers are an amount, and how one is shown to a person. Nothing else in the example does arithmetic on
 * anything but cents.
 */

/**
 * Whether a value may be moved as an amount: a whole number of cents, above zero, exact in a JavaScript number.
 *
 * @example
 * isAmountCents(1_050); // true: ten units and fifty cents
 * isAmountCents(10.5); // false: a fraction of a cent
 */
export function isAmountCents(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/**
 * Whether a value may stand as a balance: like an amount, but an empty account is allowed.
 *
 * @example
 * isBalanceCents(0); // true
 */
export function isBalanceCents(value: unknown): value is number {
  return value === 0 || isAmountCents(value);
}

/**
 * Cents as a person reads them: thousands grouped, always two decimals. Works on digits, since a division would round
 * large amounts.
 *
 * @throws RangeError when the value is not a safe integer
 * @example
 * formatCents(314_159); // "3,141.59"
 */
export function formatCents(cents: number): string {
  if (!Number.isSafeInteger(cents)) throw new RangeError(`${cents} is not a whole number of cents`);
  const digits = Math.abs(cents).toString().padStart(3, "0");
  const units = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${cents < 0 ? "-" : ""}${units}.${digits.slice(-2)}`;
}
