import { CriteoTransportError } from '../errors';

/** Returns the error for a caller who gave up. If the signal's reason is one of our own errors, it is that one. */
export function abortError(reason: unknown): CriteoTransportError {
  if (reason instanceof CriteoTransportError) return reason;
  return new CriteoTransportError('The caller gave up (its signal aborted)', {
    code: 'aborted',
    status: 502,
    cause: reason,
  });
}

/** Returns the promise's outcome, or rejects when the caller gives up. What is under way goes on. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(abortError(signal.reason));
    if (signal.aborted) {
      // Its own failure, if there is one, has no caller any more.
      promise.catch(() => {});
      return abort();
    }
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
