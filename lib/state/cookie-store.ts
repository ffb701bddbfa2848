import { createHash } from 'node:crypto';
import { checkCount, optionError } from '../util/checks';
import { Seal } from './cookie-encryption';
import { cookiesOf, failure, readCookies } from './cookie-header';
import { isFresh, type LoginRecord, newHandle, newRecord, pendingLogin, readRecord } from './pending-login';
import type { Request, StateMetadata, StateStore, StoreCallback, VerifyCallback } from './state-store';

/** Options of {@link CookieStateStore}. */
export interface CookieStateStoreOptions {
  /**
   * What the cookies are encrypted with: 32 random characters or more (fewer raise the process warning
   * `CRITEO_WEAK_SECRET`), the same in every process of the application. Several to change it without losing logins:
   * the first encrypts, all decrypt.
   */
  secret: string | readonly string[];
  /**
   * What the cookies' names begin with. Default `criteo-login`. Stores whose other options differ need different names,
   * where one browser meets both.
   */
  name?: string | undefined;
  /**
   * The most pending logins in one browser; the oldest goes first. Default 5. Together they take 4096 bytes at most,
   * because servers refuse long Cookie headers (nginx and Apache beyond 8 KiB).
   */
  limit?: number | undefined;
  /** Milliseconds that a login may take; the cookie lives as long. Default 600 000, ten minutes. */
  maxAge?: number | undefined;
  /**
   * Whether the cookies are for https only, with the attribute `Secure` and the name prefix `__Host-`. Default: whether
   * the callback URL is https. `true` loses the cookies where the browser is served over http (some take them on
   * localhost); `false` lets neighbouring subdomains and the network plant cookies.
   */
  secure?: boolean | undefined;
}

// RFC 6265bis section 5.6: browsers ignore longer cookies; Safari counts the attributes too.
const LONGEST = 4096;
// A response whose header is too long is refused by proxies: what is left over goes the next time.
const MOST_CLEARED = 20;
const ADVISABLE_SECRET = 32;

/**
 * Keeps pending logins in the browser, each in a short-lived cookie of its own: for applications without sessions on
 * the server, or whose session cookie does not come back from Criteo (`SameSite=Strict`).
 *
 * A cookie is encrypted and authenticated (AES-256-GCM), and opens only for the handle, the strategy and the cookie name
 * that it was made for: neither the URL nor the cookie alone is a login. It is cleared when it is taken. That it is used
 * once only is the browser's courtesy: a copy of it, with the handle, stays good until `maxAge`. What ends the login for
 * good is the code, which Criteo takes once (Criteo, "Authorization code setup").
 *
 * The application's state must be plain JSON, and small: the cookie has room for some 2500 bytes of it. `info.state` is
 * a copy of it.
 */
export class CookieStateStore implements StateStore {
  private readonly seal: Seal;
  private readonly name: string;
  private readonly names: RegExp;
  private readonly limit: number;
  private readonly maxAge: number;
  private readonly secure: boolean | undefined;

  /** @throws {TypeError} naming the option that is wrong. */
  constructor(options: CookieStateStoreOptions) {
    // Not all callers have a compiler that tells them of the options.
    const given: Partial<CookieStateStoreOptions> = options ?? {};
    const { secret, name = 'criteo-login', limit = 5, maxAge = 600_000, secure } = given;
    this.seal = new Seal('passport-criteo: pending login in a cookie', checkSecrets(secret));
    if (typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name) || name.startsWith('__')) {
      const must = 'must be 1 to 64 letters, digits, hyphens and underscores, not beginning with two underscores';
      throw optionError('CookieStateStore', 'name', must);
    }
    if (secure !== undefined && typeof secure !== 'boolean') {
      throw optionError('CookieStateStore', 'secure', 'must be true, false, or left out to follow the callback URL');
    }
    this.name = name;
    this.names = new RegExp(`^(__Host-)?${name}\\.[\\w-]{16}$`);
    this.limit = checkCount('CookieStateStore', 'limit', limit);
    this.maxAge = checkCount('CookieStateStore', 'maxAge', maxAge);
    this.secure = secure;
  }

  /**
   * Sets a cookie for a login that begins and gives back its handle. An error where none can be set (`response_missing`,
   * `headers_sent`), and for a state that is no JSON (`state_invalid`) or too large (`state_too_large`).
   */
  store(
    req: Request,
    verifier: string | undefined,
    state: unknown,
    meta: StateMetadata,
    callback: StoreCallback,
  ): void {
    let handle: string;
    try {
      handle = this.keep(req, newRecord(verifier, state, meta), meta);
    } catch (error) {
      return callback(error);
    }
    callback(null, handle);
  }

  /** Takes the login of a handle out of its cookie, if it is there, fresh, and the strategy's own. Errors as above. */
  verify(req: Request, handle: string, meta: StateMetadata, callback: VerifyCallback): void {
    let verdict: Parameters<VerifyCallback>;
    try {
      verdict = this.take(req, handle, meta);
    } catch (error) {
      verdict = [error];
    }
    callback(...verdict);
  }

  private keep(req: Request, record: LoginRecord, meta: StateMetadata): string {
    const appendCookies = cookiesOf(req);
    const handle = newHandle();
    const secure = this.secure ?? meta.callbackURL.startsWith('https:');
    const name = `${secure ? '__Host-' : ''}${this.nameOf(handle, meta)}`;
    const began = record.at.toString(36);
    const value = `${began}.${this.seal.seal(asJSON(record), context(name, began, handle, meta))}`;
    const line = setCookie(name, value, Math.ceil(this.maxAge / 1000));
    if (line.length > LONGEST) throw tooLarge(line.length, record.app);
    appendCookies([...this.surplus(this.pending(req), name.length + value.length).map(clear), line]);
    return handle;
  }

  private take(req: Request, handle: string, meta: StateMetadata): Parameters<VerifyCallback> {
    const appendCookies = cookiesOf(req);
    const pending = this.pending(req);
    const plain = this.nameOf(handle, meta);
    // Both names, because what is https may have changed since; each opens only under the name it was made for.
    const name = [`__Host-${plain}`, plain].find((each) => pending.has(each));
    const value = name && pending.get(name);
    if (!name || value === undefined) {
      return [null, false, { code: 'state_unknown', message: pending.size > 0 ? unknown : this.lost() }];
    }
    appendCookies([clear(name)]);
    const [began, sealed] = split(value);
    const text = this.seal.open(sealed, context(name, began, handle, meta));
    const record = text === undefined ? undefined : readRecord(JSON.parse(text));
    if (!record) return [null, false, { code: 'state_unknown', message: unreadable }];
    if (!isFresh(record, this.maxAge)) {
      const message = `The login took longer than ${this.maxAge / 1000} s. Start again, or raise maxAge of the state store.`;
      const state = record.app === undefined ? {} : { state: record.app };
      return [null, false, { code: 'state_expired', message, ...state }];
    }
    return [null, record.pkce ?? true, record.app, pendingLogin(record)];
  }

  private pending(req: Request): Map<string, string> {
    return readCookies(req, this.names);
  }

  /** The name of a login's cookie but for the prefix. A hash, so that it tells nothing of the handle. */
  private nameOf(handle: string, meta: StateMetadata): string {
    const hash = createHash('sha256').update(JSON.stringify([meta.strategy, meta.clientID, handle]));
    return `${this.name}.${hash.digest('base64url').slice(0, 16)}`;
  }

  /**
   * The names of those cookies that have to go beside one of `added` bytes: dead ones, and the oldest beyond what may be
   * pending. Their time is read in clear, because they open only with their handles: whoever forges it loses logins of
   * his own browser, no more.
   */
  private surplus(cookies: Map<string, string>, added: number): string[] {
    const dead: string[] = [];
    const alive: { name: string; at: number; size: number }[] = [];
    for (const [name, value] of cookies) {
      const at = Number.parseInt(split(value)[0], 36);
      if (isFresh({ at }, this.maxAge)) alive.push({ name, at, size: name.length + value.length });
      else dead.push(name);
    }
    alive.sort((a, b) => b.at - a.at);
    let size = added;
    const oldest = alive.filter((each, index) => {
      size += each.size;
      return index + 1 >= this.limit || size > LONGEST;
    });
    return [...oldest.map(({ name }) => name), ...dead].slice(0, MOST_CLEARED);
  }

  private lost(): string {
    return (
      'The browser sent no cookie of a pending login. Most likely the callback was loaded twice (reload, back button), ' +
      `the login took longer than ${this.maxAge / 1000} s (maxAge of the state store), the callback is on another host ` +
      'than the login, a Secure cookie was set over http, the callback came by POST (the cookie is SameSite=Lax), the ' +
      'browser blocks cookies, or something replaced the Set-Cookie header. Start again.'
    );
  }
}

const unknown =
  'The browser sent cookies of other pending logins, but not of this one. Most likely the callback was loaded twice ' +
  '(reload, back button), the login is another strategy’s, or too many were begun since. Start again.';
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

/** The two parts of a cookie's value: when the login began, and the sealed record. */
function split(value: string): [began: string, sealed: string] {
  const at = value.indexOf('.');
  return [value.slice(0, at), value.slice(at + 1)];
}

/** All that a cookie is good for. */
function context(name: string, began: string, handle: string, meta: StateMetadata): string {
  return JSON.stringify([name, began, handle, meta.strategy, meta.clientID]);
}

function setCookie(name: string, value: string, seconds: number): string {
  const secure = name.startsWith('__Host-') ? '; Secure' : '';
  return `${name}=${value}; Max-Age=${seconds}; Path=/; HttpOnly; SameSite=Lax${secure}`;
}

function clear(name: string): string {
  return setCookie(name, '', 0);
}

/** The record as JSON; functions and symbols, which would be left out without a word, are not. */
function asJSON(record: LoginRecord): string {
  try {
    if (record.app === undefined || JSON.stringify(record.app) !== undefined) return JSON.stringify(record);
  } catch {
    // A cycle, a BigInt.
  }
  throw failure(
    'state_invalid',
    'CookieStateStore cannot keep the option state of passport.authenticate: it is not JSON',
  );
}

function tooLarge(size: number, state: unknown): Error {
  const message =
    `The cookie of this login would take ${size} bytes, and browsers ignore those above ${LONGEST}. The option state of ` +
    `passport.authenticate takes ${Buffer.byteLength(JSON.stringify(state) ?? '')} bytes of it as JSON, before ` +
    'encryption: keep it elsewhere and give a key to it.';
  return failure('state_too_large', message);
}
