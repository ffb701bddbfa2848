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

/** Makes the URLs of Criteo's consent page for one strategy. */
export class ConsentPage {
  // What all logins of an app have in common. It seldom changes, and encoding it takes a fifth of all that a redirect does.
  #common: { clientID: string; callbackURL: string; parameters: string } | undefined;

  /** Returns the URL for one login (RFC 6749 section 4.1.1, RFC 7636 section 4.3). */
  url(endpoint: AuthorizationEndpoint, { state, verifier, extra }: AuthorizationRequest): string {
    const { authorizationURL } = endpoint;
    const ours =
      `${this.#commonOf(endpoint)}&state=${encodeURIComponent(state)}` +
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

  #commonOf({ clientID, callbackURL }: AuthorizationEndpoint): string {
    if (this.#common?.clientID !== clientID || this.#common.callbackURL !== callbackURL) {
      const [client, redirectURI] = [clientID, callbackURL].map(encodeURIComponent);
      const parameters = `response_type=code&client_id=${client}&redirect_uri=${redirectURI}`;
      this.#common = { clientID, callbackURL, parameters };
    }
    return this.#common.parameters;
  }
}

const reserved = ['response_type', 'client_id', 'redirect_uri', 'state', 'code_challenge', 'code_challenge_method'];

/** Returns a PKCE code verifier of 256 random bits (RFC 7636 section 4.1). */
export function newVerifier(): string {
  return randomText(32);
}

function codeChallenge(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
