import { isRecord } from '../util/json';

/** What a failed login tells, as Passport's `info`. */
export interface FailureInfo {
  /** What went wrong, as a stable word. */
  code: string;
  /** What happened, the likely cause and the fix, for the app's developer. */
  message: string;
  /** The error of the callback, if it is a word: on `access_denied`, how Criteo says that the user declined. */
  error?: string | undefined;
  /** The app's own state, once it is known which login it belongs to. */
  state?: unknown;
}

/** How a request ends: Passport's action and its arguments. */
export type Outcome =
  | ['success', user: object, info: object]
  | ['fail', info: unknown, status?: number | undefined]
  | ['redirect', url: string]
  | ['error', error: object];

/** Returns a failure that the strategy found. */
export function failure({ error, state, ...info }: FailureInfo, status?: number): Outcome {
  return ['fail', withState(error === undefined ? info : { ...info, error }, state), status];
}

/** Returns the failure of a request that no user is waiting for: nothing is stored or taken. */
export function noUserWaiting(isCallback: boolean): Outcome {
  const message =
    'No user is waiting for the response to this request: it is a HEAD request or a prefetch, or the browser wants an ' +
    'image, a script or the like. So it neither starts a login nor finishes one.';
  // 503 makes a browser drop what it fetched ahead, and ask again when the user comes.
  return failure({ code: isCallback ? 'invalid_callback' : 'invalid_request', message }, 503);
}

/** Returns the failure of a request for the callback URL that has no parameters. Nothing is stored. */
export function openedByItself(): Outcome {
  return failure({ code: 'state_missing', message: withoutParameters }, 403);
}

const withoutParameters =
  'The callback URL was opened without parameters, so no login was started. Most likely it was opened by itself (a bookmark, ' +
  "the browser's history), or a proxy drops the query. Start again, at the login route. If this is the login route as well: give " +
  'it a path of its own, which need not be registered with Criteo.';

/** Returns the failure for a login that the state store does not know, with the store's reason if it gave one. */
export function unknownLogin(info: unknown): Outcome {
  const message = 'The state store knows no such pending login. Start again.';
  return ['fail', withFacts({ code: 'state_unknown', message }, info), 403];
}

/** Returns the failure for a callback whose code was sent to Criteo already. */
export function replayed(state: unknown): Outcome {
  const message =
    'The callback of this login came twice (reload, back button, double click). The first one is being handled, or was. ' +
    'The code is not sent again, because a server may revoke the tokens of a code that comes twice. If that did not sign ' +
    'the user in, start again.';
  return failure({ code: 'state_unknown', message, state }, 403);
}

/** Returns the failure for a login that is finished by another user than the one who started it. */
export function userChanged(startedBy: unknown, finishedBy: unknown, state: unknown): Outcome {
  const message =
    finishedBy === undefined ? signedOut : startedBy === undefined ? signedInMeanwhile : signedInAsAnother;
  return failure({ code: 'user_changed', message, state }, 403);
}

const signedOut =
  'The login was started by a user who is signed in, but no user is signed in at the callback. Most likely the session ' +
  'cookie did not come back (with SameSite=Strict it cannot: make it Lax), the user signed out meanwhile, or what sets ' +
  'req.user (passport.session(), say) is not mounted before the callback route. Start again.';
const signedInMeanwhile =
  'The login was started while no user was signed in, but a user is signed in at the callback. Most likely the user ' +
  'signed in meanwhile, in another tab: then there is nothing more to do. To connect Criteo to that user, start again. ' +
  'If this happens at every login, what sets req.user (passport.session(), say) is not mounted before the login route.';
const signedInAsAnother =
  'The login was started by another user than the one who finishes it. Most likely another user signed in meanwhile, in ' +
  'another tab; or the option bindTo names one user in two ways. Start again.';

/** Returns the failure for a login that was started to sign in and comes back to link an account. */
export function otherPurpose(state: unknown): Outcome {
  const message =
    'The login was started by passport.authenticate but finished by passport.authorize. Use passport.authorize on both ' +
    'routes, and with a callback of your own give it options, too: passport.authorize(name, {}, callback). The code was ' +
    'not exchanged. Start again.';
  return failure({ code: 'login_mismatch', message, state }, 403);
}

/** Returns the failure for a login that comes back to another callback URL than it was started with. */
export function otherCallbackURL(started: string, finished: string, state: unknown): Outcome {
  const message =
    `The login was started with the callbackURL ${started} but finished with ${finished}. Give passport.authenticate (or ` +
    'authorize) the same callbackURL on both routes, and each callbackURL its own route. The code was not exchanged. ' +
    'Start again.';
  return failure({ code: 'login_mismatch', message, state }, 403);
}

/** Adds to a message that the login can be repeated by starting it again, unless it says so. */
export function toStartAgain(message: string): string {
  const advice = 'Start the login again';
  return message.includes(advice) ? message : `${message}${/[.!?…]$/.test(message) ? '' : '.'} ${advice}.`;
}

/** Turns the result of `verify` into an outcome. */
export function verdict(user: unknown, info: unknown, state: unknown): Outcome {
  if (user) return ['success', user as object, withState(info ?? {}, state) as object];
  // Passport takes a number in the place of an info for the status.
  const message = user === undefined ? nothingReturned : appRefused;
  const facts = { code: 'login_refused', message };
  return ['fail', withState(withFacts(facts, info), state), typeof info === 'number' ? info : undefined];
}

const appRefused = 'The app refused this login: verify gave no user.';
const nothingReturned =
  'verify gave undefined, so there is no user. Most likely a return is missing in it. Return the user, or false to refuse ' +
  'the login.';

/** Completes the app's `info` with our `facts`, in a copy, because the app may use it again. */
function withFacts(facts: { code: string; message: string }, info: unknown): object {
  if (typeof info === 'string') return { ...facts, message: info || facts.message };
  if (!isRecord(info)) return facts;
  // An Error's message is not among the properties that spread.
  return { ...facts, ...info, message: info['message'] ?? facts.message };
}

/** Adds the app's state to an `info`, in a copy, because the `info` may be the app's. */
function withState(info: unknown, state: unknown): unknown {
  if (state === undefined) return info;
  return typeof info === 'object' ? { ...info, state } : { message: info, state };
}
