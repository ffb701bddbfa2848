import { createHash } from 'node:crypto';
import { PendingLoginError } from '../errors';
import { hint } from '../util/hint';
import type { PassportRequest } from './state-store';

// What apps, databases and tokens call a user's id.
const names = ['id', '_id', 'sub', 'userId', 'userID', 'user_id', 'uid', 'uuid'] as const;

/**
 * Names the user who is signed in: the default of the option `bindTo`.
 *
 * @returns undefined if no user is signed in
 * @throws {PendingLoginError} user_unidentified – a user is signed in, but has no id under a customary name.
 */
export function signedInUser(req: PassportRequest): string | undefined {
  const user = userOf(req);
  // As Passport's isAuthenticated decides it.
  if (!user) {
    // Passport forgets the user of a session whom the app does not find any more, so one that is left was not looked up.
    const { session } = req as { session?: { passport?: { user?: unknown } } };
    if (session?.passport?.user !== undefined) hint('CRITEO_SESSION_NOT_READ', () => notRead);
    return undefined;
  }
  const found = textOf(user) ?? idOf(user);
  if (found === undefined) throw new PendingLoginError('user_unidentified', unidentified);
  return found;
}

function userOf(req: PassportRequest): unknown {
  // Passport lets an app choose another property for the user, and @fastify/passport keeps its name elsewhere.
  const { _userProperty, passport, ctx } = req as {
    _userProperty?: string;
    passport?: { userProperty?: string };
    ctx?: { state?: Record<string, unknown> };
  };
  const property = _userProperty ?? passportsProperty(req) ?? passport?.userProperty ?? 'user';
  // koa-passport keeps the user in ctx.state, and the request that it makes for passport.authorize does not show it.
  // The type of a request knows no property that an app chooses.
  return (req as unknown as Record<string, unknown>)[property] || ctx?.state?.[property];
}

/** Returns the name in Passport 0.4. Later versions keep one there too, but it is that of whichever request came last. */
function passportsProperty(req: PassportRequest): string | undefined {
  const { _passport, _sessionManager } = req as {
    _passport?: { instance?: { _userProperty?: string } };
    _sessionManager?: unknown;
  };
  return _sessionManager === undefined ? _passport?.instance?._userProperty : undefined;
}

function idOf(user: unknown): string | undefined {
  for (const name of names) {
    const id = (user as Record<string, unknown>)[name];
    const text = textOf(id) ?? objectText(id);
    if (text !== undefined) return text;
  }
  return undefined;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value || undefined;
  if (typeof value === 'bigint' || Number.isFinite(value)) return String(value);
  return undefined;
}

/** Returns the text of an object that stands for one, such as an ObjectId. */
function objectText(id: unknown): string | undefined {
  if (typeof id !== 'object' || id === null) return undefined;
  // A binary UUID, say. As UTF-8, many of them are the same text.
  if (id instanceof Uint8Array) return textOf(Buffer.from(id).toString('hex'));
  const { toHexString } = id as { toHexString?: unknown };
  if (typeof toHexString === 'function') return textOf(toHexString.call(id));
  // Not null-prototype objects, which have no toString, nor `[object Object]`, which all objects have in common (lists of
  // such as well), nor bytes that were read as UTF-8 though they are none (MongoDB's Binary).
  const text: unknown = 'toString' in id ? String(id) : '';
  return typeof text === 'string' && !/\[object |\uFFFD/.test(text) ? textOf(text) : undefined;
}

/** Names a user in 43 characters that reveal nothing: the name may be a credential, and many can read sessions. */
export function fingerprint(name: string): string {
  return createHash('sha256').update(name).digest('base64url');
}

const notRead =
  'The session has a signed-in user (req.session.passport.user), but req.user is not set. Most likely passport.session() is ' +
  'not mounted, or not before the routes of the login. Mount it after the session middleware: app.use(passport.session()). ' +
  'Without it, pages do not know who is signed in, and a login is not held to the user who started it. This hint comes once, ' +
  'and not if NODE_ENV is production.';
const unidentified =
  `A user is signed in, but req.user has no id that can be told: none of ${names.join(', ')} is a text or a number. ` +
  'A login has to be finished by the user who started it, so set the option bindTo of CriteoStrategy to a function of ' +
  'the request that returns a text of their own for every signed-in user, for example (req) => req.user?.accountId.';
