// Milliseconds over which clients spread that were all told the same time.
const SPREAD = 500;

/**
 * Returns how many milliseconds to wait before a request is repeated. A random share keeps many processes from coming
 * back all at once.
 *
 * @param pause milliseconds: the wait is between half of it and all of it.
 * @param retryAfter seconds that the server asked for, if it did: the wait is longer than that.
 */
export function backOff(pause: number, retryAfter?: number): number {
  const wait = pause * (0.5 + Math.random() / 2);
  return retryAfter === undefined ? wait : Math.max(wait, retryAfter * 1000 + Math.random() * SPREAD);
}
