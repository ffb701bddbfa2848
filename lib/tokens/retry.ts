import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { CriteoTokenError, CriteoTransportError } from '../errors';

// Milliseconds before the second try, and the least that must be left for it.
const PAUSE = 250;
const LEAST = 500;

/** Whether an error of a token request says that Criteo was not to be reached, rather than that it refused. */
export function isOutage(error: unknown): boolean {
  return error instanceof CriteoTransportError || (error instanceof CriteoTokenError && error.retryable);
}

/**
 * Asks the token endpoint for what may be asked twice, and once more after a failure that may pass, all within `timeout`
 * milliseconds.
 *
 * A refresh may be: nothing in Criteo's documentation says that it spends the refresh token. And if it did, and the
 * answer was lost on the way, the new refresh token was lost with it. The old one is all that is left then, and the next
 * call would send it anyway; sent at once, it finds the grace period of servers that have one.
 *
 * @param ask the request, given the milliseconds that it may take.
 */
export async function askTwice<T>(timeout: number, ask: (timeout: number) => Promise<T>): Promise<T> {
  const deadline = performance.now() + timeout;
  try {
    return await ask(timeout);
  } catch (error) {
    if (!(error instanceof CriteoTransportError || error instanceof CriteoTokenError) || !error.retryable) throw error;
    // A random share keeps many processes from coming back all at once.
    const pause = Math.max(PAUSE * (0.5 + Math.random() / 2), (error.retryAfter ?? 0) * 1000);
    const left = Math.floor(deadline - performance.now() - pause);
    if (left < LEAST) throw error;
    await sleep(pause);
    return ask(left);
  }
}
