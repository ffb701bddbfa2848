import { type Agent, type OutgoingHttpHeaders, validateHeaderName, validateHeaderValue } from 'node:http';
import type { Service } from './criteo/profile';
import { checkSessionKey, SessionStateStore } from './state/session-store';
import type { Request, StateStore } from './state/state-store';
import {
  checkAgent,
  checkBase,
  checkCredential,
  checkEndpoint,
  checkTimeout,
  defaults,
  optionError,
} from './util/checks';
import { isRecord } from './util/json';

type Maybe<T> = T | Promise<T>;

/** Options of the strategy that do not depend on how the app is registered. */
export interface CriteoStrategyBaseOptions {
  /** The app's client id, from Criteo's Partners Portal. */
  clientID: string;
  /**
   * Where Criteo sends the user back to: absolute, registered in the app, https (http on a loopback host). May be
   * given anew for one request: `authenticate('criteo', { callbackURL })`.
   */
  callbackURL: string;
  /** The Criteo service the app belongs to; decides what the profile is made of. Default `marketing-solutions`. */
  service?: Service | undefined;
  /**
   * The version of Criteo's API for the profile: `YYYY-MM`, `preview` or `experimental`. Default `2026-07`. Every
   * version lives a year (Criteo, "Versioning policy"); a process warning with code `CRITEO_API_SUNSET` tells in time.
   */
  apiVersion?: string | undefined;
  /** Where pending logins are kept: any state store of passport-oauth2's kind. Default: a {@link SessionStateStore}. */
  store?: StateStore | true | undefined;
  /** State cannot be switched off; `true` is understood. */
  state?: true | undefined;
  /** As in passport-oauth2: a boolean, or a function that returns one or calls back with one. Default `false`. */
  skipUserProfile?:
    | boolean
    | (() => Maybe<boolean>)
    | ((accessToken: string, done: (error?: unknown, skip?: boolean) => void) => void)
    | undefined;
  /**
   * Whether a login fails where the profile is not to be had. Default `true`. With `false`, `verify` gets an undefined
   * profile instead, so that the tokens are not lost.
   */
  requireUserProfile?: boolean | undefined;
  /**
   * Milliseconds for one whole exchange with Criteo, connect to last byte; also how long the state store and `verify`
   * may each take to answer. Default 10 000.
   */
  timeout?: number | undefined;
  /** For outbound proxies and private certificate authorities. Default: a keep-alive agent of the strategy's own. */
  agent?: Agent | undefined;
  /** An `iss` parameter of the callback must equal it (RFC 9207). Default `https://api.criteo.com`. */
  issuer?: string | undefined;
  /**
   * Names who starts a login; whoever finishes it must bear the same name, else it fails with `user_changed`. Stores keep
   * a hash of it. No name binds to nobody. Default: the id of `req.user`, where there is one.
   */
  bindTo?: ((req: Request) => string | undefined) | undefined;
  /** The property of `req.session` for pending logins, with the default store. Default `criteo`. */
  sessionKey?: string | undefined;
  /** Headers to send along with every request to Criteo. */
  customHeaders?: OutgoingHttpHeaders | undefined;
  /** The strategy's name. Default `criteo`. Two strategies of one app must have two. */
  name?: string | undefined;
  /** Origin of Criteo's API, over which lie token and portfolio URLs. Default `https://api.criteo.com`. */
  apiURL?: string | undefined;
  /** The consent page. Default `https://consent.criteo.com/request`. */
  authorizationURL?: string | undefined;
  /** The token endpoint. Default `/oauth2/token` under `apiURL`. */
  tokenURL?: string | undefined;
  /** The portfolio. Default `advertisers/me` or `retail-media/accounts` in `apiVersion` under `apiURL`. */
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
      /** The app's client secret; sent where there is one. */
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

/** The options as checked, every default filled in; the secret is not among them. */
export interface Settings {
  clientID: string;
  callbackURL: string;
  pkce: boolean;
  service: Service;
  apiVersion: string;
  userProfileURL: URL;
  requireUserProfile: boolean;
  skipUserProfile: unknown;
  timeout: number;
  issuer: string;
  bindTo: (req: Request) => string | undefined;
  name: string;
}

/** What passport-oauth2's constructor and node-oauth's object need. */
export interface Wiring {
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

/** Checks a callback URL and gives it back as it was written: Criteo compares it as text. */
export function checkCallbackURL(value: unknown, owner: string = OWNER): string {
  checkEndpoint(owner, 'callbackURL', value);
  return value as string;
}

/**
 * Checks every option and fills in the defaults; the options object stays as it is.
 *
 * @throws {TypeError} naming the option that is wrong.
 */
export function readOptions(options: unknown): { settings: Settings; wiring: Wiring } {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${OWNER} needs an options object with clientID, clientSecret and callbackURL`);
  }
  const given = options as Partial<Record<keyof CriteoStrategyOptions, unknown>>;
  const { clientSecret, agent, store, state } = given;
  const pkce = boolean('pkce', given.pkce, false);
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
  const apiURL = checkBase(OWNER, 'apiURL', given.apiURL ?? defaults.apiURL);
  const portfolio = service === 'retail-media' ? 'retail-media/accounts' : 'advertisers/me';
  const userProfileURL = given.userProfileURL ?? `${apiURL}/${apiVersion}/${portfolio}`;
  const { skipUserProfile = false } = given;
  if (typeof skipUserProfile !== 'boolean' && typeof skipUserProfile !== 'function') {
    throw optionError(OWNER, 'skipUserProfile', 'must be a boolean or a function');
  }
  const { bindTo = userId } = given;
  if (typeof bindTo !== 'function') throw optionError(OWNER, 'bindTo', 'must be a function of the request');

  const settings: Settings = {
    clientID: checkCredential(OWNER, 'clientID', given.clientID),
    callbackURL: checkCallbackURL(given.callbackURL),
    pkce,
    service,
    apiVersion,
    userProfileURL: checkEndpoint(OWNER, 'userProfileURL', userProfileURL),
    requireUserProfile: boolean('requireUserProfile', given.requireUserProfile, true),
    skipUserProfile,
    timeout: checkTimeout(OWNER, given.timeout ?? defaults.timeout),
    issuer: text('issuer', given.issuer, defaults.apiURL),
    bindTo: bindTo as Settings['bindTo'],
    name: text('name', given.name, 'criteo'),
  };
  const wiring: Wiring = {
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

function boolean(option: string, value: unknown, otherwise: boolean): boolean {
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

function userId(req: Request): string | undefined {
  const id: unknown = (req as { user?: { id?: unknown } }).user?.id;
  return typeof id === 'string' || typeof id === 'number' || typeof id === 'bigint' ? String(id) : undefined;
}
