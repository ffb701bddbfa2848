import { CriteoTransportError } from '../errors';

/** The error for a caller who gave up; one of ours, given as the reason, stands for itself. */
export function abortError(reason: unknown): CriteoTransportError {
  if (reason instanceof CriteoTransportError) return reason;
  return new CriteoTransportError('Given up by the caller (the signal aborted)', {
    code: 'aborted',
    status: 502,
    cause: reason,
  });
}

/** The promise's outcome, for as long as the caller waits; what is under way goes on without the caller. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(abortError(signal.reason));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
