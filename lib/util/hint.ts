/** The codes of the hints that were given in this process. Tests clear it. */
export const given = new Set<string>();

/**
 * Hints at what is probably a mistake in the set-up of the app, by a process warning: once for each code in a process, and
 * never in production, where users decide how often it would come.
 *
 * @param message returns the text. Called only if the hint is given: masking what looks like a token takes 0.1 ms, five
 *   times as long as the rest of a callback that fails.
 */
export function hint(code: string, message: () => string): void {
  if (given.has(code) || process.env['NODE_ENV'] === 'production') return;
  given.add(code);
  process.emitWarning(message(), { code });
}
