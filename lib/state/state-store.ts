import type OAuth2Strategy from 'passport-oauth2';

/** The request as Passport knows it: Express's, or what stands in for it in another framework. */
export type PassportRequest = Parameters<OAuth2Strategy['authenticate']>[0];

/** What a login is for: `passport.authenticate` signs a user in, `passport.authorize` links an account. */
export type Purpose = 'authenticate' | 'authorize';

/** What the strategy tells a store about the login of a request, in addition to what passport-oauth2 tells. */
export interface StateMetadata {
  authorizationURL: string;
  tokenURL: string;
  clientID: string;
  /** The redirect URI of this request. */
  callbackURL: string;
  /** The strategy's name. Together with `clientID` it says whose login this is. */
  strategy: string;
  purpose: Purpose;
  /** A hash of the user who is signed in, as the option `bindTo` names them. Undefined: no user is signed in. */
  boundTo?: string | undefined;
  /** Whether another site's page sent the browser here (`Sec-Fetch-Site: cross-site`). */
  crossSite: boolean;
}

/** A login between the authorization request and its callback. */
export interface PendingLogin {
  /** When it was started, in milliseconds since the epoch. */
  startedAt: number;
  /** The name of the strategy that started it. */
  strategy: string;
  clientID: string;
  /** The redirect URI of the authorization request, which the token request must repeat (RFC 6749 section 4.1.3). */
  callbackURL: string;
  purpose: Purpose;
  /** A hash of the user who started it. Undefined: no user was signed in. */
  boundTo?: string | undefined;
  /** Whether another site's page started it. Such a login is the first to go when room must be made. */
  crossSite: boolean;
  /** The PKCE code verifier (RFC 7636). */
  verifier?: string | undefined;
  /** The app's own state. */
  state?: unknown;
}

/** Takes the handle that goes on the wire as `state`. */
export type StoreCallback = (error: unknown, handle?: string) => void;

/**
 * Takes the result of `verify`. `ok` is the PKCE code verifier or `true` for a known login, with the app's state; it is
 * `false` for an unknown one, with an `info` of `{ code, message }`. With `pending`, which repeats what `store` was told by
 * `meta`, the strategy checks that the login is finished by the user, for the purpose and at the callback URL that it was
 * started with. A store that gives it makes a new handle for each login: the code of a second callback with the same handle
 * is not sent. The stores of passport-oauth2 do not give it; without it, none of the three is checked.
 */
export type VerifyCallback = (
  error: unknown,
  ok?: string | boolean,
  stateOrInfo?: unknown,
  pending?: Pick<PendingLogin, 'boundTo' | 'purpose' | 'callbackURL'>,
) => void;

/**
 * Keeps pending logins between redirect and callback: passport-oauth2's interface, so any of its stores fits.
 * As there, the number of declared parameters decides what the methods are called with:
 * `store(req, callback)`, `store(req, meta, callback)`, `store(req, state, meta, callback)` or
 * `store(req, verifier, state, meta, callback)`, the only one that PKCE can use; `verify(req, handle, callback)` or
 * `verify(req, handle, meta, callback)`.
 *
 * Such a store leaves three checks to the app: who finishes the login, for which purpose and at which callback URL. One of
 * your own can have them made: see {@link VerifyCallback}.
 */
export interface StateStore {
  // biome-ignore lint/suspicious/noExplicitAny: the arities of passport-oauth2's interface have nothing else in common
  store(...args: any[]): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  verify(...args: any[]): unknown;
}
