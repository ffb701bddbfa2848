import { createHash } from 'node:crypto';
import type { KeyPair } from '../types';
import { formOf, type Incoming, json, type Outgoing } from '../wire/exchange';
import { repeatedParameter } from '../wire/form';
import type { App } from '../world/apps';
import type { Consent } from '../world/consent';
import { accessTokenLifetime, type Code, isAlive } from '../world/grants';
import type { World } from '../world/world';
import { withContentType } from './content-type';

/** What a fault may change about the refresh token in a response. */
export interface RefreshTokenFault {
  readonly omitRefreshToken?: boolean | undefined;
  readonly rotateRefreshToken?: boolean | undefined;
}

/** A token request whose client was recognised. */
interface TokenRequest {
  readonly world: World;
  readonly app: App;
  readonly clientID: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly checks: string[];
  readonly fault: RefreshTokenFault;
}

/** How long a refresh token works after it was replaced, in the variant `rotated-with-grace`. */
const rotationGrace = 60_000;

const wrongClient =
  "The client authentication failed, the provided client_id doesn't exist or the client_secret is invalid";

/** `POST /oauth2/token`: Criteo, Marketing Solutions docs, "Authorization Code" and "Client Credentials". */
export function handleTokenRequest(world: World, request: Incoming, fault: RefreshTokenFault = {}): Outgoing {
  const { checks } = request;
  if (request.method !== 'POST') {
    return {
      ...json(405, { error: 'invalid_request', error_description: 'Use POST' }, { allow: 'POST' }),
      failure: 'Use POST',
    };
  }
  if (request.search !== '') return refuse('invalid_request', 'Parameters belong in the body, not in the URL');
  const form = formOf(request);
  if (!form) return refuse('invalid_request', 'The body must be application/x-www-form-urlencoded');
  const twice = repeatedParameter(form);
  if (twice !== undefined) return refuse('invalid_request', `The parameter ${printable(twice)} is repeated`);
  checks.push('The body is a form, each parameter comes once');
  const fields = new Map([...form].map(([name, [value = '']]) => [name, value]));

  // Only client_secret_post is documented.
  if (request.headers.authorization !== undefined) {
    return refuse(
      'invalid_client',
      'Client credentials belong in the body: an Authorization header is not supported',
      401,
    );
  }
  const grant = fields.get('grant_type');
  if (!grant) return refuse('invalid_request', 'The parameter grant_type is missing');
  const clientID = fields.get('client_id') ?? '';
  const app = world.apps.find(clientID);
  const key = app?.keys.find((pair) => pair.clientID === clientID);
  if (!app || !key || !secretFits(app, key, grant, fields.get('client_secret'))) {
    const { switches } = app ?? world;
    return withContentType(switches, refuse(switches.get('clientError'), wrongClient, 401));
  }
  checks.push('Client id and secret are right');

  const tokenRequest = { world, app, clientID, fields, checks, fault };
  return withContentType(app.switches, handleGrant(tokenRequest, grant));
}

function secretFits(app: App, { clientSecret }: KeyPair, grant: string, sent: string | undefined): boolean {
  if (!app.pkce || grant === 'client_credentials') return sent === clientSecret;
  const variant = app.switches.get('pkceSecret');
  if (variant === 'refused') return sent === undefined;
  return sent === undefined ? variant === 'optional' : sent === clientSecret;
}

function handleGrant(request: TokenRequest, grant: string): Outgoing {
  const { world, app, clientID, fault } = request;
  switch (grant) {
    case 'authorization_code':
      return exchangeCode(request);
    case 'refresh_token':
      return refresh(request);
    case 'client_credentials':
      return tokens(world.grants.issueAccessToken(app, clientID, undefined), fault.omitRefreshToken ? undefined : null);
    default:
      return refuse('unsupported_grant_type', 'Use authorization_code, refresh_token or client_credentials');
  }
}

function exchangeCode(request: TokenRequest): Outgoing {
  const { world, app, clientID, fields, checks, fault } = request;
  const { grants } = world;
  const text = fields.get('code');
  const redirectURI = fields.get('redirect_uri');
  const verifier = fields.get('code_verifier');
  if (!text) return refuse('invalid_request', 'The parameter code is missing');
  if (!redirectURI) return refuse('invalid_request', 'The parameter redirect_uri is missing');
  const code = grants.findCode(text);
  const pkceVariant = app.switches.get('pkceWithoutSwitch');
  if (!app.pkce && verifier !== undefined && pkceVariant === 'refused') {
    return refuse('invalid_grant', 'There is a code_verifier, but the code was issued without a code_challenge');
  }
  const needsVerifier = app.pkce || (pkceVariant === 'checked' && code?.challenge !== undefined);
  // RFC 7636, section 4.1.
  if (needsVerifier && !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier ?? '')) {
    return refuse('invalid_request', 'The parameter code_verifier is missing or malformed; this app has PKCE on');
  }
  if (!code || !belongsTo(request, code)) return refuse('invalid_grant', 'The authorization code is unknown');
  checks.push('The code is one of this app');
  if (code.spent) {
    if (app.switches.get('codeReuse') === 'revokes-tokens') for (const token of code.tokens) grants.dropToken(token);
    return refuse('invalid_grant', 'The authorization code was already used');
  }
  // A request that is refused below spends the code, too: otherwise its verifier could be guessed.
  code.spent = true;
  if (!isAlive(code) || code.consent.revoked) {
    return refuse('invalid_grant', 'The authorization code has expired, or the consent was revoked');
  }
  checks.push('The code is unused and younger than 30 seconds');
  if (code.redirectURI !== redirectURI) {
    return refuse('invalid_grant', 'The redirect_uri is not the one of the authorization request');
  }
  checks.push('The redirect_uri is the one of the authorization request');
  if (
    needsVerifier &&
    code.challenge !==
      createHash('sha256')
        .update(verifier ?? '')
        .digest('base64url')
  ) {
    return refuse('invalid_grant', 'The code_verifier does not fit the code_challenge');
  }
  if (needsVerifier) checks.push('The code_verifier fits');
  const accessToken = grants.issueAccessToken(app, clientID, code.consent);
  const refreshToken = grants.issueRefreshToken(code.consent, clientID);
  code.tokens.push(accessToken, refreshToken);
  return tokens(accessToken, fault.omitRefreshToken ? undefined : refreshToken);
}

function refresh(request: TokenRequest): Outgoing {
  const { world, app, clientID, fields, checks, fault } = request;
  const { grants } = world;
  const text = fields.get('refresh_token');
  if (!text) return refuse('invalid_request', 'The parameter refresh_token is missing');
  const token = grants.findRefreshToken(text);
  if (!token || !belongsTo(request, token)) {
    return refuse('invalid_grant', 'The refresh token is unknown, or belongs to another key pair');
  }
  checks.push('The refresh token is one of this app');
  if (!isAlive(token)) return refuse('invalid_grant', 'The refresh token has expired');
  if (endsRefresh(app, token.consent)) return refuse('invalid_grant', 'The consent was revoked');
  checks.push('The refresh token is valid');

  const accessToken = grants.issueAccessToken(app, clientID, token.consent);
  const variant = fault.rotateRefreshToken ? 'rotated' : app.switches.get('refreshToken');
  if (fault.omitRefreshToken || variant === 'absent') return tokens(accessToken, undefined);
  if (variant === 'null') return tokens(accessToken, null);
  if (variant === 'same') return tokens(accessToken, text);
  if (variant === 'rotated') grants.dropToken(text);
  else token.expires = Math.min(token.expires, app.clock.now() + rotationGrace);
  return tokens(accessToken, grants.issueRefreshToken(token.consent, clientID));
}

function belongsTo({ app, clientID }: TokenRequest, issued: Pick<Code, 'app' | 'clientID'>): boolean {
  return issued.app === app && (issued.clientID === clientID || app.switches.get('keyPair') === 'app');
}

function endsRefresh(app: App, { revoked }: Consent): boolean {
  if (revoked === 'dashboard') return app.switches.get('refreshAfterRevocation') === 'refused';
  return revoked === 'role-change';
}

function tokens(accessToken: string, refreshToken: string | null | undefined): Outgoing {
  return json(
    200,
    {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: accessTokenLifetime / 1000,
      refresh_token: refreshToken,
    },
    { pragma: 'no-cache' },
  );
}

/** RFC 6749, section 5.2. */
function refuse(error: string, description: string, status = 400): Outgoing {
  const body = { error, error_description: description, error_uri: null };
  return { ...json(status, body, { pragma: 'no-cache' }), failure: description };
}

/** RFC 6749, section 5.2: the characters of an error_description. */
function printable(text: string): string {
  return text.slice(0, 40).replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');
}
