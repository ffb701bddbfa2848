import { createHash } from 'node:crypto';
import { type Answer, formOf, type Incoming, json } from './exchange';
import { repeated } from './form';
import { accessTokenLife, type Consent, type Ledger } from './ledger';
import type { Settings } from './options';
import type { Credentials } from './random';

/** What a fault may change about the refresh token in an answer. */
export interface RefreshTokenHabit {
  readonly omit: boolean;
  readonly rotate: boolean;
}

export interface TokenEndpoint {
  readonly settings: Settings;
  readonly app: Credentials;
  readonly ledger: Ledger;
}

type Fields = ReadonlyMap<string, string>;

/** `POST /oauth2/token`: Criteo, Marketing Solutions docs, "Authorization Code" and "Client Credentials". */
export function answerToken(endpoint: TokenEndpoint, request: Incoming, habit: RefreshTokenHabit): Answer {
  const { settings, app, ledger } = endpoint;
  if (request.method !== 'POST') {
    return json(405, { error: 'invalid_request', error_description: 'Use POST' }, { allow: 'POST' });
  }
  if (request.search !== '') return refuse('invalid_request', 'Parameters belong in the body, not in the URL');
  const form = formOf(request);
  if (!form) return refuse('invalid_request', 'The body must be application/x-www-form-urlencoded');
  const twice = repeated(form);
  if (twice !== undefined) return refuse('invalid_request', `The parameter ${printable(twice)} is repeated`);
  const fields: Fields = new Map([...form].map(([name, [value = '']]) => [name, value]));

  // Only client_secret_post is documented.
  if (request.headers.authorization !== undefined) {
    return badClient('Client credentials belong in the body: an Authorization header is not supported');
  }
  const grant = fields.get('grant_type');
  if (!grant) return refuse('invalid_request', 'The parameter grant_type is missing');
  const secret = fields.get('client_secret');
  const secretOptional = settings.pkce && grant !== 'client_credentials';
  if (
    fields.get('client_id') !== app.clientID ||
    (secret === undefined ? !secretOptional : secret !== app.clientSecret)
  ) {
    return badClient(
      "The client authentication failed, the provided client_id doesn't exist or the client_secret is invalid",
    );
  }

  switch (grant) {
    case 'authorization_code':
      return exchangeCode(endpoint, fields, habit);
    case 'refresh_token':
      return refresh(endpoint, fields, habit);
    case 'client_credentials':
      return tokens(ledger.issueAccessToken(undefined), null);
    default:
      return refuse('unsupported_grant_type', 'Use authorization_code, refresh_token or client_credentials');
  }
}

function exchangeCode({ settings, ledger }: TokenEndpoint, fields: Fields, habit: RefreshTokenHabit): Answer {
  const code = fields.get('code');
  const redirectURI = fields.get('redirect_uri');
  const verifier = fields.get('code_verifier');
  if (!code) return refuse('invalid_request', 'The parameter code is missing');
  if (!redirectURI) return refuse('invalid_request', 'The parameter redirect_uri is missing');
  if (!settings.pkce && verifier !== undefined) {
    return refuse('invalid_grant', 'There is a code_verifier, but the code was issued without a code_challenge');
  }
  // RFC 7636 section 4.1.
  if (settings.pkce && !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier ?? '')) {
    return refuse('invalid_request', 'The parameter code_verifier is missing or malformed; this app has PKCE on');
  }
  // Whoever presents a code spends it, rightly or not: a second try could be a guess.
  const grant = ledger.takeCode(code);
  if (!grant) return refuse('invalid_grant', 'The authorization code is unknown, was already used, or has expired');
  if (grant.redirectURI !== redirectURI) {
    return refuse('invalid_grant', 'The redirect_uri is not the one of the authorization request');
  }
  if (verifier !== undefined && grant.challenge !== createHash('sha256').update(verifier).digest('base64url')) {
    return refuse('invalid_grant', 'The code_verifier does not fit the code_challenge');
  }
  return userTokens(ledger, grant.consent, ledger.issueRefreshToken(grant.consent), habit);
}

function refresh({ ledger }: TokenEndpoint, fields: Fields, habit: RefreshTokenHabit): Answer {
  const token = fields.get('refresh_token');
  if (!token) return refuse('invalid_request', 'The parameter refresh_token is missing');
  const grant = ledger.findRefreshToken(token);
  if (!grant) return refuse('invalid_grant', 'The refresh token is unknown, was revoked, or has expired');
  if (!habit.rotate) return userTokens(ledger, grant.consent, token, habit);
  ledger.dropRefreshToken(token);
  return userTokens(ledger, grant.consent, ledger.issueRefreshToken(grant.consent), habit);
}

function userTokens(ledger: Ledger, consent: Consent, refreshToken: string, habit: RefreshTokenHabit): Answer {
  return tokens(ledger.issueAccessToken(consent), habit.omit ? undefined : refreshToken);
}

function tokens(accessToken: string, refreshToken: string | null | undefined): Answer {
  return json(
    200,
    {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: accessTokenLife / 1000,
      refresh_token: refreshToken,
    },
    { pragma: 'no-cache' },
  );
}

/** RFC 6749 section 5.2. */
function refuse(error: string, description: string, status = 400): Answer {
  return json(status, { error, error_description: description, error_uri: null }, { pragma: 'no-cache' });
}

function badClient(description: string): Answer {
  return refuse('invalid_client', description, 401);
}

/** RFC 6749 section 5.2: the characters of an error_description. */
function printable(text: string): string {
  return text.slice(0, 40).replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');
}
