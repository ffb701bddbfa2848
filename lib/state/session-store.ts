import { checkCount, optionError } from '../util/checks';
import { isRecord } from '../util/json';
import { whyForeign, whyNothingPending } from './missing-login';
import {
  isFresh,
  isHandle,
  isOwn,
  type LoginRecord,
  newHandle,
  newRecord,
  pendingLogin,
  readRecord,
} from './pending-login';
import type { Request, StateMetadata, StateStore, StoreCallback, VerifyCallback } from './state-store';

/** Options of {@link SessionStateStore}. */
export interface SessionStateStoreOptions {
  /** The property of `req.session` that holds the pending logins. Default `criteo`. */
  key?: string | undefined;
  /** The most pending logins in one session; the oldest goes first. Default 10. Together they take 6 KiB at most. */
  limit?: number | undefined;
  /** Milliseconds that a login may take. Default 600 000, ten minutes. */
  maxAge?: number | undefined;
}

// As JSON, in bytes: sessions are small, and whoever begins logins by the hundred must not make one large.
const LARGEST_STATE = 2048;
const LARGEST_RECORD = 4096;
const ROOM = 6144;
// The handle, the time, the names of the fields, and what stands between them.
const PUNCTUATION = 110;

/**
 * Keeps pending logins in `req.session`, one record each, so that a login in one tab does not end one in another. What
 * it finds in a session it does not trust: anything that it would not have written is an unknown login.
 *
 * The application's state must be plain JSON of at most 2048 bytes; `info.state` is a copy of it.
 */
export class SessionStateStore implements StateStore {
  private readonly key: string;
  private readonly limit: number;
  private readonly maxAge: number;

  /** @throws {TypeError} naming the option that is wrong. */
  constructor({ key, limit = 10, maxAge = 600_000 }: SessionStateStoreOptions = {}) {
    this.key = checkSessionKey('SessionStateStore', 'key', key);
    this.limit = checkCount('SessionStateStore', 'limit', limit);
    this.maxAge = checkCount('SessionStateStore', 'maxAge', maxAge);
  }

  /**
   * Keeps a login that begins and gives back its handle. An error where there is no session (`session_missing`), and
   * for a state that is no JSON (`state_invalid`) or too large (`state_too_large`).
   */
  store(
    req: Request,
    verifier: string | undefined,
    state: unknown,
    meta: StateMetadata,
    callback: StoreCallback,
  ): void {
    const session = sessionOf(req);
    if (!session) return callback(failure('session_missing', noSession));
    let record: LoginRecord;
    try {
      record = newRecord(verifier, copyOf(state), meta);
    } catch (error) {
      return callback(error);
    }
    const size = sizeOf(record);
    if (size > LARGEST_RECORD) return callback(failure('state_too_large', recordTooLarge));
    // A dictionary from the start: of any other object V8 would make a class of its own for each handle.
    const pending: Record<string, unknown> = this.pending(session) ?? Object.create(null);
    this.makeRoom(pending, size);
    const handle = newHandle();
    pending[handle] = record;
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
    if (!pending || !record || !isOwn(record, meta)) {
      const why = pending ? unknown : whyNothingPending(req, session, meta);
      return callback(null, false, { code: 'state_unknown', message: record ? whyForeign(record.of, meta) : why });
    }
    delete pending[handle];
    const left = Object.keys(pending).length > 0;
    session[this.key] = left ? pending : undefined;
    if (!left) delete session[this.key];
    if (!isFresh(record, this.maxAge)) {
      const message = `The login took longer than ${this.maxAge / 1000} s. Start again, or raise maxAge of the state store.`;
      const state = record.app === undefined ? {} : { state: record.app };
      return callback(null, false, { code: 'state_expired', message, ...state });
    }
    save(session, (error) => {
      if (error) return callback(error);
      callback(null, record.pkce ?? true, record.app, pendingLogin(record));
    });
  }

  private pending(session: Record<string, unknown>): Record<string, unknown> | undefined {
    const pending = session[this.key];
    return isRecord(pending) ? pending : undefined;
  }

  /** Makes room for a record of so many bytes: what is dead goes, then the oldest. */
  private makeRoom(pending: Record<string, unknown>, size: number): void {
    const alive: { handle: string; at: number; bytes: number }[] = [];
    let taken = size;
    // Nothing but handles: the rest is the application's, which may use the same key.
    for (const handle of Object.keys(pending).filter(isHandle)) {
      const record = readRecord(pending[handle]);
      if (!record || !isFresh(record, this.maxAge)) {
        delete pending[handle];
        continue;
      }
      const bytes = sizeOf(record);
      taken += bytes;
      alive.push({ handle, at: record.at, bytes });
    }
    // Of those of one millisecond, the one that was added first is the oldest.
    alive.sort((a, b) => a.at - b.at);
    let left = alive.length;
    for (const { handle, bytes } of alive) {
      if (left < this.limit && taken <= ROOM) return;
      delete pending[handle];
      left -= 1;
      taken -= bytes;
    }
  }
}

/** A property of `req.session` that is free for us: none that every object has, or express-session's or Passport's. */
export function checkSessionKey(owner: string, option: string, value: unknown = 'criteo'): string {
  if (typeof value === 'string' && value !== '' && !(value in {}) && !['cookie', 'passport'].includes(value)) {
    return value;
  }
  throw optionError(owner, option, "must be a non-empty string, and not 'cookie', 'passport' or what every object has");
}

/** The bytes that a record takes in the session, its handle included; a few more where it lacks something. */
function sizeOf({ of: [strategy, clientID], to, pkce = '', by = '', app }: LoginRecord): number {
  const state = app === undefined ? 0 : Buffer.byteLength(String(JSON.stringify(app)));
  // Not the whole as JSON: that would cost more than all else that is done for a login that begins.
  return PUNCTUATION + strategy.length + clientID.length + to.length + pkce.length + by.length + state;
}

/** The application's state as the session store will give it back; the original stays the application's. */
function copyOf(state: unknown): unknown {
  if (state === undefined) return undefined;
  let json: string | undefined;
  try {
    json = JSON.stringify(state);
  } catch {
    // A cycle, a BigInt.
  }
  if (json === undefined) throw failure('state_invalid', stateInvalid);
  if (Buffer.byteLength(json) > LARGEST_STATE) throw failure('state_too_large', stateTooLarge);
  return JSON.parse(json);
}

/**
 * Writes the session now, and not only when the response ends: a reload during the exchange must find the login taken.
 * Only where Passport would, too (`regenerate` tells): the `save` of other sessions may never call back.
 */
function save(session: Record<string, unknown>, done: (error?: unknown) => void): void {
  const { save, regenerate } = session;
  if (typeof save === 'function' && typeof regenerate === 'function') save.call(session, done);
  else done();
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code, status: 500 });
}

const stateInvalid = 'SessionStateStore cannot keep the option state of passport.authenticate: it is not JSON';
const stateTooLarge =
  `The option state of passport.authenticate takes more than the ${LARGEST_STATE} bytes (as JSON) that ` +
  'SessionStateStore keeps for a login: keep it elsewhere and give a key to it.';
const recordTooLarge = `A login would take more than ${LARGEST_RECORD} bytes of the session: shorten the option callbackURL.`;
const noSession =
  'There is no req.session: mount session middleware (express-session, say) before passport.authenticate, on the ' +
  'login route and on the callback route, or give the strategy a CookieStateStore. If it is mounted, its store may ' +
  'be unreachable, or its cookie.path may not be part of the URL as the application sees it (behind a proxy).';
const unknown =
  'This session holds other pending logins, but not this one. Most likely it is over and its callback was loaded once ' +
  'more (reload, back button), or too many were begun since. Start again.';

function sessionOf(req: Request): Record<string, unknown> | undefined {
  const session: unknown = (req as { session?: unknown }).session;
  return isRecord(session) ? session : undefined;
}
