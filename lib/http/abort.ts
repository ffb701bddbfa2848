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
