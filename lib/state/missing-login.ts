import { isRecord } from '../util/json';
import type { PassportRequest, PendingLogin, StateMetadata } from './state-store';

/**
 * Says why a session holds no pending login at all, as far as the request shows it: whether the session came back, and if
 * not, what keeps its cookie away.
 */
export function whyNothingPending(req: PassportRequest, session: Record<string, unknown>, meta: StateMetadata): string {
  const cookies = String(req.headers?.cookie ?? '');
  if (isBack(session, cookies)) return `${finished} ${again}`;
  // The values of express-session's cookies start like this; those of other middleware show nothing.
  if (/=s(%3A|:)/i.test(cookies)) {
    return `The browser sent the cookie of a session that is gone. ${forgotten} ${again}`;
  }
  const seen = cookies === '' ? 'The browser sent no cookie with the callback.' : 'The session of the callback is new.';
  return `${seen} ${whyAbsent(req, session, meta, cookies)} ${again}`;
}

/** Says that another strategy started the login. */
export function whyForeign(login: Pick<PendingLogin, 'strategy' | 'clientID'>, meta: StateMetadata): string {
  const theirs = JSON.stringify([login.strategy, login.clientID]).slice(0, 200);
  const mine = JSON.stringify([meta.strategy, meta.clientID]);
  return (
    `The login was started by the strategy ${theirs}, but its callback came to ${mine} (name and client id). ` +
    `Authenticate with one strategy on both routes, and give each strategy routes of its own. ${again}`
  );
}

/** Says that a login took too long, and gives back the app's state to start again with. */
export function expiredLogin({ state }: PendingLogin, maxAge: number): object {
  const message = `The login took longer than ${maxAge / 1000} s. Start again, or raise maxAge of the state store.`;
  const info = { code: 'state_expired', message };
  return state === undefined ? info : { ...info, state };
}

/** Checks whether it is the session that the cookies name; express-session, @fastify/session and cookie-session tell. */
function isBack({ id, sessionId, isNew }: Record<string, unknown>, cookies: string): boolean {
  const named = [id, sessionId].some((each) => typeof each === 'string' && each !== '' && cookies.includes(each));
  return named || isNew === false;
}

function whyAbsent(
  req: PassportRequest,
  session: Record<string, unknown>,
  meta: StateMetadata,
  cookies: string,
): string {
  // express-session's and @fastify/session's cookie, or cookie-session's options.
  const { sessionOptions } = req as { sessionOptions?: unknown };
  const { sameSite, secure } = [session['cookie'], sessionOptions].find(isRecord) ?? {};
  if (sameSite === true || String(sameSite).toLowerCase() === 'strict') return strict;
  const { protocol, host } = new URL(meta.callbackURL);
  if (secure === true && !isSecure(req)) return protocol === 'https:' ? behindProxy : overHttp;
  return `${otherHost(host)} ${cookies === '' ? '' : `Or the session is gone. ${forgotten}`}`.trimEnd();
}

function isSecure(req: PassportRequest): boolean {
  const { secure, protocol, socket } = req as {
    secure?: unknown;
    protocol?: unknown;
    socket?: { encrypted?: unknown };
  };
  return secure === true || protocol === 'https' || socket?.encrypted === true;
}

const again = 'Start again.';
const finished =
  'This session holds no pending login. Most likely the login is over and its callback was loaded once more (reload, ' +
  'back button). Or a login in another tab was finished first: Passport then gives the user a new session, without what ' +
  'was pending, unless passport.authenticate has keepSessionInfo: true.';
const forgotten =
  'Most likely it was in the memory of a process that was restarted, or of another process (the default store of ' +
  'express-session is memory): give the session middleware a store that all processes share, or the strategy a ' +
  'CookieStateStore. It may also have expired, ended with a sign-out, or been signed with another secret.';
const strict =
  "The session cookie is SameSite=Strict, so browsers leave it out when they come back from Criteo. Set it to sameSite: 'lax', " +
  'or give the strategy a CookieStateStore.';
const behindProxy =
  'The session cookie is Secure and the callback URL https, but the request looks like http, so the cookie was never set. ' +
  "Most likely a proxy ends TLS before the app: let the app trust it, app.set('trust proxy', 1) in Express, and the proxy " +
  'send X-Forwarded-Proto.';
const overHttp =
  'The session cookie is Secure, but the app is used over http, so the cookie was never set. Set cookie.secure to false ' +
  "for development ('auto' in express-session), or use https.";

function otherHost(host: string): string {
  return (
    `Most likely the login was started on another host than ${host}, where the option callbackURL leads: cookies stay with ` +
    'their host, and localhost and 127.0.0.1 are two, as are example.com and www.example.com. Open the app at ' +
    `${host}, or redirect to it before the login. Otherwise the session cookie is SameSite=Strict or Secure over http, ` +
    'or the browser blocks cookies.'
  );
}
