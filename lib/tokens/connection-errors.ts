import {
  CriteoAPIError,
  type CriteoTokenError,
  HookTimeoutError,
  ReauthorizationRequiredError,
  TokenStoreError,
} from '../errors';
import { foreignCause } from '../util/foreign-cause';
import type { ReauthorizeReason } from './stored-tokens';

/** Returns the error of a key without tokens. */
export function notConnected(key: string): ReauthorizationRequiredError {
  const why = `There are no tokens for ${JSON.stringify(key)}: the user must connect to Criteo`;
  return new ReauthorizationRequiredError(why, { code: 'not_connected', key });
}

/** Returns the error of tokens that were issued to another client id. */
export function clientMismatch(key: string): TokenStoreError {
  return new TokenStoreError(
    `The tokens of ${JSON.stringify(key)} were issued to another client id than that of this TokenSource, and Criteo refuses them from this one (RFC 6749 section 6). Nothing was asked of Criteo and nothing was written. Check the option clientID, or whether two apps share a store; if the app has a new key pair, the user must connect again`,
    { code: 'client_mismatch', status: 500, key },
  );
}

/** Returns the error of a connection that only a new consent can help. */
export function reauthorizationRequired(
  key: string,
  reason: ReauthorizeReason | undefined,
  cause?: CriteoTokenError,
): ReauthorizationRequiredError {
  const name = JSON.stringify(key);
  const why =
    reason === 'no_refresh_token'
      ? `The access token of ${name} has expired and there is no refresh token, because Criteo's consent brought none: the user must connect to Criteo again`
      : `Criteo refuses the refresh token of ${name} (expired or revoked): the user must connect to Criteo again`;
  return new ReauthorizationRequiredError(why, { key, cause, response: cause?.response, traceId: cause?.traceId });
}

/** Returns the error of a store whose method failed. */
export function storeFailed(method: string, cause: unknown): TokenStoreError {
  return new TokenStoreError(`The token store failed to ${method}: see the cause`, {
    code: 'store_failed',
    status: 503,
    retryable: true,
    cause: causeOf(cause),
  });
}

/** Returns the error of a lock that failed before the work started. */
export function lockFailed(cause: unknown): TokenStoreError {
  return new TokenStoreError(
    'The lock of the token source failed: see the cause. Nothing was asked of Criteo and nothing was written',
    { code: 'lock_failed', status: 503, retryable: true, cause: causeOf(cause) },
  );
}

/** Only our own errors are known to hold no token. */
function causeOf(error: unknown): Error | undefined {
  return error instanceof HookTimeoutError ? error : foreignCause(error);
}

/** Returns the error of work whose lock was lost. */
export function lockLost(cause?: Error): TokenStoreError {
  return new TokenStoreError(
    'The lock of the token source was lost while it was held (the process was stopped for longer than the lock lasts, or the server of the locks forgot it): another process may be refreshing. Try again',
    { code: 'lock_failed', status: 503, retryable: true, cause },
  );
}

/** Returns the error of a write that others overtook again and again. */
export function contended(key: string): TokenStoreError {
  const why = `Other processes kept changing the tokens of ${JSON.stringify(key)} at the same moment. Try again`;
  return new TokenStoreError(why, { code: 'store_failed', status: 503, retryable: true, key });
}

/** The code of {@link freshTokenRefused}. */
export const FRESH_TOKEN_REFUSED = 'fresh_token_refused';

/** Returns the error for a caller whose fresh token was refused. */
export function freshTokenRefused(key: string, milliseconds: number): CriteoAPIError {
  const retryAfter = Math.ceil(milliseconds / 1000);
  return new CriteoAPIError(
    `Criteo's API refuses the access token of ${JSON.stringify(key)}, which Criteo has just issued. Getting another one would not help; the next one is asked for in ${retryAfter} s. Check that the API and the token endpoint belong together (the options apiURL and tokenURL)`,
    { code: FRESH_TOKEN_REFUSED, status: 503, retryable: true, retryAfter },
  );
}

/** Returns the error of a call after `close`. */
export function sourceClosed(): TokenStoreError {
  return new TokenStoreError('This TokenSource was closed: create another one, or close it later', {
    code: 'closed',
    status: 503,
  });
}
