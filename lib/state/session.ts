import { checkCount, optionError } from '../checks';
import { isRecord } from '../http';
import { isFresh, isHandle, type LoginRecord, newHandle, newRecord, owner, pendingLogin, readRecord } from './record';
import type { Request, StateMetadata, StateStore, StoreCallback, VerifyCallback } from './store';

/** Options of {@link SessionStateStore}. */
export interface SessionStateStoreOptions {
  /** The property of `req.session` that holds the pending logins. Default `criteo`. */
  key?: string | undefined;
  /** The most pending logins in one session; the oldest goes first. Default 10. */
  limit?: number | undefined;
  /** Milliseconds that a login may take. Default 600 000, ten minutes. */
  maxAge?: number | undefined;
}

/**
 * Keeps pending logins in `req.session`, one record each, so that a login in one tab does not end one in another. What
 * it finds in a session it does not trust: anything that it would not have written is an unknown login.
 */
export class SessionStateStore implements StateStore {
  private readonly key: string;
  private readonly limit: number;
  private readonly maxAge: number;

  /** @throws {TypeError} naming the option that is wrong. */
  constructor({ key = 'criteo', limit = 10, maxAge = 600_000 }: SessionStateStoreOptions = {}) {
    if (typeof key !== 'string' || key === '' || key in {}) {
      throw optionError(
        'SessionStateStore',
        'key',
        'must be a non-empty string that no object has as a property by itself',
      );
    }
    this.key = key;
    this.limit = checkCount('SessionStateStore', 'limit', limit);
    this.maxAge = checkCount('SessionStateStore', 'maxAge', maxAge);
  }

  /** Keeps a login that begins and gives back its handle. An error where there is no session. */
  store(
    req: Request,
    verifier: string | undefined,
    state: unknown,
    meta: StateMetadata,
    callback: StoreCallback,
  ): void {
    const session = sessionOf(req);
    if (!session) return callback(Object.assign(new Error(noSession), { code: 'session_missing', status: 500 }));
    const pending = this.pending(session) ?? {};
    this.makeRoom(pending);
    const handle = newHandle();
    pending[handle] = newRecord(verifier, state, meta);
    // Assigned even where it is there already: sessions that are proxies notice nothing else.
    session[this.key] = pending;
    callback(null, handle);
  }

  /** Takes the login of a handle out of the session, if it is there, fresh, and the strategy's own. */
  verify(req: Request, handle: string, meta: StateMetadata, callback: VerifyCallback): void {
    const session = sessionOf(req);
    if (!session) return callback(null, false, { code: 'session_missing', message: noSession });
    const pending = this.pending(session);
    const record =
      pending && isHandle(handle) && Object.hasOwn(pending, handle) ? readRecord(pending[handle]) : undefined;
    if (!pending || !record || record.of !== owner(meta)) {
      return callback(null, false, { code: 'state_unknown', message: pending ? unknown : lost });
    }
    delete pending[handle];
    const left = Object.keys(pending).length > 0;
    session[this.key] = left ? pending : undefined;
    if (!left) delete session[this.key];
    if (!isFresh(record, this.maxAge)) {
      const message = `The login took longer than ${this.maxAge / 1000} s. Start again, or raise maxAge of the state store.`;
      return callback(null, false, { code: 'state_expired', message });
    }
    callback(null, record.pkce ?? true, record.app, pendingLogin(record));
  }

  private pending(session: Record<string, unknown>): Record<string, unknown> | undefined {
    const pending = session[this.key];
    return isRecord(pending) ? pending : undefined;
  }

  // Only at the limit: until then a login costs the same however many are pending.
  private makeRoom(pending: Record<string, unknown>): void {
    const handles = Object.keys(pending);
    if (handles.length < this.limit) return;
    const records: [string, LoginRecord][] = [];
    for (const handle of handles) {
      const record = readRecord(pending[handle]);
      if (record && isFresh(record, this.maxAge)) records.push([handle, record]);
      else delete pending[handle];
    }
    records.sort(([, a], [, b]) => b.at - a.at);
    for (const [handle] of records.slice(this.limit - 1)) delete pending[handle];
  }
}

const noSession =
  'There is no req.session: mount session middleware (express-session, say) before passport.authenticate, on the ' +
  'login route and on the callback route, or give the strategy a CookieStateStore. If it is mounted, its store may ' +
  'be unreachable.';
const lost =
  'This session holds no pending login. Most likely the session cookie did not come back: SameSite=Strict, a Secure ' +
  'cookie over http or behind a proxy without `trust proxy`, or a callback on another host than the login; or the ' +
  'session store lost it (a memory store, after a restart).';
const unknown =
  'This session holds no such pending login. Most likely the callback was loaded twice (reload, back button), the ' +
  'login is another strategy’s, or too many were begun since.';

function sessionOf(req: Request): Record<string, unknown> | undefined {
  const session: unknown = (req as { session?: unknown }).session;
  return isRecord(session) ? session : undefined;
}
