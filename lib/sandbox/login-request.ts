import { type Form, readForm, repeated } from './form';
import { isWebURL, type Settings } from './options';
import type { Credentials } from './random';
import { Refusal } from './refusal';

/** A consent request of the authorization-code flow that passed every check. */
export interface LoginRequest {
  readonly kind: 'login';
  readonly redirectURI: string;
  readonly state: string | undefined;
  readonly challenge: string | undefined;
}

/**
 * Criteo, Marketing Solutions docs, "Authorization Code"; RFC 6749 section 4.1.1; RFC 7636 section 4.3.
 * @throws Refusal, for any fault: unlike RFC 6749, Criteo shows a page of its own for all that precedes a decision
 */
export function readLoginRequest(search: string, settings: Settings, app: Credentials): LoginRequest {
  const query = readForm(search.slice(1));
  if (!query) throw new Refusal('The query cannot be decoded', 'Percent-encode every parameter as UTF-8.');
  const twice = repeated(query);
  if (twice !== undefined) {
    throw new Refusal(`The parameter ${twice} is repeated`, 'Send each parameter once: RFC 6749, section 3.1.');
  }
  if (needed(query, 'client_id') !== app.clientID) {
    throw new Refusal(
      'Unknown client_id',
      `No app has the client_id "${needed(query, 'client_id')}". Use sandbox.app.clientID: it differs from sandbox to sandbox.`,
    );
  }
  const redirectURI = needed(query, 'redirect_uri');
  checkRedirectURI('redirect_uri', redirectURI, settings);
  const responseType = needed(query, 'response_type');
  if (responseType !== 'code') {
    throw new Refusal(
      'Unsupported response_type',
      `The response_type is "${responseType}"; only "code" is there to be used.`,
    );
  }
  return { kind: 'login', redirectURI, state: query.get('state')?.[0], challenge: readChallenge(query, settings) };
}

/** @throws Refusal */
export function checkRedirectURI(name: string, uri: string, { redirectURIs }: Settings): void {
  if (redirectURIs ? redirectURIs.includes(uri) : isWebURL(uri)) return;
  const accepted = redirectURIs
    ? `Registered are: ${redirectURIs.join(', ') || 'none'}. The text must be the same, letter for letter.`
    : 'The sandbox takes any https URL, and http URLs on a loopback host, without a fragment.';
  throw new Refusal(`The ${name} is not registered`, `The ${name} is "${uri}". ${accepted}`);
}

function needed(query: Form, name: string): string {
  const value = query.get(name)?.[0];
  if (!value) {
    throw new Refusal(
      `The parameter ${name} is missing`,
      `Send ${name} in the query of the consent URL, with a value.`,
    );
  }
  return value;
}

function readChallenge(query: Form, { pkce }: Settings): string | undefined {
  const challenge = query.get('code_challenge')?.[0];
  const method = query.get('code_challenge_method')?.[0];
  if (!pkce) {
    if (challenge === undefined && method === undefined) return undefined;
    throw new Refusal(
      'PKCE is off for this app',
      'The request has a code_challenge. Whether Criteo tolerates that is not documented, so the sandbox does not: leave it out, or switch PKCE on with createSandbox({ app: { pkce: true } }).',
    );
  }
  if (challenge === undefined) {
    throw new Refusal(
      'PKCE is on for this app',
      'The request has no code_challenge. Switch PKCE on in the client too (option `pkce: true` of the strategy).',
    );
  }
  if (method !== 'S256') {
    throw new Refusal('Unsupported code_challenge_method', 'Send code_challenge_method=S256: "plain" is not taken.');
  }
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge)) {
    throw new Refusal(
      'Malformed code_challenge',
      'The code_challenge must be the SHA-256 of the verifier in base64url, 43 characters without padding.',
    );
  }
  return challenge;
}
