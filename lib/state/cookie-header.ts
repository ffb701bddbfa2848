import { PendingLoginError } from '../errors';
import { isRecord } from '../util/json';
import type { PassportRequest } from './state-store';

/** Sets cookies, given as `Set-Cookie` lines, beside those that others set. */
type AppendCookies = (lines: readonly string[]) => void;

// Node takes 16 KiB of header at most, unless it is told otherwise.
const LONGEST_HEADER = 65_536;

/** Reads the request's cookies whose names match, by name; of several with one name the first. */
export function readCookies(req: PassportRequest, names: RegExp): Map<string, string> {
  const cookies = new Map<string, string>();
  const header: unknown = req.headers?.cookie;
  if (typeof header !== 'string') return cookies;
  for (const pair of header.slice(0, LONGEST_HEADER).split(';')) {
    const at = pair.indexOf('=');
    const name = trimmed(pair.slice(0, Math.max(at, 0)));
    if (names.test(name) && !cookies.has(name)) cookies.set(name, trimmed(pair.slice(at + 1)));
  }
  return cookies;
}

/**
 * Removes the white space that browsers remove from cookies, and no other (RFC 6265 section 5.2). `trim` would turn a name
 * that starts with U+00A0 into one with the prefix `__Host-`, and a browser lets any subdomain set that.
 */
function trimmed(text: string): string {
  let [start, end] = [0, text.length];
  // Not by a regular expression: for blanks that are not at the end, it would take time that grows with their square.
  while (isBlank(text[start])) start += 1;
  while (end > start && isBlank(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}

/**
 * Finds the response that belongs to a request: `req.res`, which Express sets and apps on other frameworks can set; or
 * koa-passport's `req.ctx.res`, because its `req.res` cannot say which cookies are set already.
 *
 * @throws {PendingLoginError} response_missing – there is none; headers_sent – its headers are sent already.
 */
export function cookiesOf(req: PassportRequest): AppendCookies {
  const { res, ctx } = req as { res?: unknown; ctx?: { res?: unknown } };
  for (const response of [res, ctx?.res]) {
    if (!isRecord(response)) continue;
    const replace = replacer(response);
    if (!replace) continue;
    if (response['headersSent'] === true || response['sent'] === true)
      throw new PendingLoginError('headers_sent', tooLate);
    return (lines) => replace((others) => [others ?? [], ...lines].flat());
  }
  throw new PendingLoginError('response_missing', noResponse);
}

/** Returns a function that changes a response's `Set-Cookie`, or undefined if this is not a response. */
function replacer(response: Record<string, unknown>): ((change: (old: unknown) => unknown) => void) | undefined {
  const get = method(response, 'getHeader');
  const set = method(response, 'setHeader');
  if (!get) return undefined;
  if (set) return (change) => void set('Set-Cookie', change(get('Set-Cookie')));
  const remove = method(response, 'removeHeader');
  const add = method(response, 'header');
  if (!remove || !add) return undefined;
  // Fastify's reply: `header` appends, and what the reply holds replaces what its raw response holds.
  return (change) => {
    const all = change(get('Set-Cookie'));
    remove('Set-Cookie');
    add('Set-Cookie', all);
  };
}

function method(object: Record<string, unknown>, name: string): ((...args: unknown[]) => unknown) | undefined {
  const found = object[name];
  return typeof found === 'function' ? found.bind(object) : undefined;
}

const noResponse =
  'CookieStateStore has no response to set its cookie on, because req.res is not set. Express and koa-passport set it. ' +
  'With Connect or plain node http, do `req.res = res` before passport.authenticate; with Fastify, ' +
  '`fastify.addHook("onRequest", async (request, reply) => { request.res = reply })` (not reply.raw, ' +
  'whose cookies the reply replaces). Otherwise use SessionStateStore.';
const tooLate =
  'CookieStateStore cannot set its cookie: the headers of the response are sent. Let nothing write to the response ' +
  'before passport.authenticate.';
