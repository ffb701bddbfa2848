import { CriteoAuthorizationError } from '../errors';
import { foreignText } from '../util/redaction';
import type { CallbackParameters } from './callback-parameters';
import { failure, type Outcome, toStartAgain } from './outcome';

/**
 * The errors of a callback that are not the user's decision, with the status to respond with: the server's own, and
 * mistakes of the authorization request (RFC 6749 section 4.1.2.1). Criteo documents no word for a denial ("Authorization
 * code setup" says only "an error"), so every other error is a user who declined.
 */
const notTheUser: ReadonlyMap<unknown, number> = new Map([
  ['server_error', 502],
  ['temporarily_unavailable', 503],
  ['invalid_request', 500],
  ['unauthorized_client', 500],
  ['unsupported_response_type', 500],
  ['invalid_scope', 500],
]);

/** Returns the failure of a callback without a state. It may come from anyone, so only words of RFC 6749 are shown. */
export function stateMissing({ error }: CallbackParameters): Outcome {
  const isKnown = error === 'access_denied' || notTheUser.has(error);
  return failure({ code: 'state_missing', message: stateless, error: isKnown ? error : undefined }, 403);
}

const stateless =
  'The callback bears no state, so it belongs to no login that was started here. Most likely the user declined (Criteo ' +
  'may leave state out then), or the URL was opened by itself (a bookmark, or a link from somewhere else). Start again.';

/** Returns the outcome of a callback with an error instead of a code (RFC 6749 section 4.1.2.1). */
export function refused(callback: CallbackParameters, state: unknown): Outcome {
  const error = errorWord(callback);
  const description = describe(callback);
  const status = notTheUser.get(error);
  if (status === undefined) {
    const message = description ?? 'The user declined at Criteo.';
    return failure({ code: 'access_denied', message, error, state });
  }
  const retryable = status !== 500;
  const told = description ?? `Criteo ended the login with the error ${error}`;
  const message = retryable ? toStartAgain(told) : told;
  const uri = foreignText(callback.error_uri);
  return ['error', new CriteoAuthorizationError(message, { code: String(error), status, retryable, uri })];
}

/**
 * Returns the error of a callback if it is a word, such as `access_denied`. Criteo does not document its words, so any
 * word counts; everything else is untrusted text.
 */
export function errorWord({ error }: CallbackParameters): string | undefined {
  // The same rule as for other foreign text: what looks like a token is not shown.
  const shown = foreignText(error);
  return shown === error && /^[a-z][\w.-]{0,63}$/i.test(String(shown)) ? shown : undefined;
}

/** Returns the description of a callback's error, sanitized. */
export function describe({ error_description }: CallbackParameters): string | undefined {
  return foreignText(error_description);
}
