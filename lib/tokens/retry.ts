import { CriteoTokenError, CriteoTransportError } from '../errors';
import { backOff } from '../util/back-off';
import { sleep, type Timers } from './clock';

// Milliseconds before the second request, and the shortest time that must be left for it.
const PAUSE = 250;
const LEAST = 500;

/** Returns true if Criteo could not be reached, and false if it refused the request. */
export function isOutage(error: unknown): boolean {
  return error instanceof CriteoTransportError || (error instanceof CriteoTokenError && error.retryable);
}

/**
 * Sends a token request, and once more after a failure that may be temporary, all within `timeout` milliseconds.
 *
 * A refresh may be repeated: nothing in Criteo's documentation says that it uses up the refresh token. If it did, and the
 * response was lost on the way, the new refresh token was lost with it. The old one is all that is left then, and the next
 * call would send it anyway; sent at once, it finds the grace period of servers that have one.
 *
 * @param ask the request, given the milliseconds that it may take.
 * @param mayRepeat is called before the second request; false ends it there.
 */
export async function askTwice<T>(
  timeout: number,
  ask: (timeout: number) => Promise<T>,
  mayRepeat: () => boolean,
  timers: Timers,
): Promise<T> {
  const deadline = timers.steady() + timeout;
  try {
    return await ask(timeout);
  } catch (error) {
    if (!(error instanceof CriteoTransportError || error instanceof CriteoTokenError) || !error.retryable) throw error;
    const pause = backOff(PAUSE, error.retryAfter, timers.random);
    const left = Math.floor(deadline - timers.steady() - pause);
    if (left < LEAST) throw error;
    await sleep(timers, pause);
    if (!mayRepeat()) throw error;
    return ask(left);
  }
}
