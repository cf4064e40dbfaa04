/** What a verdict's words are named after. No DOM in here. */

/**
 * Its level, 0 to 3, or "short" where the attack had found nothing and was still on its way: no sign of protection.
 * @param {{ level: number, reason?: { code?: string } | null }} verdict
 * @returns {number | "short"}
 */
export const standing = verdict => (verdict.reason?.code === "too-short" ? "short" : verdict.level);
