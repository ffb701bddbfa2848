import type { IncomingHttpHeaders } from 'node:http';
import { CriteoAPIError, CriteoTokenError, CriteoTransportError } from '../errors';
import type { Answer } from '../http/exchange';
import { isRecord, parseJSON } from '../util/json';
import { foreignText } from '../util/redaction';

type Secrets = readonly (string | undefined)[];

/** Whether a status says that the same request may succeed later. */
export function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/**
 * Seconds to wait, from `x-ratelimit-reset` (UNIX seconds; Criteo, "Rate limits") or `Retry-After`; nothing where
 * neither says so.
 */
export function retryAfter(
  { status, headers }: { status: number; headers: IncomingHttpHeaders },
  now = Date.now(),
): number | undefined {
  // The limits may be told with any answer: only with 429 are they what it is about.
  const reset = status === 429 ? seconds(headers['x-ratelimit-reset']) : undefined;
  if (reset !== undefined) return Math.max(0, Math.ceil(reset - now / 1000));
  return seconds(headers['retry-after']);
}

function seconds(value: string | string[] | undefined): number | undefined {
  return typeof value === 'string' && /^\d{1,12}$/.test(value.trim()) ? Number(value) : undefined;
}

/** The first entry of the `errors[]` envelope of Criteo's API, its texts fit to be shown. */
function readEnvelope(json: unknown, secrets: Secrets) {
  const list = isRecord(json) ? json['errors'] : undefined;
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  if (!isRecord(first)) return undefined;
  const text = (name: string): string | undefined => foreignText(first[name], secrets);
  return {
    code: readCode(first['code'], secrets) ?? readCode(first['type'], secrets),
    text: text('detail') ?? text('title'),
    traceId: text('traceId') ?? text('traceIdentifier'),
  };
}

// RFC 6749 section 5.2. Known to everybody, they give nothing away, though a very short secret be a part of them.
const wellKnown = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
];

/** An error code of the peer's: a short word without surprises, or nothing. */
function readCode(value: unknown, secrets: Secrets): string | undefined {
  const known = wellKnown.find((code) => code === value);
  if (known) return known;
  const code = foreignText(value, secrets);
  return code !== undefined && /^[\w.-]{1,64}$/.test(code) ? code : undefined;
}

/**
 * The error behind an answer of the token endpoint that is not a success: RFC 6749 section 5.2, Criteo's `errors[]`
 * envelope, or neither.
 */
export function readTokenError(answer: Answer, secrets: Secrets): CriteoTokenError | CriteoTransportError {
  const { status } = answer;
  const json = parseJSON(answer.text);
  const envelope = readEnvelope(json, secrets);
  const body = isRecord(json) ? json : {};
  const code = readCode(body['error'], secrets) ?? envelope?.code;
  const facts = { response: { status }, traceId: envelope?.traceId, retryAfter: retryAfter(answer) };
  if (code === undefined) {
    const retryable = isPassing(status);
    return new CriteoTransportError(`Criteo's token endpoint answered ${status} without an OAuth error or token`, {
      ...facts,
      code: 'invalid_response',
      status: retryable ? 503 : 502,
      retryable,
    });
  }
  const reauthorize = code === 'invalid_grant';
  const passing = isPassing(status) || code === 'temporarily_unavailable' || code === 'server_error';
  const retryable = passing && !reauthorize;
  const description = foreignText(body['error_description'], secrets) ?? envelope?.text;
  const message = `Criteo refused the token request: ${code}${description ? ` (${description})` : ''}. ${advice(code)}`;
  return new CriteoTokenError(message.trim(), {
    ...facts,
    code,
    status: retryable ? 503 : reauthorize ? 401 : 500,
    retryable,
    reauthorize,
    uri: foreignText(body['error_uri'], secrets),
  });
}

function advice(code: string): string {
  switch (code) {
    case 'invalid_client':
      return 'Check clientID and clientSecret against the Criteo Partners Portal.';
    case 'invalid_grant':
      return 'The code or refresh token is used, expired or revoked: the user must go through consent again.';
    default:
      return '';
  }
}

/** The error behind an answer of Criteo's API with a status other than success. */
export function readAPIError(answer: Answer, secrets: Secrets, now?: number): CriteoAPIError {
  const { status } = answer;
  const envelope = readEnvelope(parseJSON(answer.text), secrets);
  const retryable = isPassing(status);
  const known = reasons[status];
  const message = `Criteo's API answered ${status}${known ? `: ${known.text}` : ''}${envelope?.text ? ` (${envelope.text})` : ''}`;
  return new CriteoAPIError(message, {
    code: envelope?.code ?? known?.code ?? (status >= 500 ? 'internal-error' : 'unexpected_status'),
    status: retryable ? 503 : (known?.status ?? 502),
    retryable,
    reauthorize: status === 403,
    response: { status },
    traceId: envelope?.traceId,
    retryAfter: retryAfter(answer, now),
  });
}

const unavailable = 'set the option apiVersion to a version that Criteo supports';

// What a status means where the body does not say (Criteo, "API error types", "Versioning policy", "Rate limits").
const reasons: Record<number, { code: string; text: string; status?: number }> = {
  401: { code: 'authorization-token-invalid', text: 'the access token was not accepted' },
  403: { code: 'forbidden', text: 'consent is missing or was revoked', status: 403 },
  404: { code: 'not-found', text: `there is no such endpoint in this API version; ${unavailable}`, status: 500 },
  410: { code: 'gone', text: `this API version was decommissioned; ${unavailable}`, status: 500 },
  429: { code: 'too-many-requests', text: 'the rate limit was reached' },
};
