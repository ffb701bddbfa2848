import { type CriteoOAuth2, formFields } from '../criteo/node-oauth';
import type { TokenResponse } from '../criteo/token-request';
import { CriteoTokenError, CriteoTransportError, HookTimeoutError } from '../errors';
import { foreignCause } from '../util/foreign-cause';
import { isRecord } from '../util/json';
import { foreignText } from '../util/redaction';
import { askHook, atOnce, GRACE } from './call-hook';

// What `tokenParams` cannot override.
const reserved: ReadonlySet<string> = new Set([
  'grant_type',
  'code',
  'redirect_uri',
  'code_verifier',
  'client_id',
  'client_secret',
  'refresh_token',
]);

// Characters of a refused request's body that `parseErrorResponse` gets.
const LARGEST_BODY = 4096;

/** A code to exchange. */
interface CodeExchange {
  code: string;
  /** The redirect URI of the authorization request (RFC 6749 section 4.1.3). */
  redirectURI: string;
  verifier: string | undefined;
  /** What the app's `tokenParams` returned. */
  extra: object;
  /** Milliseconds that a `getOAuthAccessToken` of the app's own may take. */
  timeout: number;
  /** The strategy's hook. */
  parseErrorResponse(body: unknown, status: number): unknown;
  /** Whether the app has overridden it. */
  parsesErrors: boolean;
}

/**
 * Exchanges the code of a login for tokens, once.
 *
 * @throws {CriteoTokenError} invalid_grant, invalid_client, … – Criteo refused.
 * @throws {CriteoTransportError} no usable response came.
 * @throws what `parseErrorResponse` made of a refusal, if the app has overridden it.
 */
export function exchangeCode(oauth2: CriteoOAuth2, exchange: CodeExchange): Promise<TokenResponse> {
  const { code, redirectURI, verifier } = exchange;
  const form = formFields(exchange.extra, reserved);
  form['grant_type'] = 'authorization_code';
  form['redirect_uri'] = redirectURI;
  if (verifier !== undefined) form['code_verifier'] = verifier;
  if (!oauth2.intact) return askReplacement(oauth2, exchange, form);
  form['code'] = code;
  const readRefusal = (body: string, status: number): object | undefined => parsed(exchange, body, status);
  return oauth2.tokens(form, exchange.parsesErrors ? readRefusal : undefined);
}

/** Exchanges the code by the function that the app has put in the place of `getOAuthAccessToken`. */
async function askReplacement(
  oauth2: CriteoOAuth2,
  exchange: CodeExchange,
  form: Record<string, string>,
): Promise<TokenResponse> {
  const { code, verifier, timeout } = exchange;
  const askedAt = Date.now();
  try {
    const [accessToken, refreshToken, answered] = await askHook('Token exchange', timeout + GRACE, (answer) =>
      oauth2.getOAuthAccessToken(code, form, answer),
    );
    const params = isRecord(answered) ? answered : {};
    // The tokens are checked as usual, but the function need not say token_type.
    const fields = { accessToken, refreshToken, tokenType: 'Bearer', expiresIn: params['expires_in'] };
    return { tokens: oauth2.checkTokens(fields, askedAt), params };
  } catch (reason) {
    throw replacementError(reason, exchange, [code, verifier, ...Object.values(oauth2.credentials())]);
  }
}

/** Returns the error of an exchange by the app's own `getOAuthAccessToken`. */
function replacementError(reason: unknown, exchange: CodeExchange, secrets: (string | undefined)[]): unknown {
  const isOurs =
    reason instanceof HookTimeoutError || reason instanceof CriteoTokenError || reason instanceof CriteoTransportError;
  if (isOurs) return reason;
  // node-oauth's kind of error.
  const { statusCode, data } = Object(reason) as { statusCode?: unknown; data?: unknown };
  // HTTP libraries attach to their errors the request, with code and secret.
  if (typeof statusCode !== 'number') return transportError(foreignCause(reason, secrets));
  const body = foreignText(data, secrets, LARGEST_BODY) ?? '';
  return parsed(exchange, body, statusCode) ?? transportError({ statusCode, data: body });
}

/** Returns the error that `parseErrorResponse` makes of a body, if it makes one. */
function parsed(exchange: CodeExchange, body: string, status: number): object | undefined {
  try {
    const error: unknown = atOnce('parseErrorResponse', exchange.parseErrorResponse(body, status));
    if (isRecord(error)) return error;
  } catch {
    // A hook that throws leaves the error as it is.
  }
  return undefined;
}

function transportError(cause: unknown): CriteoTransportError {
  return new CriteoTransportError('Failed to obtain access token', { code: 'invalid_response', status: 502, cause });
}
