import { createHash, randomBytes } from 'node:crypto';

/** What an authorization request says, beside what stays the same from one to the next. */
export interface AuthorizationRequest {
  authorizationURL: string;
  clientID: string;
  callbackURL: string;
  /** The handle of the pending login. */
  state: string;
  /** The PKCE code verifier, for an app with PKCE. */
  verifier?: string | undefined;
  /** Parameters that somebody adds; none of the protocol's can be overridden. */
  extra: Record<string, string>;
}

/** The part of an authorization URL that stays the same, and what it was made of. */
export interface AuthorizationPrefix {
  authorizationURL: string;
  clientID: string;
  callbackURL: string;
  prefix: string;
}

const reserved = ['response_type', 'client_id', 'redirect_uri', 'state', 'code_challenge', 'code_challenge_method'];

/** The part of the authorization URL that stays the same: `known`, if it is made of the same. */
export function authorizationPrefix(
  { authorizationURL, clientID, callbackURL }: AuthorizationRequest,
  known: AuthorizationPrefix | undefined,
): AuthorizationPrefix {
  if (
    known?.authorizationURL === authorizationURL &&
    known.clientID === clientID &&
    known.callbackURL === callbackURL
  ) {
    return known;
  }
  const url = new URL(authorizationURL);
  for (const name of reserved) url.searchParams.delete(name);
  url.searchParams.set('response_type', 'code');
  url.searchParams.set('client_id', clientID);
  url.searchParams.set('redirect_uri', callbackURL);
  return { authorizationURL, clientID, callbackURL, prefix: url.href };
}

/** The URL of Criteo's consent page for one login (RFC 6749 section 4.1.1, RFC 7636 section 4.3). */
export function authorizationURL(prefix: string, { state, verifier, extra }: AuthorizationRequest): string {
  let url = `${prefix}&state=${encodeURIComponent(state)}`;
  if (verifier !== undefined) url += `&code_challenge=${codeChallenge(verifier)}&code_challenge_method=S256`;
  for (const [name, value] of Object.entries(extra)) {
    if (!reserved.includes(name)) url += `&${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  }
  return url;
}

/** A PKCE code verifier of 256 random bits (RFC 7636 section 4.1). */
export function newVerifier(): string {
  return randomBytes(32).toString('base64url');
}

function codeChallenge(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
