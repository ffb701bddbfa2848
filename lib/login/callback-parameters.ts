import type { PassportRequest } from '../state/state-store';
import { isRecord } from '../util/json';
import { failure, type Outcome } from './outcome';

/** The parameters of a callback (RFC 6749 section 4.1.2, RFC 9207). */
export interface CallbackParameters {
  code?: string;
  state?: string;
  error?: string;
  error_description?: string;
  error_uri?: string;
  iss?: string;
  /** The name of a parameter that is repeated, no string, too long or with control characters. Then there is no other. */
  malformed?: string;
}

// Maximum length of a parameter.
const LONGEST = 4096;
const names = ['code', 'state', 'error', 'error_description', 'error_uri', 'iss'] as const;
// The others hold visible characters and spaces only (RFC 6749 appendix A). These are for people to read, and are
// sanitized before they are shown.
const shown = new Set<string>(['error_description', 'error_uri']);
const controls = /\p{Cc}/u;

/**
 * Reads the callback parameters of a request from the query, or from a form body if the query has none (passport-oauth2
 * reads both).
 *
 * @returns undefined if the request is no callback and so starts a login.
 */
export function readCallback(req: PassportRequest): CallbackParameters | undefined {
  const source = [query(req), (req as { body?: unknown }).body].find(isCallback);
  if (!source) return undefined;
  const parameters: CallbackParameters = {};
  for (const name of names) {
    const value = Object.hasOwn(source, name) ? source[name] : undefined;
    if (value === undefined) continue;
    if (typeof value !== 'string' || value.length > LONGEST) return { malformed: name };
    if (!shown.has(name) && controls.test(value)) return { malformed: name };
    parameters[name] = value;
  }
  return parameters;
}

/** Returns the failure of a callback that is not well-formed, or that another issuer sent (RFC 9207); else undefined. */
export function rejectCallback({ malformed, iss }: CallbackParameters, issuer: string): Outcome | undefined {
  if (malformed !== undefined) {
    const message = `The callback's parameter ${malformed} is repeated, too long, or not plain text`;
    return failure({ code: 'invalid_callback', message }, 400);
  }
  if (iss === undefined || iss === issuer) return undefined;
  const message = `The callback is not from ${issuer} (the option issuer), so the code in it is not for us`;
  return failure({ code: 'issuer_mismatch', message }, 403);
}

/**
 * Returns true if the request is for the callback URL exactly, without a parameter. As the app sees it: behind a proxy that
 * changes the header `Host` or the path, it is not noticed, and nothing else may depend on it.
 */
export function isForCallbackURL(req: PassportRequest, callbackURL: string): boolean {
  const { originalUrl, url } = req as { originalUrl?: unknown; url?: unknown };
  const target = String(originalUrl ?? url);
  // Compared as text, without the scheme: parsing a URL takes as long as all else that a redirect does. The path comes
  // first, because that is where a login route differs.
  return (
    callbackURL.endsWith(target) && `://${req.headers?.host}${target}` === callbackURL.slice(callbackURL.indexOf(':'))
  );
}

function isCallback(source: unknown): source is Record<string, unknown> {
  return (
    isRecord(source) &&
    (Object.hasOwn(source, 'code') || Object.hasOwn(source, 'state') || Object.hasOwn(source, 'error'))
  );
}

/** Returns the query as the framework parsed it. Plain node and Connect do not parse it, and Express can be told not to. */
function query(req: PassportRequest): unknown {
  const parsed: unknown = req.query;
  if (isRecord(parsed) && Object.keys(parsed).length > 0) return parsed;
  const search = /^[^?#]*\?([^#]*)/.exec(String(req.url))?.[1];
  // Most starts of a login. Parsing nothing would take a tenth of all that a redirect does.
  if (!search) return undefined;
  const values = new Map<string, string | null>();
  // A repeated parameter is malformed, whatever its values are.
  for (const [name, value] of new URLSearchParams(search)) values.set(name, values.has(name) ? null : value);
  return Object.fromEntries(values);
}
