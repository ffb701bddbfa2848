// The random part of a delay keeps many callers and processes from coming back at the same moment. `random` returns a
// number from 0 to 1, without 1; a test may pass one of its own.

/** Returns a delay between half of `milliseconds` and all of it. */
export function jittered(milliseconds: number, random = Math.random): number {
  return milliseconds * (0.5 + random() / 2);
}

/** Returns a delay from the time that the server asked for to a tenth more and half a second: never less than it asked for. */
export function spread(milliseconds: number, random = Math.random): number {
  return milliseconds + random() * (milliseconds / 10 + 500);
}

/**
 * Returns how many milliseconds to wait before a request is repeated.
 *
 * @param pause milliseconds: the wait is at least between half of it and all of it.
 * @param retryAfter seconds that the server asked for, if it did: the wait is never shorter.
 */
export function backOff(pause: number, retryAfter?: number, random = Math.random): number {
  const wait = jittered(pause, random);
  return retryAfter ? Math.max(wait, spread(retryAfter * 1000, random)) : wait;
}
