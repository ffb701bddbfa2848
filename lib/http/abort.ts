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
