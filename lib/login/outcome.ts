import { CriteoAuthorizationError } from '../errors';
import { isRecord } from '../util/json';
import { foreignText } from '../util/redaction';
import { type CallbackParameters, describe } from './callback-parameters';

/** What a failed login tells, as Passport's `info`. */
export interface FailureInfo {
  /** What went wrong, as a stable word. */
  code: string;
  /** For whoever has to mend it. */
  message: string;
  /** The OAuth error code of the callback, where it bore a known one. */
  error?: string | undefined;
  /** The application's own state, once the login it belongs to is known. */
  state?: unknown;
}

/** How a login ends, as Passport's verbs and what they take. */
export type Outcome =
  | ['success', user: object, info: object]
  | ['fail', info: unknown, status?: number | undefined]
  | ['redirect', url: string]
  | ['error', error: object];

/** A failure of which the strategy knows why. */
export function failure({ error, state, ...info }: FailureInfo, status?: number): Outcome {
  return ['fail', withState(error === undefined ? info : { ...info, error }, state), status];
}

/** A failure of which the state store has its own account, or none. */
export function unknownLogin(info: unknown): Outcome {
  const message = 'The state store knows no such pending login. Start again.';
  return ['fail', withFacts({ code: 'state_unknown', message }, info), 403];
}

/** A failure because whoever finishes a login, `boundTo`, is not who began it. */
export function userChanged(boundTo: string | undefined, state: unknown): Outcome {
  const message =
    boundTo === undefined
      ? 'The login was begun by a user who is signed in, but at the callback nobody is. Most likely the session cookie did ' +
        'not come back (with SameSite=Strict it cannot: make it Lax), the user signed out meanwhile, or what sets req.user ' +
        '(passport.session(), say) is not mounted before the callback route. Start again.'
      : 'The login was begun by another user than the one who finishes it. Most likely somebody else signed in meanwhile, ' +
        'in another tab; or the option bindTo names one user in two ways. Start again.';
  return failure({ code: 'user_changed', message, state }, 403);
}

/** What `verify` decided. */
export function verdict(user: unknown, info: unknown, state: unknown): Outcome {
  if (user) return ['success', user as object, withState(info ?? {}, state) as object];
  // In the place of an info, Passport takes a number for the status.
  return ['fail', withState(withFacts(refusal, info), state), typeof info === 'number' ? info : undefined];
}

const refusal = { code: 'login_refused', message: 'The application has no user for this login.' };

/** An application's `info`, completed with our `facts` where it does not say. A copy: it may be used again. */
function withFacts(facts: { code: string; message: string }, info: unknown): object {
  if (typeof info === 'string') return { ...facts, message: info || facts.message };
  if (!isRecord(info)) return facts;
  // An Error's message is not among the properties that spread.
  return { ...facts, ...info, message: info['message'] ?? facts.message };
}

/** An `info` with the application's state, if there is any; a copy, because the `info` may be the application's. */
function withState(info: unknown, state: unknown): unknown {
  if (state === undefined) return info;
  return typeof info === 'object' ? { ...info, state } : { message: info, state };
}

/** The outcome of a callback that bears an error instead of a code (RFC 6749 section 4.1.2.1). */
export function refused(callback: CallbackParameters, error: string | undefined, state: unknown): Outcome {
  const description = describe(callback);
  if (error === 'access_denied') {
    return failure({ code: error, message: description ?? 'The user declined at Criteo.', error, state });
  }
  const code = error ?? 'server_error';
  const retryable = code === 'server_error' || code === 'temporarily_unavailable';
  const status = code === 'temporarily_unavailable' ? 503 : retryable ? 502 : 500;
  const message = description ?? `Criteo ended the login with the error ${code}`;
  const uri = foreignText(callback.error_uri);
  return ['error', new CriteoAuthorizationError(message, { code, status, retryable, uri })];
}
