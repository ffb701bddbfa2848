import { createHash } from 'node:crypto';
import { randomText } from '../util/random';

/** What stays the same from one authorization request to the next. */
export interface AuthorizationEndpoint {
  authorizationURL: string;
  clientID: string;
  callbackURL: string;
}

/** What one authorization request says. */
export interface AuthorizationRequest {
  /** The handle of the pending login. */
  state: string;
  /** The PKCE code verifier, for an app with PKCE. */
  verifier?: string | undefined;
  /** Parameters that somebody adds; none of the protocol's can be overridden. */
  extra: Record<string, string>;
}

/** The part of an authorization URL that stays the same, and what it was made of. */
export interface AuthorizationPrefix extends AuthorizationEndpoint {
  prefix: string;
}

const reserved = ['response_type', 'client_id', 'redirect_uri', 'state', 'code_challenge', 'code_challenge_method'];

/** The part of the authorization URL that stays the same: `known`, if it is made of the same. */
export function authorizationPrefix(
  { authorizationURL, clientID, callbackURL }: AuthorizationEndpoint,
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
export function authorizationURL(
  { prefix }: AuthorizationPrefix,
  { state, verifier, extra }: AuthorizationRequest,
): string {
  let url = `${prefix}&state=${encodeURIComponent(state)}`;
  if (verifier !== undefined) url += `&code_challenge=${codeChallenge(verifier)}&code_challenge_method=S256`;
  const added = Object.entries(extra).filter(([name]) => !reserved.includes(name));
  if (added.length === 0) return url;
  // They override what the endpoint has in its query.
  const whole = new URL(url);
  for (const [name, value] of added) whole.searchParams.set(name, value);
  return whole.href;
}

/** A PKCE code verifier of 256 random bits (RFC 7636 section 4.1). */
export function newVerifier(): string {
  return randomText(32);
}

function codeChallenge(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
