import { refusalOf, type TokenResponse } from '../criteo/client';
import type { CriteoOAuth2 } from '../criteo/node-oauth';
import { readTokenSet } from '../criteo/token-set';
import { CriteoTokenError, CriteoTransportError, HookTimeoutError } from '../errors';
import { isRecord } from '../util/json';
import { foreignText } from '../util/redaction';
import { askHook, atOnce, GRACE } from './hook';

/** What `tokenParams` cannot override. */
export const reservedTokenParams: ReadonlySet<string> = new Set([
  'grant_type',
  'code',
  'redirect_uri',
  'code_verifier',
  'client_id',
  'client_secret',
  'refresh_token',
]);

/** A code to exchange. */
export interface CodeExchange {
  code: string;
  /** The redirect URI of the authorization request (RFC 6749 section 4.1.3). */
  redirectURI: string;
  verifier: string | undefined;
  /** Parameters that the app adds, none of them reserved. */
  extra: Record<string, string>;
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
export async function exchangeCode(oauth2: CriteoOAuth2, exchange: CodeExchange): Promise<TokenResponse> {
  const { code, redirectURI, verifier } = exchange;
  const form: Record<string, string> = {
    ...exchange.extra,
    grant_type: 'authorization_code',
    redirect_uri: redirectURI,
  };
  if (verifier !== undefined) form['code_verifier'] = verifier;
  try {
    if (oauth2.intact) return await oauth2.tokens(code, form);
    return await askReplacement(oauth2, exchange, form);
  } catch (reason) {
    throw exchangeError(reason, exchange, [code, verifier, ...Object.values(oauth2.credentials())]);
  }
}

/** Exchanges the code by the function that the app has put in the place of `getOAuthAccessToken`. */
async function askReplacement(
  oauth2: CriteoOAuth2,
  { code, timeout }: CodeExchange,
  form: Record<string, string>,
): Promise<TokenResponse> {
  const askedAt = Date.now();
  const [access_token, refresh_token, answered] = await askHook('Token exchange', timeout + GRACE, (answer) =>
    oauth2.getOAuthAccessToken(code, form, answer),
  );
  const params = isRecord(answered) ? answered : {};
  // The tokens are checked as usual, but the function need not say token_type.
  const { expires_in } = params;
  return { tokens: readTokenSet({ access_token, refresh_token, token_type: 'Bearer', expires_in }, askedAt), params };
}

/** Returns the error of a failed exchange: as it came, or what `parseErrorResponse` makes of it. */
function exchangeError(reason: unknown, exchange: CodeExchange, secrets: (string | undefined)[]): unknown {
  if (reason instanceof HookTimeoutError) return reason;
  if (reason instanceof CriteoTokenError || reason instanceof CriteoTransportError) {
    const refusal = exchange.parsesErrors ? refusalOf(reason) : undefined;
    return (refusal && parsed(exchange, refusal.body, refusal.status)) ?? reason;
  }
  // node-oauth's kind of error, from the app's own getOAuthAccessToken.
  const { statusCode, data } = Object(reason) as { statusCode?: unknown; data?: unknown };
  if (typeof statusCode !== 'number') return transportError(reason);
  const body = foreignText(data, secrets, Number.POSITIVE_INFINITY) ?? '';
  return parsed(exchange, body, statusCode) ?? transportError({ statusCode, data: body });
}

/** Returns the error that `parseErrorResponse` makes of a body, if it makes one. */
function parsed(exchange: CodeExchange, body: string, status: number): object | undefined {
  try {
    const error: unknown = atOnce('parseErrorResponse', exchange.parseErrorResponse(body, status));
    return isRecord(error) ? error : undefined;
  } catch {
    return undefined;
  }
}

function transportError(cause: unknown): CriteoTransportError {
  return new CriteoTransportError('Failed to obtain access token', { code: 'invalid_response', status: 502, cause });
}
