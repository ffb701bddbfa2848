import type { CriteoProfile } from '../criteo/profile';
import type { TokenResponse } from '../criteo/token-request';
import { CriteoAPIError, CriteoTokenError, CriteoTransportError } from '../errors';
import { fingerprint } from '../state/bound-user';
import { callVerify } from '../state/call-store';
import type { PassportRequest, StateMetadata, StateStore } from '../state/state-store';
import { isRecord } from '../util/json';
import { askHook } from './call-hook';
import { refused, stateMissing } from './callback-error';
import { type CallbackParameters, rejectCallback } from './callback-parameters';
import type { ExchangedLogins } from './exchanged-logins';
import {
  failure,
  type Outcome,
  otherCallbackURL,
  otherPurpose,
  replayed,
  toStartAgain,
  unknownLogin,
  userChanged,
  verdict,
} from './outcome';
import type { Login } from './verify';

/** What the logins of a strategy have in common. */
interface LoginSettings {
  /** What the callback's `iss` must be, if it has one (RFC 9207). */
  issuer: string;
  pkce: boolean;
  /** Undefined: true, unless the login links an account. */
  requireUserProfile: boolean | undefined;
  /** Milliseconds that the store may take. */
  timeout: number;
  exchanged: ExchangedLogins;
}

/** What a login needs to finish. */
interface LoginFinish {
  req: PassportRequest;
  callback: CallbackParameters;
  settings: LoginSettings;
  store: StateStore;
  /** Returns what the store is told of this request. Called once the callback has a state. */
  metadata(): StateMetadata;
  exchangeCode(code: string, redirectURI: string, verifier: string | undefined): Promise<TokenResponse>;
  loadProfile(accessToken: string): Promise<CriteoProfile | undefined>;
  /** Calls the app's `verify`. Returns what it called back with, without an error. */
  verify(login: Login): Promise<unknown[]>;
}

/**
 * Turns a callback into an outcome, strictly in this order: parameters checked, pending login taken, the user, purpose and
 * callback URL compared, code exchanged, profile loaded, `verify` called.
 *
 * @throws (as a rejection) whatever goes wrong and is no failure of the login.
 */
export async function finishLogin(login: LoginFinish): Promise<Outcome> {
  const { req, callback, store } = login;
  const { issuer, pkce, requireUserProfile, timeout, exchanged } = login.settings;
  const rejected = rejectCallback(callback, issuer);
  if (rejected) return rejected;
  const { state: handle, code } = callback;
  if (!handle) return stateMissing(callback);

  const meta = login.metadata();
  const [ok, stateOrInfo, pending] = await askHook('The state store', timeout, (answer) =>
    callVerify(store, { req, meta, handle }, answer),
  );
  if (!ok) return unknownLogin(stateOrInfo);
  const state = stateOrInfo;
  const started: Record<string, unknown> | undefined = isRecord(pending) ? pending : undefined;
  const mismatch = started && mismatchOf(started, meta, state);
  if (mismatch) return mismatch;
  if (callback.error) return refused(callback, state);
  if (!code) {
    const message = 'The callback bears neither a code nor an error';
    return failure({ code: 'invalid_callback', message, state }, 400);
  }
  const verifier = typeof ok === 'string' ? ok : undefined;
  if (pkce && verifier === undefined) {
    const message = 'The pending login was started without PKCE, which is now switched on. Start again.';
    return failure({ code: 'state_unknown', message, state }, 403);
  }
  // A store that gives no pending login may have one handle for all logins of a session, such as its CSRF token. A hash,
  // because the browser decides how long the code is.
  const name = started ? handle : fingerprint(`${handle} ${code}`);
  // From here to the request nothing waits, so of two callbacks that come at once only one gets through.
  if (!exchanged.add(name)) return replayed(state);

  let response: TokenResponse;
  try {
    response = await login.exchangeCode(code, meta.callbackURL, verifier);
  } catch (reason) {
    throw adviseToStartAgain(reason);
  }
  const { tokens, params } = response;
  const isLink = meta.purpose === 'authorize' || started?.['purpose'] === 'authorize';
  const isRequired = requireUserProfile ?? !isLink;
  const obtained: Login = { tokens, params, profile: undefined, req, state };
  try {
    obtained.profile = await login.loadProfile(tokens.accessToken);
  } catch (reason) {
    if (!isRequired) obtained.profileError = reason;
    else if (reason instanceof CriteoAPIError && reason.code === 'no_advertisers') {
      return failure({ code: reason.code, message: reason.message, state }, 403);
    } else throw adviseToStartAgain(reason);
  }
  const [user, info] = await login.verify(obtained);
  return verdict(user, info, state);
}

/**
 * Compares a pending login with the request that finishes it. Only our own stores give all of its fields.
 *
 * A link that ends as a sign-in cannot be told from `passport.authorize(name, callback)`: without options, Passport does not
 * say that it is authorize.
 */
function mismatchOf(pending: Record<string, unknown>, meta: StateMetadata, state: unknown): Outcome | undefined {
  const { boundTo, purpose, callbackURL } = pending;
  const startedBy = boundTo ?? undefined;
  if (startedBy !== meta.boundTo) return userChanged(startedBy, meta.boundTo, state);
  if (purpose === 'authenticate' && meta.purpose === 'authorize') return otherPurpose(state);
  if (typeof callbackURL === 'string' && callbackURL !== meta.callbackURL) {
    return otherCallbackURL(callbackURL, meta.callbackURL, state);
  }
  return undefined;
}

/**
 * Adds to an error of Criteo's how to repeat a login. The same request cannot be repeated, because its code and its
 * pending login are used up.
 */
function adviseToStartAgain(reason: unknown): unknown {
  const ours =
    reason instanceof CriteoTokenError || reason instanceof CriteoTransportError || reason instanceof CriteoAPIError;
  if (!ours || !(reason.retryable || reason.code === 'invalid_grant')) return reason;
  const { message, stack = '' } = reason;
  reason.message = toStartAgain(message);
  // The stack is what most logs show, and it repeats the message as it was.
  reason.stack = stack.replace(message, () => reason.message);
  return reason;
}
