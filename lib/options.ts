import { type Agent, type OutgoingHttpHeaders, validateHeaderName, validateHeaderValue } from 'node:http';
import type { Service } from './criteo/profile';
import { signedInUser } from './state/bound-user';
import { checkSessionKey, SessionStateStore } from './state/session-store';
import type { PassportRequest, StateStore } from './state/state-store';
import { isRecord } from './util/json';
import {
  checkAgent,
  checkBase,
  checkCredential,
  checkEndpoint,
  checkTimeout,
  defaults,
  optionError,
} from './util/option-checks';
import { checkOptionNames } from './util/option-names';

type Maybe<T> = T | Promise<T>;

/** Options of the strategy that do not depend on how the app is registered. */
export interface CriteoStrategyBaseOptions {
  /** The app's client id, from Criteo's Partners Portal. */
  clientID: string;
  /**
   * Where Criteo sends the user back to: absolute, registered in the app, https (http on a loopback host). To use another
   * one, give `{ callbackURL }` to `passport.authenticate` (or `authorize`) on both routes: a login is finished with the
   * callback URL that it was started with.
   */
  callbackURL: string;
  /**
   * The Criteo service the app belongs to; decides what the profile is made of.
   *
   * @default 'marketing-solutions'
   */
  service?: Service | undefined;
  /**
   * The version of Criteo's API for the profile: `YYYY-MM`, `preview` or `experimental`. Criteo supports a
   * stable version for 12 months, and announces its end in the last three ("Versioning policy"): then there is a process
   * warning with the code `CRITEO_API_SUNSET`. `preview` and `experimental` have no list of Retail Media accounts.
   *
   * @default '2026-07'
   */
  apiVersion?: string | undefined;
  /**
   * Where pending logins are kept: any state store of passport-oauth2's kind. Only the two of this package let the strategy
   * check who finishes a login, for which purpose and at which callback URL; see {@link StateStore}.
   *
   * @default a {@link SessionStateStore}
   */
  store?: StateStore | true | undefined;
  /** State cannot be switched off; `true` is accepted. */
  state?: true | undefined;
  /**
   * As in passport-oauth2: a boolean, or a function that returns one or calls back with one.
   *
   * @default false
   */
  skipUserProfile?:
    | boolean
    | (() => Maybe<boolean>)
    | ((accessToken: string, done: (error?: unknown, skip?: boolean) => void) => void)
    | undefined;
  /**
   * If true, the login fails when the profile cannot be fetched or is empty, and the tokens are lost. If false, `verify`
   * gets an undefined profile and, in the modern form, `profileError`.
   *
   * @default true for `passport.authenticate`, false for `passport.authorize`
   */
  requireUserProfile?: boolean | undefined;
  /**
   * Milliseconds for one whole exchange with Criteo, connect to last byte; also how long the state store and `verify` may
   * take, each.
   *
   * @default 10_000
   */
  timeout?: number | undefined;
  /**
   * For outbound proxies and private certificate authorities.
   *
   * @default a keep-alive agent of the strategy's own
   */
  agent?: Agent | undefined;
  /**
   * An `iss` parameter of the callback must equal it (RFC 9207).
   *
   * @default 'https://api.criteo.com'
   */
  issuer?: string | undefined;
  /**
   * Identifies the user who is signed in, so that a login is finished by who started it: at the callback it must return
   * what it returned at the start, else the login fails with `user_changed`. Return a text of their own for every signed-in
   * user. Undefined means that no user is signed in; a function that always returns undefined switches the check off. An
   * empty text and null are errors. Stores keep a hash of the text.
   *
   * @default the first of `id`, `_id`, `sub`, `userId`, `userID`, `user_id`, `uid` and `uuid` of `req.user` (or of what
   *   Passport's `userProperty` names), or `req.user` itself if it is a text or a number. A signed-in user without any of
   *   them is an error, `user_unidentified`, and no login starts or finishes.
   */
  bindTo?: ((req: PassportRequest) => string | undefined) | undefined;
  /**
   * The property of `req.session` for pending logins, with the default store.
   *
   * @default 'criteo'
   */
  sessionKey?: string | undefined;
  /** Headers to send with every request to Criteo. */
  customHeaders?: OutgoingHttpHeaders | undefined;
  /**
   * The strategy's name. Two strategies of one app need two.
   *
   * @default 'criteo'
   */
  name?: string | undefined;
  /**
   * Origin of Criteo's API; token and portfolio URLs are under it.
   *
   * @default 'https://api.criteo.com'
   */
  apiURL?: string | undefined;
  /**
   * The consent page.
   *
   * @default 'https://consent.criteo.com/request'
   */
  authorizationURL?: string | undefined;
  /**
   * The token endpoint.
   *
   * @default `/oauth2/token` under `apiURL`
   */
  tokenURL?: string | undefined;
  /**
   * The portfolio.
   *
   * @default `advertisers/me` or `retail-media/accounts` in `apiVersion` under `apiURL`
   */
  userProfileURL?: string | undefined;
}

/** How the app is registered: with a secret, or with PKCE switched on and perhaps without one. */
type Registration =
  | {
      /** The app's client secret. */
      clientSecret: string;
      /** Whether PKCE is switched on for the app in Criteo's portal (S256, RFC 7636). Default `false`. */
      pkce?: boolean | undefined;
    }
  | {
      /** The app's client secret; sent if there is one. */
      clientSecret?: string | undefined;
      /** PKCE is switched on for the app in Criteo's portal (S256, RFC 7636), so that it may be without a secret. */
      pkce: true;
    };

/** Options of {@link CriteoStrategy}. */
export type CriteoStrategyOptions = CriteoStrategyBaseOptions &
  Registration & {
    /** Whether a classic `verify` gets the request first. Default `false`. */
    passReqToCallback?: false | undefined;
  };

/** Options of {@link CriteoStrategy} whose classic `verify` gets the request first. */
export type CriteoStrategyOptionsWithRequest = CriteoStrategyBaseOptions & Registration & { passReqToCallback: true };

/** Options with which `verify` always gets a profile: it is required, in so many words, and nothing skips it. */
export interface ProfileRequired {
  requireUserProfile: true;
  skipUserProfile?: false | undefined;
}

/** The checked options that the strategy keeps, defaults filled in. The secret is not among them. */
export interface Settings {
  clientID: string;
  pkce: boolean;
  service: Service;
  apiVersion: string;
  userProfileURL: URL;
  /** Undefined: it depends on the purpose of the login. */
  requireUserProfile: boolean | undefined;
  timeout: number;
  issuer: string;
  bindTo: (req: PassportRequest) => string | undefined;
}

/** The checked options that passport-oauth2 and node-oauth's object keep. */
interface Wiring {
  name: string;
  callbackURL: string;
  skipUserProfile: unknown;
  authorizationURL: string;
  tokenURL: string;
  clientSecret: string | undefined;
  store: StateStore;
  passReqToCallback: boolean;
  agent: Agent | undefined;
  customHeaders: OutgoingHttpHeaders;
  apiURL: string;
}

const OWNER = 'CriteoStrategy';

/** Checks a callback URL and returns it as it was written, because Criteo compares it as text. */
export function checkCallbackURL(value: unknown, owner: string = OWNER): string {
  checkEndpoint(owner, 'callbackURL', value);
  return value as string;
}

// Options of passport-oauth2 that would have no effect, and why.
const unused = {
  scope: 'is not for Criteo: the permissions of an app are set in the Criteo Partners Portal. Remove it',
  scopeSeparator: 'is not for Criteo: there are no scopes in its requests. Remove it',
  proxy: 'is not needed: callbackURL is absolute here, so it does not depend on a proxy. Remove it',
  trustProxy: 'is not needed: callbackURL is absolute here, so it does not depend on a proxy. Remove it',
};

/**
 * Checks every option and fills in the defaults. The options object is not changed.
 *
 * @throws {TypeError} naming the option that is wrong.
 */
export function readOptions(options: unknown): { settings: Settings; wiring: Wiring } {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${OWNER} needs an options object with clientID, clientSecret and callbackURL`);
  }
  checkOptionNames(OWNER, options);
  const given = options as Partial<Record<keyof CriteoStrategyOptions, unknown>>;
  const { clientSecret, agent, store, state } = given;
  for (const [name, why] of Object.entries(unused)) {
    // Only a warning: apps bring them along from other strategies, and they do no harm.
    if (given[name as keyof typeof given]) {
      process.emitWarning(`${OWNER}: the option ${name} ${why}`, { code: 'CRITEO_UNUSED_OPTION' });
    }
  }
  // passport-oauth2's name of the only method that Criteo knows.
  const pkce = boolean('pkce', given.pkce === 'S256' ? true : given.pkce, false);
  const secretless = pkce && (clientSecret === undefined || clientSecret === null || clientSecret === '');
  if (state === false) throw optionError(OWNER, 'state', 'cannot be false: state is what protects a login');
  if (store === false) throw optionError(OWNER, 'store', 'cannot be false: state is what protects a login');

  const service = given.service ?? 'marketing-solutions';
  if (service !== 'marketing-solutions' && service !== 'retail-media') {
    throw optionError(OWNER, 'service', "must be 'marketing-solutions' or 'retail-media'");
  }
  const apiVersion = given.apiVersion ?? defaults.apiVersion;
  if (typeof apiVersion !== 'string' || !/^(\d{4}-(0[1-9]|1[0-2])|preview|experimental)$/.test(apiVersion)) {
    throw optionError(OWNER, 'apiVersion', "must be a version like '2026-07', or 'preview' or 'experimental'");
  }
  const hasAccounts = service !== 'retail-media' || /\d/.test(apiVersion);
  if (!hasAccounts && given.userProfileURL === undefined) {
    const must =
      `cannot be '${apiVersion}' with the service retail-media: that version has no retail-media/accounts. ` +
      'Use a numbered version, or set the option userProfileURL';
    throw optionError(OWNER, 'apiVersion', must);
  }
  const apiURL = checkBase(OWNER, 'apiURL', given.apiURL ?? defaults.apiURL);
  const portfolio = service === 'retail-media' ? 'retail-media/accounts' : 'advertisers/me';
  const userProfileURL = given.userProfileURL ?? `${apiURL}/${apiVersion}/${portfolio}`;
  const { skipUserProfile = false } = given;
  if (typeof skipUserProfile !== 'boolean' && typeof skipUserProfile !== 'function') {
    throw optionError(OWNER, 'skipUserProfile', 'must be a boolean or a function');
  }
  const { bindTo = signedInUser } = given;
  if (typeof bindTo !== 'function') throw optionError(OWNER, 'bindTo', 'must be a function of the request');

  const settings: Settings = {
    clientID: checkCredential(OWNER, 'clientID', given.clientID),
    pkce,
    service,
    apiVersion,
    userProfileURL: checkEndpoint(OWNER, 'userProfileURL', userProfileURL),
    requireUserProfile: boolean('requireUserProfile', given.requireUserProfile, undefined),
    timeout: checkTimeout(OWNER, given.timeout ?? defaults.timeout),
    issuer: text('issuer', given.issuer, defaults.apiURL),
    bindTo: bindTo as Settings['bindTo'],
  };
  const wiring: Wiring = {
    name: text('name', given.name, 'criteo'),
    callbackURL: checkCallbackURL(given.callbackURL),
    skipUserProfile,
    authorizationURL: checkEndpoint(OWNER, 'authorizationURL', given.authorizationURL ?? defaults.authorizationURL)
      .href,
    tokenURL: checkEndpoint(OWNER, 'tokenURL', given.tokenURL ?? `${apiURL}/oauth2/token`).href,
    clientSecret: secretless ? undefined : checkCredential(OWNER, 'clientSecret', clientSecret),
    store: readStore(store, checkSessionKey(OWNER, 'sessionKey', given.sessionKey), pkce),
    passReqToCallback: boolean('passReqToCallback', given.passReqToCallback, false),
    agent: checkAgent(OWNER, agent as Agent | undefined),
    customHeaders: readHeaders(given.customHeaders),
    apiURL,
  };
  return { settings, wiring };
}

function boolean<Default>(option: string, value: unknown, otherwise: Default): boolean | Default {
  if (value === undefined) return otherwise;
  if (typeof value === 'boolean') return value;
  throw optionError(OWNER, option, 'must be true or false');
}

function text(option: string, value: unknown, otherwise: string): string {
  if (value === undefined) return otherwise;
  if (typeof value === 'string' && value !== '') return value;
  throw optionError(OWNER, option, 'must be a non-empty string');
}

function readHeaders(value: unknown = {}): OutgoingHttpHeaders {
  try {
    if (!isRecord(value)) throw new TypeError();
    for (const [name, each] of Object.entries(value)) {
      validateHeaderName(name);
      validateHeaderValue(name, each as string);
    }
    return { ...value } as OutgoingHttpHeaders;
  } catch {
    throw optionError(OWNER, 'customHeaders', 'must be an object of header names and values that HTTP allows');
  }
}

function readStore(value: unknown, sessionKey: string, pkce: boolean): StateStore {
  if (value === undefined || value === true) return new SessionStateStore({ key: sessionKey });
  const store = value as Partial<StateStore> | null;
  if (typeof store !== 'object' || typeof store?.store !== 'function' || typeof store.verify !== 'function') {
    throw optionError(OWNER, 'store', 'must be a state store: an object with the methods store and verify');
  }
  if (pkce && store.store.length !== 5) {
    throw optionError(OWNER, 'store', 'must keep the verifier for pkce: store(req, verifier, state, meta, callback)');
  }
  return store as StateStore;
}
