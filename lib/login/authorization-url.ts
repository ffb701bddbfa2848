import { createHash } from 'node:crypto';
import { randomText } from '../util/random';

/** Where an authorization request goes, and for which app. */
interface AuthorizationEndpoint {
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
  /** Parameters that the app adds. They override those in the endpoint's query, but none of the protocol. */
  extra: Record<string, string>;
}

/** Returns the URL of Criteo's consent page for one login (RFC 6749 section 4.1.1, RFC 7636 section 4.3). */
export function authorizationURL(endpoint: AuthorizationEndpoint, request: AuthorizationRequest): string {
  const { authorizationURL, clientID, callbackURL } = endpoint;
  const { state, verifier, extra } = request;
  const ours =
    `response_type=code&client_id=${encodeURIComponent(clientID)}` +
    `&redirect_uri=${encodeURIComponent(callbackURL)}&state=${encodeURIComponent(state)}` +
    (verifier === undefined ? '' : `&code_challenge=${codeChallenge(verifier)}&code_challenge_method=S256`);
  const added = Object.entries(extra);
  // Parsing the URL takes as long as all else that a redirect does (5 µs), and there is seldom anything to merge.
  if (added.length === 0 && !authorizationURL.includes('?')) return `${authorizationURL}?${ours}`;
  const url = new URL(authorizationURL);
  for (const [name, value] of added) url.searchParams.set(name, value);
  for (const name of reserved) url.searchParams.delete(name);
  for (const [name, value] of new URLSearchParams(ours)) url.searchParams.append(name, value);
  return url.href;
}

const reserved = ['response_type', 'client_id', 'redirect_uri', 'state', 'code_challenge', 'code_challenge_method'];

/** Returns a PKCE code verifier of 256 random bits (RFC 7636 section 4.1). */
export function newVerifier(): string {
  return randomText(32);
}

function codeChallenge(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
