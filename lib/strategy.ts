import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import OAuth2Strategy from 'passport-oauth2';
import { readTokenError } from './criteo/error-response';
import { CriteoOAuth2, formFields } from './criteo/node-oauth';
import { type CriteoProfile, fetchProfile } from './criteo/profile';
import type { TokenResponse } from './criteo/token-request';
import type { TokenSet } from './criteo/token-set';
import { CriteoAPIError, CriteoTokenError, CriteoTransportError, HookTimeoutError } from './errors';
import {
  type AuthorizationPrefix,
  authorizationPrefix,
  authorizationURL,
  newVerifier,
} from './login/authorization-url';
import { type CallbackParameters, isAhead, knownError, readCallback } from './login/callback-parameters';
import { asError, askHook, atOnce, callHook, type HookAnswer, handOver } from './login/hook';
import { loginBegan, loginTeller } from './login/login-events';
import { failure, type Outcome, refused, unknownLogin, userChanged, verdict } from './login/outcome';
import {
  type ClassicVerify,
  type ClassicVerifyWithParams,
  type ClassicVerifyWithRequest,
  type ClassicVerifyWithRequestAndParams,
  classicArguments,
  type Inline,
  type Login,
  readVerify,
  type Verify,
} from './login/verify';
import {
  type CriteoStrategyOptions,
  type CriteoStrategyOptionsWithRequest,
  checkCallbackURL,
  readOptions,
  type Settings,
} from './options';
import type { Request, StateMetadata, StateStore } from './state/state-store';
import { optionError } from './util/checks';
import { isRecord } from './util/json';
import { foreignText } from './util/redaction';

export type { FailureInfo } from './login/outcome';

/** Options of one call of `passport.authenticate('criteo', …)`, beside Passport's own. */
export interface CriteoAuthenticateOptions {
  /** Where Criteo sends the user back to, for this login. */
  callbackURL?: string | undefined;
  /**
   * The application's own data: kept in the store, never on the wire, and given back as `info.state` at the end. Plain
   * JSON, of at most 2048 bytes with the default store.
   */
  state?: unknown;
}

// Lets our own deadlines, which know more, come before those of the hooks around them.
const GRACE = 500;
// What `tokenParams` cannot override.
const reserved = new Set([
  'grant_type',
  'code',
  'redirect_uri',
  'code_verifier',
  'client_id',
  'client_secret',
  'refresh_token',
]);

/**
 * Passport strategy for Criteo: the authorization-code grant (RFC 6749 section 4.1; Criteo, "Authorization code
 * setup"), state always verified, PKCE where the app has it, and the shared portfolio as profile.
 */
export class CriteoStrategy extends OAuth2Strategy {
  // Passport runs each request on an object of its own that inherits from the strategy: no private fields, no arrows.
  declare protected _oauth2: CriteoOAuth2;
  declare protected _stateStore: StateStore;
  declare protected _callbackURL: string;
  declare protected _verify: (...args: unknown[]) => unknown;
  declare protected _passReqToCallback: boolean;
  declare protected _skipUserProfile: unknown;
  /** When the request began; of the object that Passport makes for it. */
  declare protected _began: number | undefined;
  /** The options as checked, and what is remembered between requests. */
  declare protected _criteo: Settings & { modern: boolean; warned: Set<string>; prefix?: AuthorizationPrefix };

  /**
   * The classic form, with the request.
   *
   * @param options with `passReqToCallback: true`; see {@link CriteoStrategyOptionsWithRequest}; not changed.
   * @param verify `(req, accessToken, refreshToken, profile, done)`, or with `params`, the token response, before
   *   `profile`: the number of its parameters decides, as in passport-oauth2.
   * @throws {TypeError} naming the option that is wrong.
   */
  constructor(
    options: CriteoStrategyOptionsWithRequest & { verify?: undefined },
    verify: Inline<ClassicVerifyWithRequest, ClassicVerifyWithRequestAndParams>,
  );
  constructor(
    options: CriteoStrategyOptionsWithRequest & { verify?: undefined },
    verify: ClassicVerifyWithRequestAndParams,
  );
  /**
   * The classic form.
   *
   * @param options see {@link CriteoStrategyOptions}; not changed.
   * @param verify `(accessToken, refreshToken, profile, done)`, or with `params`, the token response, before `profile`:
   *   the number of its parameters decides, as in passport-oauth2.
   * @throws {TypeError} naming the option that is wrong.
   */
  constructor(
    options: CriteoStrategyOptions & { verify?: undefined },
    verify: Inline<ClassicVerify, ClassicVerifyWithParams>,
  );
  constructor(options: CriteoStrategyOptions & { verify?: undefined }, verify: ClassicVerifyWithParams);
  /**
   * The modern form: one object in, a promise of the user out.
   *
   * @param options see {@link CriteoStrategyOptions}, with `verify`, which gets a {@link Login}; not changed.
   * @throws {TypeError} naming the option that is wrong.
   */
  constructor(options: CriteoStrategyOptions & { verify: Verify });
  constructor(options: object, verifyArgument?: unknown) {
    const { settings, wiring } = readOptions(options);
    const { authorizationURL, tokenURL, clientSecret, customHeaders, store, passReqToCallback } = wiring;
    const { verify, modern } = readVerify((options as { verify?: unknown }).verify, verifyArgument, passReqToCallback);
    super(
      {
        authorizationURL,
        tokenURL,
        clientID: settings.clientID,
        clientSecret: '',
        callbackURL: settings.callbackURL,
        // Given, so that passport-oauth2 derives none from the host, which all Criteo apps share.
        sessionKey: 'criteo',
        // The types of passport-oauth2 know no store that keeps a verifier, though passport-oauth2 does.
        store: store as unknown as OAuth2Strategy.StateStore,
        skipUserProfile: settings.skipUserProfile,
      },
      verify as () => void,
    );
    this.name = settings.name;
    this._passReqToCallback = passReqToCallback;
    this._criteo = { ...settings, modern, warned: new Set() };
    this._oauth2 = new CriteoOAuth2(settings.clientID, clientSecret, '', authorizationURL, tokenURL, customHeaders);
    this._oauth2.useTransport({
      timeout: settings.timeout,
      agent: wiring.agent,
      origins: [new URL(wiring.apiURL).origin, settings.userProfileURL.origin],
    });
  }

  /**
   * Sends the user to Criteo's consent page, or takes the callback; ends in exactly one of redirect, success, fail and
   * error. For Passport to call.
   */
  override authenticate(req: Request, given?: CriteoAuthenticateOptions | null): void {
    const began = loginBegan();
    if (began !== undefined) this._began = began;
    try {
      const options = given ?? {};
      const callback = readCallback(req);
      if (isAhead(req)) {
        const message =
          'A HEAD request or a prefetch neither begins a login nor finishes one: nothing was kept or taken.';
        const code = callback ? 'invalid_callback' : 'invalid_request';
        // 503 makes a browser drop what it fetched ahead, and ask again when somebody comes.
        return this._deliver(failure({ code, message }, 503));
      }
      if (!callback) return this._begin(req, options);
      const failed = (reason: unknown): void => this._deliver(['error', asError(reason, 'The login')]);
      this._finish(req, callback, options).then((outcome) => this._deliver(outcome), failed);
    } catch (reason) {
      this._deliver(['error', asError(reason, 'The login')]);
    }
  }

  /**
   * Gets a new access token, as {@link CriteoClient.refresh}.
   *
   * @param refreshToken as kept since the login.
   * @returns the new tokens; keep the old refresh token where they bring none.
   * @throws {TypeError} for a refresh token that is not a non-empty string.
   * @throws {CriteoTokenError} Criteo refused; `reauthorize` says whether the user must consent again.
   * @throws {CriteoTransportError} no usable answer came.
   */
  async refresh(refreshToken: string): Promise<TokenSet> {
    if (typeof refreshToken !== 'string' || refreshToken === '') {
      throw new TypeError('CriteoStrategy.refresh: refreshToken must be a non-empty string');
    }
    return (await this._oauth2.tokens(refreshToken, { grant_type: 'refresh_token' })).tokens;
  }

  /** Fetches the portfolio as a {@link CriteoProfile}. A hook: override it to load something else, or more. */
  override userProfile(accessToken: string, done: (error?: unknown, profile?: CriteoProfile) => void): void {
    handOver(this._portfolio(accessToken), done, (profile) => [profile]);
  }

  /**
   * Reads the body of a refused token request (RFC 6749 section 5.2). A hook: override it to read more out of it; what
   * it returns becomes the login's error, `null` leaves the error that was.
   */
  override parseErrorResponse(body: unknown, status: number): Error | null {
    const { client_secret } = this._oauth2.credentials();
    const error = readTokenError({ status, headers: {}, text: String(body) }, [client_secret]);
    return error instanceof CriteoTokenError ? error : null;
  }

  /** The first half: keeps a pending login and sends the user to Criteo. */
  protected _begin(req: Request, options: CriteoAuthenticateOptions): void {
    const { pkce, timeout } = this._criteo;
    const meta = this._metadata(req, options);
    const extra = formFields(atOnce('authorizationParams', this.authorizationParams(options)));
    const verifier = pkce ? newVerifier() : undefined;
    const store = (answer: HookAnswer): unknown => {
      const { length } = this._stateStore.store;
      if (length === 5) return this._stateStore.store(req, verifier, options.state ?? undefined, meta, answer);
      if (length === 4) return this._stateStore.store(req, options.state ?? undefined, meta, answer);
      if (length === 3) return this._stateStore.store(req, meta, answer);
      return this._stateStore.store(req, answer);
    };
    callHook('The state store', timeout, store, (error, state) => {
      try {
        if (error) throw error;
        if (typeof state !== 'string' || state === '') {
          throw new TypeError('The state store gave no handle: its store method must call back with a string');
        }
        const prefix = authorizationPrefix(meta, this._criteo.prefix);
        this._criteo.prefix = prefix;
        this._deliver(['redirect', authorizationURL(prefix, { state, verifier, extra })]);
      } catch (reason) {
        // Caught here: thrown into the store, it would be lost, or bring the process down.
        this._deliver(['error', asError(reason, 'The state store')]);
      }
    });
  }

  /** The second half: judges the callback, strictly in this order, and turns it into an outcome. */
  protected async _finish(
    req: Request,
    callback: CallbackParameters | { malformed: string },
    options: CriteoAuthenticateOptions,
  ): Promise<Outcome> {
    if ('malformed' in callback) {
      const message = `The callback's parameter ${callback.malformed} is repeated, too long, or not plain text`;
      return failure({ code: 'invalid_callback', message }, 400);
    }
    const { iss, state: handle, code } = callback;
    const { issuer } = this._criteo;
    if (iss !== undefined && iss !== issuer) {
      const message = `The callback is not from ${issuer} (the option issuer), so the code in it is not for us`;
      return failure({ code: 'issuer_mismatch', message }, 403);
    }
    const error = knownError(callback.error);
    if (!handle) {
      const message =
        'The callback bears no state, so it belongs to no login that began here. Most likely the user declined (Criteo ' +
        'may leave state out then), or the URL was opened by itself (bookmark, a link of somebody else). Start again.';
      return failure({ code: 'state_missing', message, error }, 403);
    }

    const meta = this._metadata(req, options);
    const [ok, stateOrInfo, pending] = await this._take(req, handle, meta);
    if (!ok) return unknownLogin(stateOrInfo);
    const state = stateOrInfo;
    // Only our own stores give it; what others give in its place is theirs.
    const { boundTo, callbackURL } = isRecord(pending) ? pending : {};
    if (boundTo !== undefined && boundTo !== meta.boundTo) return userChanged(meta.boundTo, state);
    if (callback.error) return refused(callback, error, state);
    if (!code) {
      const message = 'The callback bears neither a code nor an error';
      return failure({ code: 'invalid_callback', message, state }, 400);
    }
    if (this._criteo.pkce && typeof ok !== 'string') {
      const message = 'The pending login was begun without PKCE, which is now switched on. Start again.';
      return failure({ code: 'state_unknown', message, state }, 403);
    }
    const verifier = typeof ok === 'string' ? ok : undefined;

    const redirectURI = typeof callbackURL === 'string' ? callbackURL : meta.callbackURL;
    const { tokens, params } = await this._exchange(code, redirectURI, verifier, options);
    const login: Login = { tokens, params, profile: undefined, req, state };
    try {
      login.profile = await this._profile(tokens.accessToken);
    } catch (reason) {
      if (this._criteo.requireUserProfile) {
        if (!(reason instanceof CriteoAPIError) || reason.code !== 'no_advertisers') throw reason;
        return failure({ code: reason.code, message: reason.message, state }, 403);
      }
      login.profileError = reason;
    }
    return this._verified(login);
  }

  /** Asks the state store for the pending login, and thereby takes it. */
  protected _take(req: Request, handle: string, meta: StateMetadata): Promise<unknown[]> {
    return askHook('The state store', this._criteo.timeout, (answer) =>
      this._stateStore.verify.length === 4
        ? this._stateStore.verify(req, handle, meta, answer)
        : this._stateStore.verify(req, handle, answer),
    );
  }

  /** Exchanges the code, once. */
  protected async _exchange(
    code: string,
    callbackURL: string,
    verifier: string | undefined,
    options: CriteoAuthenticateOptions,
  ): Promise<TokenResponse> {
    const form = formFields(atOnce('tokenParams', this.tokenParams(options)), reserved);
    form['grant_type'] = 'authorization_code';
    form['redirect_uri'] = callbackURL;
    if (verifier !== undefined) form['code_verifier'] = verifier;
    if (this._oauth2.intact) {
      const parse = (body: string, status: number): object | undefined => this._parsed(body, status);
      return this._oauth2.tokens(code, form, overrides(this, 'parseErrorResponse') ? parse : undefined);
    }
    try {
      const askedAt = Date.now();
      const ask = (answer: HookAnswer): void => this._oauth2.getOAuthAccessToken(code, form, answer);
      const [accessToken, refreshToken, answered] = await askHook('Token exchange', this._criteo.timeout + GRACE, ask);
      const params = isRecord(answered) ? answered : {};
      // Of somebody else's function: the tokens are checked, but nothing is asked of token_type.
      const fields = { accessToken, refreshToken, tokenType: 'Bearer', expiresIn: params['expires_in'] };
      return { tokens: this._oauth2.checkTokens(fields, askedAt), params };
    } catch (reason) {
      throw this._tokenError(reason, [code, verifier, ...Object.values(this._oauth2.credentials())]);
    }
  }

  /** The error of an exchange by a `getOAuthAccessToken` that somebody replaced. */
  protected _tokenError(reason: unknown, secrets: (string | undefined)[]): unknown {
    if (reason instanceof HookTimeoutError) return reason;
    if (reason instanceof CriteoTokenError || reason instanceof CriteoTransportError) return reason;
    // node-oauth's kind of error.
    const { statusCode, data } = reason as { statusCode?: unknown; data?: unknown };
    if (typeof statusCode !== 'number') return transportError(reason);
    const body = foreignText(data, secrets, Number.POSITIVE_INFINITY) ?? '';
    return this._parsed(body, statusCode) ?? transportError({ statusCode, data: body });
  }

  /** What `parseErrorResponse` makes of a body: an error or nothing. */
  protected _parsed(body: string, status: number): object | undefined {
    try {
      const error: unknown = atOnce('parseErrorResponse', this.parseErrorResponse(body, status));
      return isRecord(error) ? error : undefined;
    } catch {
      return undefined;
    }
  }

  /** The profile, unless it is to be skipped. */
  protected async _profile(accessToken: string): Promise<CriteoProfile | undefined> {
    const skipIt = this._skipUserProfile;
    const { timeout } = this._criteo;
    let skip: unknown = skipIt;
    if (typeof skipIt === 'function') {
      [skip] = await askHook('skipUserProfile', timeout, async (answer) => {
        if (skipIt.length > 1) await skipIt.call(this, accessToken, answer);
        else answer(null, await skipIt.call(this));
      });
    }
    if (skip) return undefined;
    if (!overrides(this, 'userProfile')) return this._portfolio(accessToken);
    const [profile] = await askHook('userProfile', timeout + GRACE, (answer) => this.userProfile(accessToken, answer));
    return profile as CriteoProfile | undefined;
  }

  /** The portfolio, within the deadline. */
  protected _portfolio(accessToken: string): Promise<CriteoProfile> {
    const { service, apiVersion, userProfileURL, warned } = this._criteo;
    const onSunset = (message: string): void => {
      if (warned.has(apiVersion)) return;
      warned.add(apiVersion);
      process.emitWarning(message, { code: 'CRITEO_API_SUNSET' });
    };
    const { url, timeout, agent, headers } = this._oauth2.transportFor(userProfileURL);
    return fetchProfile({ url, timeout, agent, headers, service, apiVersion, onSunset }, accessToken);
  }

  /** Puts a login before the application. */
  protected async _verified(login: Login): Promise<Outcome> {
    const { modern, timeout } = this._criteo;
    const [user, info] = await askHook('verify', timeout, (answer) => {
      if (!modern)
        return this._verify(...classicArguments(this._verify.length, this._passReqToCallback, login), answer);
      return Promise.resolve(this._verify(login)).then((user) => answer(null, user));
    });
    return verdict(user, info, login.state);
  }

  protected _metadata(req: Request, { callbackURL }: CriteoAuthenticateOptions): StateMetadata {
    const { clientID, bindTo } = this._criteo;
    const name: unknown = atOnce('The option bindTo', bindTo(req)) ?? undefined;
    if (name !== undefined && typeof name !== 'string') {
      throw optionError('CriteoStrategy', 'bindTo', 'must return a string or nothing');
    }
    const { authorizationURL, tokenURL } = this._oauth2.endpoints();
    // Not spread: on every login that would cost more than all the rest but the random bytes.
    return {
      authorizationURL,
      tokenURL,
      clientID,
      callbackURL: callbackURL ? checkCallbackURL(callbackURL, 'authenticate') : this._callbackURL,
      strategy: this.name,
      boundTo: name ? fingerprint(name) : undefined,
    };
  }

  /** Tells Passport, once. */
  protected _deliver(outcome: Outcome): void {
    const [kind, ...rest] = outcome;
    const tell = loginTeller(this.name, this._began, outcome);
    try {
      Reflect.apply(this[kind], this, rest);
    } catch (thrown) {
      // An application that throws while it is being told has not been told.
      if (kind !== 'error') return this._deliver(['error', asError(thrown, `The ${kind} of the login`)]);
      setImmediate(() => {
        throw thrown;
      });
    }
    tell?.();
  }

  /** What may be shown of a strategy: no secret. */
  toJSON(): object {
    const { clientID, callbackURL, service, apiVersion, pkce } = this._criteo;
    return { name: this.name, clientID, callbackURL, service, apiVersion, pkce };
  }

  [inspect.custom](): string {
    return `${this.constructor.name} ${inspect(this.toJSON())}`;
  }
}

/** Whether somebody overrode a hook. (No method: bundlers rename a class that names itself.) */
function overrides(strategy: CriteoStrategy, hook: 'parseErrorResponse' | 'userProfile'): boolean {
  return strategy[hook] !== CriteoStrategy.prototype[hook];
}

/** Names somebody in 43 characters that tell nothing: the name may be a credential, and sessions are read by many. */
function fingerprint(name: string): string {
  return createHash('sha256').update(name).digest('base64url');
}

function transportError(cause: unknown): CriteoTransportError {
  return new CriteoTransportError('Failed to obtain access token', { code: 'invalid_response', status: 502, cause });
}
