import { createHash } from 'node:crypto';
import { PendingLoginError } from '../errors';
import { checkCount, optionError } from '../util/option-checks';
import { checkOptionNames } from '../util/option-names';
import { Seal } from './cookie-encryption';
import { cookiesOf, readCookies } from './cookie-header';
import { makeRoom, type Occupant } from './make-room';
import { expiredLogin } from './missing-login';
import { copyOfState, isFresh, newHandle, newLogin, readLogin, type StoredLogin } from './pending-login';
import type { PassportRequest, StateMetadata, StateStore, StoreCallback, VerifyCallback } from './state-store';

/** Options of {@link CookieStateStore}. */
export interface CookieStateStoreOptions {
  /**
   * What the cookies are encrypted with: 32 random characters or more (fewer raise the process warning
   * `CRITEO_WEAK_SECRET`), the same in every process of the app. Give several to change it without losing logins: the
   * first encrypts, all decrypt.
   */
  secret: string | readonly string[];
  /**
   * What the cookies' names start with. Stores whose other options differ need different names if one browser meets both.
   *
   * @default 'criteo-login'
   */
  name?: string | undefined;
  /**
   * Maximum number of pending logins in one browser. If there are more, those that another site's page started go first,
   * then the oldest. Together they also take 4096 bytes at most, because servers refuse long Cookie headers (nginx and
   * Apache beyond 8 KiB).
   *
   * @default 5
   */
  limit?: number | undefined;
  /**
   * Milliseconds that a login may take; the cookie expires at the same time.
   *
   * @default 600_000 (ten minutes)
   */
  maxAge?: number | undefined;
  /**
   * Whether the cookies are for https only, with the attribute `Secure` and the name prefix `__Host-`. `true` loses the
   * cookies if the browser uses http (some browsers take them on localhost); `false` lets neighbouring subdomains and the
   * network plant cookies.
   *
   * @default whether the callback URL is https
   */
  secure?: boolean | undefined;
}

// RFC 6265bis section 5.6: browsers ignore longer cookies; Safari counts the attributes too.
const LONGEST = 4096;
// Proxies refuse a response whose header is too long. What is left over goes the next time.
const MOST_CLEARED = 20;
const ADVISABLE_SECRET = 32;

/**
 * Keeps pending logins in the browser, each in a short-lived cookie of its own: for apps without sessions on the server,
 * or whose session cookie does not come back from Criteo (`SameSite=Strict`).
 *
 * A cookie is encrypted and authenticated (AES-256-GCM), and opens only for the handle, the strategy and the cookie name
 * that it was made for: neither the URL nor the cookie alone is a login.
 *
 * The cookie is cleared when the login is taken, but single use relies on the browser deleting it: an attacker who copied the
 * cookie and the callback URL can present both again until `maxAge`. A strategy exchanges the code of a login once, however
 * often and however fast the callback comes, and remembers that until it has exchanged 5,000 more. Afterwards, and in other
 * processes, Criteo refuses a code that was used (Criteo, "Authorization code setup"), and may revoke the tokens that were
 * issued for it (RFC 6749 section 4.1.2).
 *
 * The app's state must be plain JSON, and small: the cookie has room for some 2500 bytes of it. `info.state` is a copy of
 * it.
 */
export class CookieStateStore implements StateStore {
  readonly #seal: Seal;
  readonly #name: string;
  readonly #names: RegExp;
  readonly #limit: number;
  readonly #maxAge: number;
  readonly #secure: boolean | undefined;

  /** @throws {TypeError} naming the option that is wrong. */
  constructor(options: CookieStateStoreOptions) {
    // Callers without a compiler may leave the options out.
    const given: Partial<CookieStateStoreOptions> = options ?? {};
    checkOptionNames('CookieStateStore', given);
    const { secret, name = 'criteo-login', limit = 5, maxAge = 600_000, secure } = given;
    this.#seal = new Seal('passport-criteo: pending login in a cookie', checkSecrets(secret));
    if (typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name) || name.startsWith('__')) {
      const must = 'must be 1 to 64 letters, digits, hyphens and underscores, and not start with two underscores';
      throw optionError('CookieStateStore', 'name', must);
    }
    if (secure !== undefined && typeof secure !== 'boolean') {
      throw optionError('CookieStateStore', 'secure', 'must be true, false, or left out to follow the callback URL');
    }
    this.#name = name;
    this.#names = new RegExp(`^(__Host-)?${name}\\.[\\w-]{16}$`);
    this.#limit = checkCount('CookieStateStore', 'limit', limit);
    this.#maxAge = checkCount('CookieStateStore', 'maxAge', maxAge);
    this.#secure = secure;
  }

  /**
   * Sets a cookie for a login that starts and calls back with its handle. Errors: `response_missing` or `headers_sent` if
   * no cookie can be set; `state_invalid` or `state_too_large` for the app's state; `too_many_logins` for a login that
   * another site's page starts.
   */
  store(
    req: PassportRequest,
    verifier: string | undefined,
    state: unknown,
    meta: StateMetadata,
    callback: StoreCallback,
  ): void {
    let handle: string;
    try {
      handle = this.#keep(req, newLogin(verifier, copyOfState('CookieStateStore', state), meta), meta);
    } catch (error) {
      return callback(error);
    }
    callback(null, handle);
  }

  /** Takes the login of a handle out of its cookie, if it is there, fresh, and the strategy's own. Errors as above. */
  verify(req: PassportRequest, handle: string, meta: StateMetadata, callback: VerifyCallback): void {
    let verdict: Parameters<VerifyCallback>;
    try {
      verdict = this.#take(req, handle, meta);
    } catch (error) {
      verdict = [error];
    }
    callback(...verdict);
  }

  #keep(req: PassportRequest, login: StoredLogin, meta: StateMetadata): string {
    const appendCookies = cookiesOf(req);
    const handle = newHandle();
    const secure = this.#secure ?? meta.callbackURL.startsWith('https:');
    const name = `${secure ? '__Host-' : ''}${this.#nameOf(handle, meta)}`;
    const label = labelOf(login);
    const value = `${label}.${this.#seal.seal(JSON.stringify(login), context(name, label, handle, meta))}`;
    const line = setCookie(name, value, Math.ceil(this.#maxAge / 1000));
    if (line.length > LONGEST) throw tooLarge(line.length, login.app);
    const added = { crossSite: meta.crossSite, size: name.length + value.length };
    // Over https, only names with the prefix count: any subdomain can set the others.
    const pending = [...this.#pending(req)].filter(([each]) => each.startsWith('__Host-') === secure);
    appendCookies([...this.#surplus(pending, added).map(clear), line]);
    return handle;
  }

  #take(req: PassportRequest, handle: string, meta: StateMetadata): Parameters<VerifyCallback> {
    const appendCookies = cookiesOf(req);
    const pending = this.#pending(req);
    const plain = this.#nameOf(handle, meta);
    // Both names, because the app may have moved between http and https; each opens only under the name it was made for.
    const name = [`__Host-${plain}`, plain].find((each) => pending.has(each));
    if (!name) {
      return [null, false, { code: 'state_unknown', message: pending.size > 0 ? unknown : this.#lost() }];
    }
    appendCookies([clear(name)]);
    const [label, sealed] = split(pending.get(name) as string);
    const text = this.#seal.open(sealed, context(name, label, handle, meta));
    const login = text === undefined ? undefined : readLogin(JSON.parse(text));
    if (!login) return [null, false, { code: 'state_unknown', message: unreadable }];
    if (!isFresh(login.startedAt, this.#maxAge)) return [null, false, expiredLogin(login, this.#maxAge)];
    return [null, login.verifier ?? true, login.state, login];
  }

  #pending(req: PassportRequest): Map<string, string> {
    return readCookies(req, this.#names);
  }

  /** Returns the name of a login's cookie without the prefix. It is a hash, so it tells nothing of the handle. */
  #nameOf(handle: string, meta: StateMetadata): string {
    const hash = createHash('sha256').update(JSON.stringify([meta.strategy, meta.clientID, handle]));
    return `${this.#name}.${hash.digest('base64url').slice(0, 16)}`;
  }

  /**
   * Returns the names of the cookies that must go: those of expired logins, and those that make room for `added`. Only
   * their labels can be read, because the rest opens with the handle alone. A user who forges a label loses logins of their
   * own browser, no more.
   */
  #surplus(cookies: readonly [name: string, value: string][], added: Pick<Occupant, 'crossSite' | 'size'>): string[] {
    const expired: string[] = [];
    const fresh: (Occupant & { name: string })[] = [];
    for (const [name, value] of cookies) {
      const { startedAt, crossSite } = readLabel(split(value)[0]);
      if (isFresh(startedAt, this.#maxAge))
        fresh.push({ name, startedAt, crossSite, size: name.length + value.length });
      else expired.push(name);
    }
    const leaving = makeRoom(fresh, added, { limit: this.#limit, bytes: LONGEST });
    return [...leaving.map(({ name }) => name), ...expired].slice(0, MOST_CLEARED);
  }

  #lost(): string {
    return (
      'The browser sent no cookie of a pending login. Most likely the callback was loaded twice (reload, back button), ' +
      `the login took longer than ${this.#maxAge / 1000} s (maxAge of the state store), the callback is on another host ` +
      'than the login, a Secure cookie was set over http, the callback came by POST (the cookie is SameSite=Lax), the ' +
      'browser blocks cookies, or something replaced the Set-Cookie header. Start again.'
    );
  }
}

const unknown =
  'The browser sent cookies of other pending logins, but not of this one. Most likely the callback was loaded twice ' +
  '(reload, back button), the login is another strategy’s, or too many were started since. Start again.';
const unreadable =
  'The cookie of this login cannot be read. Most likely the option secret of CookieStateStore changed (keep the former ' +
  'one in second place until logins have ended) or is not the same in every process, or the cookie was tampered with. ' +
  'Start again.';

function checkSecrets(secret: unknown): [string, ...string[]] {
  const [first, ...older]: unknown[] = Array.isArray(secret) ? secret : [secret];
  const secrets: [string, ...string[]] = [checkSecret(first), ...older.map(checkSecret)];
  if (secrets.some((each) => each.length < ADVISABLE_SECRET)) {
    const message =
      `CookieStateStore: the option secret has fewer than ${ADVISABLE_SECRET} characters, so that it might be guessed ` +
      'from a cookie; make one with `openssl rand -base64 32`';
    process.emitWarning(message, { code: 'CRITEO_WEAK_SECRET' });
  }
  return secrets;
}

function checkSecret(secret: unknown): string {
  if (typeof secret === 'string' && secret !== '') return secret;
  throw optionError('CookieStateStore', 'secret', 'must be a non-empty string, or an array of such');
}

/** Splits a cookie's value into its label, which anyone can read, and the sealed login. */
function split(value: string): [label: string, sealed: string] {
  const at = value.indexOf('.');
  return [value.slice(0, at), value.slice(at + 1)];
}

/** Returns what making room must know: when the login started, and a hyphen if another site's page started it. */
function labelOf({ at, via }: StoredLogin): string {
  return `${at.toString(36)}${via === undefined ? '' : '-'}`;
}

function readLabel(label: string): { startedAt: number; crossSite: boolean } {
  return { startedAt: Number.parseInt(label, 36), crossSite: label.endsWith('-') };
}

/** Returns the only context in which a cookie opens. */
function context(name: string, label: string, handle: string, meta: StateMetadata): string {
  return JSON.stringify([name, label, handle, meta.strategy, meta.clientID]);
}

function setCookie(name: string, value: string, seconds: number): string {
  const secure = name.startsWith('__Host-') ? '; Secure' : '';
  return `${name}=${value}; Max-Age=${seconds}; Path=/; HttpOnly; SameSite=Lax${secure}`;
}

function clear(name: string): string {
  return setCookie(name, '', 0);
}

function tooLarge(size: number, state: unknown): Error {
  const message =
    `The cookie of this login would take ${size} bytes, and browsers ignore those above ${LONGEST}. The option state of ` +
    `passport.authenticate takes ${Buffer.byteLength(JSON.stringify(state) ?? '')} bytes of it as JSON, before ` +
    'encryption: keep it elsewhere and give a key to it.';
  return new PendingLoginError('state_too_large', message);
}
