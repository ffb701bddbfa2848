import type { Request } from '../state/state-store';
import { isRecord } from '../util/json';
import { foreignText } from '../util/redaction';

/** The parameters of a callback that are believed to be well-formed: RFC 6749 section 4.1.2 and RFC 9207. */
export interface CallbackParameters {
  code?: string;
  state?: string;
  error?: string;
  error_description?: string;
  error_uri?: string;
  iss?: string;
}

// More than any server sends, less than what is worth attacking with.
const LONGEST = 4096;
const names = ['code', 'state', 'error', 'error_description', 'error_uri', 'iss'] as const;
// Those that are compared or sent on hold visible characters and blanks only (RFC 6749 appendix A); these are for
// people, and are cleaned where they are shown.
const shown = new Set<string>(['error_description', 'error_uri']);
const controls = /\p{Cc}/u;

/**
 * The callback parameters of a request, from the query, or from a form body where the query has none (passport-oauth2
 * reads both).
 *
 * @returns nothing where the request is no callback and so begins a login; the name of a parameter that is repeated, no
 *   string, too long or with control characters, as `malformed`; the parameters otherwise.
 */
export function readCallback(req: Request): CallbackParameters | { malformed: string } | undefined {
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

const purposes = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'];

/**
 * Whether nobody has come yet: a HEAD request, or a page that a browser fetches ahead of a visit that may never be
 * made (Fetch, section "Sec-Purpose"; the other headers are what browsers sent before it). What a login keeps or takes
 * is for visits.
 */
export function isAhead({ method, headers }: Request): boolean {
  const isPurpose = (name: string): boolean =>
    headers?.[name] !== undefined && /\b(prefetch|preview)\b/i.test(String(headers[name]));
  return method === 'HEAD' || purposes.some(isPurpose);
}

function isCallback(source: unknown): source is Record<string, unknown> {
  return (
    isRecord(source) &&
    (Object.hasOwn(source, 'code') || Object.hasOwn(source, 'state') || Object.hasOwn(source, 'error'))
  );
}

/** The query as the framework parsed it, else parsed here: plain node and connect do not, and Express can be told not to. */
function query(req: Request): unknown {
  const parsed: unknown = req.query;
  if (isRecord(parsed) && Object.keys(parsed).length > 0) return parsed;
  const [, search] = /\?([^#]*)/.exec(req.url ?? '') ?? [];
  if (!search) return undefined;
  const values = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(search)) {
    const earlier = values.get(name);
    values.set(name, earlier === undefined ? value : [earlier, value].flat());
  }
  return Object.fromEntries(values);
}

// RFC 6749 section 4.1.2.1, and OpenID Connect Core section 3.1.2.6.
const known = new Set([
  'access_denied',
  'account_selection_required',
  'consent_required',
  'interaction_required',
  'invalid_request',
  'invalid_request_object',
  'invalid_request_uri',
  'invalid_scope',
  'login_required',
  'request_not_supported',
  'request_uri_not_supported',
  'server_error',
  'temporarily_unavailable',
  'unauthorized_client',
  'unsupported_response_type',
]);

/** An error code of the query's, if it is one that OAuth knows: anything else is text of a stranger's. */
export function knownError(error: string | undefined): string | undefined {
  return error !== undefined && known.has(error) ? error : undefined;
}

/** The description of a callback's error, fit to be shown. */
export function describe({ error_description }: CallbackParameters): string | undefined {
  return foreignText(error_description);
}
