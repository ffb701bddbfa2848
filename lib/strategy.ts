import { inspect } from 'node:util';
import OAuth2Strategy from 'passport-oauth2';
import { readTokenError } from './criteo/error-response';
import { CriteoOAuth2, formFields } from './criteo/node-oauth';
import type { CriteoProfile } from './criteo/profile';
import type { TokenSet } from './criteo/token-set';
import { CriteoTokenError } from './errors';
import type { CriteoAuthenticateOptions } from './login/authenticate-options';
import { ConsentPage, newVerifier } from './login/authorization-url';
import { asError, atOnce } from './login/call-hook';
import { type CallbackParameters, isForCallbackURL, readCallback } from './login/callback-parameters';
import { type Actions, type Delivery, deliver } from './login/deliver-outcome';
import { exchangeCode } from './login/exchange-code';
import { ExchangedLogins } from './login/exchanged-logins';
import { finishLogin } from './login/finish';
import { fetchPortfolio, loadProfile } from './login/load-profile';
import { requestStarted } from './login/login-events';
import { noUserWaiting, type Outcome, openedByItself } from './login/outcome';
import { isAheadOfVisit, isCrossSite, isPartOfPage } from './login/prefetch';
import { startLogin } from './login/start';
import {
  askVerify,
  type ClassicVerify,
  type ClassicVerifyWithParams,
  type ClassicVerifyWithRequest,
  type ClassicVerifyWithRequestAndParams,
  type Inline,
  readVerify,
  type Verify,
} from './login/verify';
import {
  type CriteoStrategyOptions,
  type CriteoStrategyOptionsWithRequest,
  checkCallbackURL,
  type ProfileRequired,
  readOptions,
  type Settings,
} from './options';
import { fingerprint } from './state/bound-user';
import type { PassportRequest, Purpose, StateMetadata, StateStore } from './state/state-store';
import { callBack } from './util/node-callback';
import { optionError } from './util/option-checks';

export type { FailureInfo } from './login/outcome';

/** What a strategy keeps for all its requests. Nothing in it belongs to one of them. */
interface Shared extends Settings {
  modern: boolean;
  consentPage: ConsentPage;
  exchanged: ExchangedLogins;
}

/**
 * Passport strategy for Criteo: the authorization-code grant (RFC 6749 section 4.1; Criteo, "Authorization code
 * setup"), state always verified, PKCE if the app has it, and the shared portfolio as profile.
 *
 * Passport can be given its name or, as of Passport 0.6, the strategy itself: requests that run at the same time do not
 * mix in either case. A subclass that overrides `authenticate` must call `super.authenticate` before it awaits anything:
 * given an instance, Passport puts the actions of each request (`success`, `fail`, `redirect`, `pass`, `error`) on that
 * instance, so after an `await` they may be those of another request. Hooks such as `userProfile` find those of their own
 * request on `this`, if they are methods and not arrow functions.
 */
export class CriteoStrategy extends OAuth2Strategy {
  // No private fields and no arrow functions as members: `this` is an object that inherits from the strategy.
  declare protected _oauth2: CriteoOAuth2;
  declare protected _stateStore: StateStore;
  declare protected _callbackURL: string;
  declare protected _verify: (...args: unknown[]) => unknown;
  declare protected _passReqToCallback: boolean;
  declare protected _skipUserProfile: unknown;
  /** @internal */
  declare protected _criteo: Shared;

  /** The classic form, with the request and a profile that is required. */
  constructor(
    options: CriteoStrategyOptionsWithRequest & ProfileRequired & { verify?: undefined },
    verify: Inline<ClassicVerifyWithRequest<CriteoProfile>, ClassicVerifyWithRequestAndParams<CriteoProfile>>,
  );
  constructor(
    options: CriteoStrategyOptionsWithRequest & ProfileRequired & { verify?: undefined },
    verify: ClassicVerifyWithRequestAndParams<CriteoProfile>,
  );
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
  /** The classic form, with a profile that is required. */
  constructor(
    options: CriteoStrategyOptions & ProfileRequired & { verify?: undefined },
    verify: Inline<ClassicVerify<CriteoProfile>, ClassicVerifyWithParams<CriteoProfile>>,
  );
  constructor(
    options: CriteoStrategyOptions & ProfileRequired & { verify?: undefined },
    verify: ClassicVerifyWithParams<CriteoProfile>,
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
  /** The modern form, with a profile that is required. */
  constructor(options: CriteoStrategyOptions & ProfileRequired & { verify: Verify<Express.User, CriteoProfile> });
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
        callbackURL: wiring.callbackURL,
        // Not used, because a store is given. Without it, passport-oauth2 calls url.parse, of which node.js 24 and later
        // warn if the app is bundled.
        sessionKey: 'criteo',
        // The types of passport-oauth2 know no store that keeps a verifier, though passport-oauth2 does.
        store: store as unknown as OAuth2Strategy.StateStore,
        skipUserProfile: wiring.skipUserProfile,
      },
      verify as () => void,
    );
    this.name = wiring.name;
    this._passReqToCallback = passReqToCallback;
    this._criteo = { ...settings, modern, consentPage: new ConsentPage(), exchanged: new ExchangedLogins() };
    this._oauth2 = new CriteoOAuth2(settings.clientID, clientSecret, '', authorizationURL, tokenURL, customHeaders);
    this._oauth2.useTransport({
      timeout: settings.timeout,
      agent: wiring.agent,
      origins: [new URL(wiring.apiURL).origin, settings.userProfileURL.origin],
    });
  }

  /**
   * Sends the user to Criteo's consent page, or finishes the login of a callback. Ends in exactly one of redirect, success,
   * fail and error. Passport calls it.
   */
  override authenticate(req: PassportRequest, given?: CriteoAuthenticateOptions | null): void {
    // First of all, and synchronously: an instance that Passport was given carries the actions of the latest request.
    const actions = actionsOf(this);
    const request: Delivery = {
      actions,
      self: actions,
      strategy: this.name,
      startedAt: requestStarted(),
      options: undefined,
    };
    const failed = (reason: unknown): void => deliver(request, ['error', asError(reason, 'The login')]);
    try {
      // Passport has made an object for this request if it was given a name. A copy, because a subclass may have set on
      // `this` what belongs to the request, and the next request sets it anew.
      const self = Object.hasOwn(this, '_criteo') ? ({ __proto__: this, ...this, ...actions } as this) : this;
      request.self = self;
      const callback = readCallback(req);
      if (isAheadOfVisit(req) || (!callback && isPartOfPage(req))) {
        return deliver(request, noUserWaiting(callback !== undefined));
      }
      const options = given ?? {};
      request.options = options;
      if (!callback) return self._start(req, options, (outcome) => deliver(request, outcome));
      self._finish(req, callback, options).then((outcome) => deliver(request, outcome), failed);
    } catch (reason) {
      failed(reason);
    }
  }

  /**
   * Gets a new access token, as {@link CriteoClient.refresh}.
   *
   * @param refreshToken as kept since the login
   * @returns the new tokens; keep the old refresh token if they bring none.
   * @throws {TypeError} the refresh token is not a non-empty string.
   * @throws {CriteoTokenError} Criteo refused; `reauthorize` says whether the user must consent again.
   * @throws {CriteoTransportError} no usable response came.
   */
  async refresh(refreshToken: string): Promise<TokenSet> {
    if (typeof refreshToken !== 'string' || refreshToken === '') {
      throw new TypeError('CriteoStrategy.refresh: refreshToken must be a non-empty string');
    }
    return (await this._oauth2.tokens({ grant_type: 'refresh_token', refresh_token: refreshToken })).tokens;
  }

  /** Fetches the portfolio as a {@link CriteoProfile}. A hook: override it to load something else, or more. */
  override userProfile(accessToken: string, done: (error?: unknown, profile?: CriteoProfile) => void): void {
    callBack(fetchPortfolio(this._oauth2, this._criteo, accessToken), done, (profile) => [profile]);
  }

  /**
   * Reads the body of a refused token request (RFC 6749 section 5.2). A hook: override it to read more out of it. What it
   * returns becomes the login's error; `null` keeps the error that was.
   */
  override parseErrorResponse(body: unknown, status: number): Error | null {
    const { client_secret } = this._oauth2.credentials();
    const error = readTokenError({ status, headers: {}, text: String(body) }, [client_secret]);
    return error instanceof CriteoTokenError ? error : null;
  }

  /** Returns what may be shown of a strategy: no secret. */
  toJSON(): object {
    const { clientID, service, apiVersion, pkce } = this._criteo;
    return { name: this.name, clientID, callbackURL: this._callbackURL, service, apiVersion, pkce };
  }

  [inspect.custom](): string {
    return `${this.constructor.name} ${inspect(this.toJSON())}`;
  }

  /** @internal */
  protected _start(req: PassportRequest, options: CriteoAuthenticateOptions, done: (outcome: Outcome) => void): void {
    const { consentPage, pkce, timeout } = this._criteo;
    const meta = this._metadata(req, options);
    // A form may be sent to it, but Criteo's redirect and a bookmark are GETs.
    if (req.method === 'GET' && isForCallbackURL(req, meta.callbackURL)) return done(openedByItself());
    const extra = formFields(atOnce('authorizationParams', this.authorizationParams(options)));
    const verifier = pkce ? newVerifier() : undefined;
    // passport-oauth2's stores expect undefined rather than null.
    const state = options.state ?? undefined;
    startLogin({ consentPage, store: this._stateStore, timeout, req, meta, verifier, state, extra }, done);
  }

  /** @internal */
  protected _finish(
    req: PassportRequest,
    callback: CallbackParameters,
    options: CriteoAuthenticateOptions,
  ): Promise<Outcome> {
    const { timeout, modern } = this._criteo;
    return finishLogin({
      req,
      callback,
      settings: this._criteo,
      store: this._stateStore,
      metadata: () => this._metadata(req, options),
      exchangeCode: (code, redirectURI, verifier) =>
        exchangeCode(this._oauth2, {
          code,
          redirectURI,
          verifier,
          extra: atOnce('tokenParams', this.tokenParams(options)),
          timeout,
          parseErrorResponse: (body, status) => this.parseErrorResponse(body, status),
          parsesErrors: overrides(this, 'parseErrorResponse'),
        }),
      loadProfile: (accessToken) =>
        loadProfile(
          {
            skip: this._skipUserProfile,
            strategy: this,
            timeout,
            userProfile: overrides(this, 'userProfile') ? (token, done) => this.userProfile(token, done) : undefined,
            fetchPortfolio: (token) => fetchPortfolio(this._oauth2, this._criteo, token),
          },
          accessToken,
        ),
      verify: (login) =>
        askVerify(
          { verify: this._verify, modern, passReqToCallback: this._passReqToCallback, strategy: this, timeout },
          login,
        ),
    });
  }

  /** @internal */
  protected _metadata(req: PassportRequest, options: CriteoAuthenticateOptions): StateMetadata {
    const { clientID, bindTo } = this._criteo;
    const user: unknown = atOnce('The option bindTo', bindTo(req));
    if (user !== undefined && (typeof user !== 'string' || user === '')) {
      // It would mean no user, but a column of the database may hold it for many users.
      throw optionError('CriteoStrategy', 'bindTo', 'must return a text that is not empty, or undefined for no user');
    }
    const { callbackURL } = options;
    const { authorizationURL, tokenURL } = this._oauth2.endpoints();
    return {
      authorizationURL,
      tokenURL,
      clientID,
      callbackURL: callbackURL ? checkCallbackURL(callbackURL, 'authenticate') : this._callbackURL,
      strategy: this.name,
      purpose: purposeOf(options),
      boundTo: user ? fingerprint(user) : undefined,
      crossSite: isCrossSite(req),
    };
  }
}

/** Returns what Passport put on a strategy for the request at hand. */
function actionsOf(strategy: CriteoStrategy): Actions {
  const { success, fail, redirect, pass, error } = strategy;
  return { success, fail, redirect, pass, error };
}

/** Passport's authorize is its authenticate with a property to assign the account to. */
function purposeOf(options: CriteoAuthenticateOptions & { assignProperty?: unknown }): Purpose {
  return options.assignProperty ? 'authorize' : 'authenticate';
}

/** Checks whether a subclass or the app has overridden a hook. (Not a method: bundlers rename a class that names itself.) */
function overrides(strategy: CriteoStrategy, hook: 'parseErrorResponse' | 'userProfile'): boolean {
  return strategy[hook] !== CriteoStrategy.prototype[hook];
}
