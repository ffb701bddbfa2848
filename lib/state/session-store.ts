import { PendingLoginError } from '../errors';
import { foreignCause } from '../util/foreign-cause';
import { isRecord } from '../util/json';
import { checkCount, optionError } from '../util/option-checks';
import { checkOptionNames } from '../util/option-names';
import { makeRoom, type Occupant } from './make-room';
import { expiredLogin, whyForeign, whyNothingPending } from './missing-login';
import {
  copyOfState,
  isFresh,
  isHandle,
  isOwn,
  newHandle,
  newLogin,
  readLogin,
  type StoredLogin,
} from './pending-login';
import type { PassportRequest, StateMetadata, StateStore, StoreCallback, VerifyCallback } from './state-store';

/** Options of {@link SessionStateStore}. */
export interface SessionStateStoreOptions {
  /**
   * The property of `req.session` that holds the pending logins.
   *
   * @default 'criteo'
   */
  key?: string | undefined;
  /**
   * Maximum number of pending logins in one session; together they also take 6 KiB at most. If there are more, those that
   * another site's page started go first, then the oldest.
   *
   * @default 10
   */
  limit?: number | undefined;
  /**
   * Milliseconds that a login may take.
   *
   * @default 600_000 (ten minutes)
   */
  maxAge?: number | undefined;
}

// As JSON, in bytes. Sessions are small, and a visitor who starts logins by the hundred must not make one large.
const LARGEST_STATE = 2048;
const LARGEST_LOGIN = 4096;
const ROOM = 6144;
// The handle, the time, the names of the fields and the punctuation; `for` and `via` with their fixed values.
const OVERHEAD = 110;
const FLAG = 20;

/**
 * Keeps pending logins in `req.session`, each under its own handle, so that a login in one tab does not end one in another.
 * It does not trust what it finds in a session: anything that it would not have written is an unknown login.
 *
 * A login is taken out of the session, and the session is saved, before the code is exchanged, so a reload finds it gone.
 * Two callbacks that arrive at the same moment can both read the session before either saves it: within one process the
 * strategy exchanges the code once; two processes can both send it, because session stores have no lock. Two logins that
 * start at the same moment in one session can overwrite each other for the same reason.
 *
 * The app's state must be plain JSON of at most 2048 bytes; `info.state` is a copy of it.
 */
export class SessionStateStore implements StateStore {
  readonly #key: string;
  readonly #limit: number;
  readonly #maxAge: number;

  /** @throws {TypeError} naming the option that is wrong. */
  constructor(options: SessionStateStoreOptions = {}) {
    checkOptionNames('SessionStateStore', options);
    const { key, limit = 10, maxAge = 600_000 } = options;
    this.#key = checkSessionKey('SessionStateStore', 'key', key);
    this.#limit = checkCount('SessionStateStore', 'limit', limit);
    this.#maxAge = checkCount('SessionStateStore', 'maxAge', maxAge);
  }

  /**
   * Keeps a login that starts and calls back with its handle. Errors: `session_missing`; `state_invalid` or
   * `state_too_large` for the app's state; `too_many_logins` for a login that another site's page starts.
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
      const session = sessionOf(req);
      if (!session) throw new PendingLoginError('session_missing', noSession);
      handle = this.#keep(session, newLogin(verifier, copyOfState('SessionStateStore', state, LARGEST_STATE), meta));
    } catch (error) {
      return callback(error);
    }
    callback(null, handle);
  }

  /**
   * Takes the login of a handle out of the session, if it is there, fresh, and the strategy's own. Errors: `session_missing`
   * and `session_not_saved`.
   */
  verify(req: PassportRequest, handle: string, meta: StateMetadata, callback: VerifyCallback): void {
    const session = sessionOf(req);
    if (!session) return callback(new PendingLoginError('session_missing', noSession));
    const pending = this.#pending(session);
    const login =
      pending && isHandle(handle) && Object.hasOwn(pending, handle) ? readLogin(pending[handle]) : undefined;
    if (!pending || !login || !isOwn(login, meta)) {
      const why = pending ? unknown : whyNothingPending(req, session, meta);
      return callback(null, false, { code: 'state_unknown', message: login ? whyForeign(login, meta) : why });
    }
    delete pending[handle];
    const left = Object.keys(pending).length > 0;
    session[this.#key] = left ? pending : undefined;
    if (!left) delete session[this.#key];
    if (!isFresh(login.startedAt, this.#maxAge)) return callback(null, false, expiredLogin(login, this.#maxAge));
    save(session, (error) => {
      if (error) return callback(new PendingLoginError('session_not_saved', notSaved, foreignCause(error)));
      callback(null, login.verifier ?? true, login.state, login);
    });
  }

  #keep(session: Record<string, unknown>, login: StoredLogin): string {
    const size = sizeOf(login);
    if (size > LARGEST_LOGIN) throw new PendingLoginError('state_too_large', loginTooLarge);
    // A dictionary from the start: V8 would make a hidden class for each handle of any other object.
    const pending: Record<string, unknown> = this.#pending(session) ?? Object.create(null);
    const added = { crossSite: login.via !== undefined, size };
    const leaving = makeRoom(this.#fresh(pending), added, { limit: this.#limit, bytes: ROOM });
    for (const { handle } of leaving) delete pending[handle];
    const handle = newHandle();
    pending[handle] = login;
    // Assigned even if it is there already: sessions that are proxies notice nothing else.
    session[this.#key] = pending;
    return handle;
  }

  #pending(session: Record<string, unknown>): Record<string, unknown> | undefined {
    const pending = session[this.#key];
    return isRecord(pending) ? pending : undefined;
  }

  /** Removes expired and damaged logins, and returns the others. */
  #fresh(pending: Record<string, unknown>): (Occupant & { handle: string })[] {
    const fresh: (Occupant & { handle: string })[] = [];
    for (const handle of Object.keys(pending)) {
      // Everything else is the app's, which may use the same key.
      if (!isHandle(handle)) continue;
      const stored = pending[handle];
      const login = readLogin(stored);
      if (login && isFresh(login.startedAt, this.#maxAge)) {
        const { startedAt, crossSite } = login;
        fresh.push({ handle, startedAt, crossSite, size: sizeOf(stored as StoredLogin) });
      } else delete pending[handle];
    }
    return fresh;
  }
}

/** Checks a property name of `req.session`: not one that every object has, nor express-session's or Passport's. */
export function checkSessionKey(owner: string, option: string, value: unknown = 'criteo'): string {
  if (typeof value === 'string' && value !== '' && !(value in {}) && !['cookie', 'passport'].includes(value)) {
    return value;
  }
  throw optionError(owner, option, "must be a non-empty string, and not 'cookie', 'passport' or what every object has");
}

/**
 * Returns the bytes that a login takes in the session, or a few more. Counting them in the JSON of the login would take
 * 0.4 µs for each pending login, a fifth of all that starting a login takes.
 */
function sizeOf({ of: [strategy, clientID], to, for: purpose, by = '', via, pkce = '', app }: StoredLogin): number {
  const state = app === undefined ? 0 : Buffer.byteLength(String(JSON.stringify(app)));
  const flags = (purpose ? FLAG : 0) + (via ? FLAG : 0);
  return OVERHEAD + strategy.length + clientID.length + to.length + by.length + pkce.length + state + flags;
}

/**
 * Saves the session now instead of at the end of the response, because a reload during the exchange must find the login
 * taken. Only sessions that Passport can use, too, which have `regenerate`: the `save` of others may never call back.
 */
function save(session: Record<string, unknown>, done: (error?: unknown) => void): void {
  const { save, regenerate } = session;
  if (typeof save === 'function' && typeof regenerate === 'function') save.call(session, done);
  else done();
}

const loginTooLarge = `A login would take more than ${LARGEST_LOGIN} bytes of the session: shorten the option callbackURL.`;
const noSession =
  'There is no req.session: mount session middleware (express-session, say) before passport.authenticate, on the ' +
  'login route and on the callback route, or give the strategy a CookieStateStore. If it is mounted, its store may ' +
  'be unreachable, or its cookie.path may not be part of the URL as the application sees it (behind a proxy).';
const notSaved =
  'The session could not be saved, so the code was not sent to Criteo. Most likely the store of the session middleware ' +
  'cannot be reached; the cause says more. Loading the callback once more may help.';
const unknown =
  'This session holds other pending logins, but not this one. Most likely it is over and its callback was loaded once ' +
  'more (reload, back button), or too many were started since. Start again.';

function sessionOf(req: PassportRequest): Record<string, unknown> | undefined {
  const session: unknown = (req as { session?: unknown }).session;
  return isRecord(session) ? session : undefined;
}
