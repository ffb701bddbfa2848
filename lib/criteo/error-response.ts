import type { IncomingHttpHeaders } from 'node:http';
import { CriteoAPIError, CriteoTokenError, CriteoTransportError } from '../errors';
import type { HTTPResponse } from '../http/exchange';
import { isRecord, parseJSON } from '../util/json';
import { foreignID, foreignText } from '../util/redaction';

type Secrets = readonly (string | undefined)[];

/** Returns true for a status after which the same request may succeed later. */
export function isPassingStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/**
 * Returns the seconds to wait, from `x-ratelimit-reset` (UNIX seconds; Criteo, "Rate limits") or `Retry-After`;
 * undefined if neither header says so.
 */
export function retryAfter(
  { status, headers }: { status: number; headers: IncomingHttpHeaders },
  now = Date.now(),
): number | undefined {
  // Any response may carry the limits, but only a 429 is about them.
  const reset = status === 429 ? seconds(headers['x-ratelimit-reset']) : undefined;
  if (reset !== undefined) return Math.max(0, Math.ceil(reset - now / 1000));
  return seconds(headers['retry-after']);
}

function seconds(value: string | string[] | undefined): number | undefined {
  return typeof value === 'string' && /^\d{1,12}$/.test(value.trim()) ? Number(value) : undefined;
}

/** Reads the first entry of the `errors[]` envelope of Criteo's API, and sanitizes its texts. */
function readEnvelope(json: unknown, secrets: Secrets) {
  const list = isRecord(json) ? json['errors'] : undefined;
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  if (!isRecord(first)) return undefined;
  const text = (name: string): string | undefined => foreignText(first[name], secrets);
  return {
    code: readCode(first['code'], secrets) ?? readCode(first['type'], secrets),
    text: text('detail') ?? text('title'),
    traceId: foreignID(first['traceId'], secrets) ?? foreignID(first['traceIdentifier'], secrets),
  };
}

const wrongGrant =
  'The app may not use this grant: check in the Criteo Partners Portal which grant the app was created for.';

// Error codes of the token endpoint, and what to do about them: RFC 6749 section 5.2, and one that old clients get.
const advice: Record<string, string> = {
  invalid_request:
    'If the app uses the authorization code grant, the option pkce must match the PKCE switch of the app.',
  invalid_client: 'Check clientID and clientSecret against the Criteo Partners Portal.',
  invalid_grant: 'The code or refresh token is used, expired or revoked: the user must go through consent again.',
  unauthorized_client: wrongGrant,
  unsupported_grant_type: wrongGrant,
  invalid_scope: 'Criteo uses no scopes: remove scope from the parameters that the app adds to the token request.',
  credentials_no_longer_supported:
    'The credentials are of a kind that Criteo has ended: create a new key pair in the Criteo Partners Portal, and use its clientID and clientSecret.',
};

const unknownWord =
  'This word is not in Criteo’s documents. Check the app and its key pair in the Criteo Partners Portal, then ask Criteo’s support.';

const criteoIsDown = 'Most likely Criteo has a problem for the moment: try again later.';
const anotherServer =
  'Most likely another server responded in its place: check the option tokenURL, and proxies on the way.';

/** Returns the error code of a response if it is a short word of letters, digits and `_ . -`. */
function readCode(value: unknown, secrets: Secrets): string | undefined {
  // A known word tells nothing, even if a very short secret is a part of it.
  if (typeof value === 'string' && Object.hasOwn(advice, value)) return value;
  return foreignText(value, secrets)?.match(/^[\w.-]{1,64}$/)?.[0];
}

/**
 * Makes an error of a token response that is not a success. It may be an error of RFC 6749 section 5.2, Criteo's
 * `errors[]` envelope, or neither.
 */
export function readTokenError(response: HTTPResponse, secrets: Secrets): CriteoTokenError | CriteoTransportError {
  const { status } = response;
  const json = parseJSON(response.text);
  const envelope = readEnvelope(json, secrets);
  const body = isRecord(json) ? json : {};
  const code = readCode(body['error'], secrets) ?? envelope?.code;
  const facts = { response: { status }, traceId: envelope?.traceId, retryAfter: retryAfter(response) };
  if (code === undefined) {
    const retryable = isPassingStatus(status);
    return new CriteoTransportError(
      `Criteo's token endpoint responded with ${status} without an OAuth error or token. ${retryable ? criteoIsDown : anotherServer}`,
      {
        ...facts,
        code: 'invalid_response',
        status: retryable ? 503 : 502,
        retryable,
      },
    );
  }
  const reauthorize = code === 'invalid_grant';
  const passing = isPassingStatus(status) || code === 'temporarily_unavailable' || code === 'server_error';
  const retryable = passing && !reauthorize;
  const description = foreignText(body['error_description'], secrets) ?? envelope?.text;
  const hint = advice[code] ?? (retryable ? '' : unknownWord);
  const message = `Criteo refused the token request: ${code}${description ? ` (${description})` : ''}. ${hint}`;
  return new CriteoTokenError(message.trim(), {
    ...facts,
    code,
    status: retryable ? 503 : reauthorize ? 401 : 500,
    retryable,
    reauthorize,
    uri: foreignText(body['error_uri'], secrets),
  });
}

/** Makes an error of an API response that is not a success. */
export function readAPIError(response: HTTPResponse, secrets: Secrets, now?: number): CriteoAPIError {
  const { status } = response;
  const envelope = readEnvelope(parseJSON(response.text), secrets);
  const retryable = isPassingStatus(status);
  const known = reasons[status];
  const message = `Criteo's API responded with ${status}${known ? `: ${known.text}` : ''}${envelope?.text ? ` (${envelope.text})` : ''}`;
  return new CriteoAPIError(message, {
    code: envelope?.code ?? known?.code ?? (status >= 500 ? 'internal-error' : 'unexpected_status'),
    status: retryable ? 503 : (known?.status ?? 502),
    retryable,
    reauthorize: status === 403,
    response: { status },
    traceId: envelope?.traceId,
    retryAfter: retryAfter(response, now),
  });
}

const unavailable = 'set the option apiVersion to a version that Criteo supports';

// What a status means if the body does not say so (Criteo, "API error types", "Versioning policy", "Rate limits").
const reasons: Record<number, { code: string; text: string; status?: number }> = {
  401: {
    code: 'authorization-token-invalid',
    text: 'the access token was not accepted (if it is new, check the option service)',
  },
  403: {
    code: 'forbidden',
    text: 'consent is missing or was revoked, or the app belongs to the other service (check the option service)',
    status: 403,
  },
  404: {
    code: 'not-found',
    text: `there is no such endpoint in this API version, or not for this app; ${unavailable}, and check the option service`,
    status: 500,
  },
  410: { code: 'gone', text: `this API version was decommissioned; ${unavailable}`, status: 500 },
  429: { code: 'too-many-requests', text: 'the rate limit was reached' },
};
