import { Refusal } from '../pages/error-page';
import { isWebURL } from '../wire/addresses';
import type { Incoming } from '../wire/exchange';
import { type Form, readForm, repeatedParameter } from '../wire/form';
import type { App } from '../world/apps';
import type { World } from '../world/world';

/** An authorization request (RFC 6749, section 4.1.1) that passed every check. */
export interface AuthorizationRequest {
  readonly kind: 'login';
  readonly app: App;
  /** The key pair that it was made with. */
  readonly clientID: string;
  readonly redirectURI: string;
  readonly state: string | undefined;
  readonly challenge: string | undefined;
}

/**
 * Reads the query of an authorization request: Criteo, Marketing Solutions docs, "Authorization Code"; RFC 7636.
 * @throws Refusal for every fault. Unlike RFC 6749, Criteo shows a page of its own for all that precedes a decision
 */
export function readAuthorizationRequest(world: World, { search, checks }: Incoming): AuthorizationRequest {
  const query = readForm(search.slice(1));
  if (!query) throw new Refusal('The query cannot be decoded', 'Percent-encode every parameter as UTF-8.');
  const twice = repeatedParameter(query);
  if (twice !== undefined) {
    throw new Refusal(`The parameter ${twice} is repeated`, 'Send each parameter once: RFC 6749, section 3.1.');
  }
  const clientID = needed(query, 'client_id');
  const app = world.apps.find(clientID);
  if (!app) {
    throw new Refusal(
      'Unknown client_id',
      `No app has the client_id "${clientID}". Use sandbox.app.clientID, or the CRITEO_CLIENT_ID that the command printed: it differs from sandbox to sandbox, unless there is a seed.`,
    );
  }
  checks.push('The client_id belongs to an app');
  const redirectURI = needed(query, 'redirect_uri');
  checkRedirectURI('redirect_uri', redirectURI, app);
  checks.push('The redirect_uri is registered');
  const responseType = needed(query, 'response_type');
  if (responseType !== 'code') {
    throw new Refusal('Unsupported response_type', `The response_type is "${responseType}"; Criteo knows only "code".`);
  }
  checks.push('The response_type is code');
  const challenge = readChallenge(query, app);
  checks.push(challenge === undefined ? 'No PKCE is needed' : 'The code_challenge is well-formed');
  return { kind: 'login', app, clientID, redirectURI, state: query.get('state')?.[0], challenge };
}

/** @throws Refusal if the app does not have it */
export function checkRedirectURI(name: string, uri: string, { redirectURIs }: App): void {
  if (redirectURIs ? redirectURIs.includes(uri) : isWebURL(uri)) return;
  const accepted = redirectURIs
    ? `Registered are: ${redirectURIs.join(', ') || 'none'}. The text must be the same, letter for letter.`
    : 'The sandbox accepts any https URL, and http URLs on a loopback host, without a fragment.';
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

function readChallenge(query: Form, app: App): string | undefined {
  const challenge = query.get('code_challenge')?.[0];
  const method = query.get('code_challenge_method')?.[0];
  const given = challenge !== undefined || method !== undefined;
  if (!app.pkce) {
    const variant = app.switches.get('pkceWithoutSwitch');
    if (!given || variant === 'ignored') return undefined;
    if (variant === 'refused') {
      throw new Refusal(
        'PKCE is off for this app',
        'The request has a code_challenge. Whether Criteo tolerates that is not documented, so the sandbox does not. Leave it out, switch PKCE on with createSandbox({ app: { pkce: true } }), or choose another variant of pkceWithoutSwitch.',
      );
    }
  }
  if (challenge === undefined) {
    throw new Refusal(
      'PKCE is on for this app',
      'The request has no code_challenge. Switch PKCE on in the client too (option `pkce: true` of the strategy).',
    );
  }
  if (method !== 'S256') {
    throw new Refusal('Unsupported code_challenge_method', 'Send code_challenge_method=S256: "plain" is refused.');
  }
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge)) {
    throw new Refusal(
      'Malformed code_challenge',
      'The code_challenge must be the SHA-256 of the verifier in base64url, 43 characters without padding.',
    );
  }
  return challenge;
}
