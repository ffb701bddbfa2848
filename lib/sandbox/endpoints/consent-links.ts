import { timingSafeEqual } from 'node:crypto';
import { Refusal } from '../pages/error-page';
import type { Incoming } from '../wire/exchange';
import { readForm, repeatedParameter } from '../wire/form';
import type { App } from '../world/apps';
import { hmac } from '../world/consent-links';
import type { World } from '../world/world';
import { checkRedirectURI } from './authorization-request';

/** A consent link that passed every check: signed by the app, or made by the portal. */
export interface LinkRequest {
  readonly kind: 'signed URL' | 'portal link';
  readonly app: App;
  /** What makes it work only once. */
  readonly mark: string;
  readonly redirectURI: string;
  readonly state: string | undefined;
}

/** How far the clocks of an app and the sandbox may differ: an assumption. */
const clockSkew = 300_000;
const signedNames = ['key', 'timestamp', 'state', 'redirect-uri'];

/**
 * Reads a consent link: Criteo, Marketing Solutions docs, "Generate a consent URL".
 * @returns undefined if this is not the query of a link
 * @throws Refusal if it is one and a check fails
 */
export function readConsentLink(world: World, request: Incoming): LinkRequest | undefined {
  const names = request.search.slice(1).split('&').map(nameOf);
  if (names.some((name) => name === 'nonce' || name === 'hmac')) return readPortalLink(world, request);
  if (names.some((name) => name === 'signature' || (name !== 'state' && signedNames.includes(name)))) {
    return readSignedURL(world, request, names);
  }
  return undefined;
}

/** @throws Refusal if the link was used already */
export function checkUnused(world: World, mark: string): void {
  if (world.links.isUsed(mark)) {
    throw new Refusal('The consent link was used already', 'A consent link works once. Make a new one.', {
      status: 409,
    });
  }
}

function readSignedURL(world: World, { search, checks }: Incoming, names: readonly string[]): LinkRequest {
  const values = new Map(
    search
      .slice(1)
      .split('&')
      .map((pair) => [nameOf(pair), pair.slice(nameOf(pair).length + 1)]),
  );
  const value = (name: string): string => values.get(name) ?? '';
  const raw = `?${signedNames.map((name) => `${name}=${value(name)}`).join('&')}`;
  const check = (fits: boolean, title: string, remedy: string, expected = raw): void => {
    if (!fits) throw new Refusal(title, remedy, { expected });
  };

  check(value('signature') !== '', 'The consent URL is not signed', 'Append &signature= with the signature.');
  for (const name of signedNames) {
    check(
      values.has(name),
      `The parameter ${name} is missing`,
      `A signed URL has ${signedNames.join(', ')}, signature.`,
    );
  }
  check(
    names.join() === [...signedNames, 'signature'].join(),
    'The parameters are not in order',
    `A signed URL has exactly ${signedNames.join(', ')}, signature; each once, in this order.`,
  );
  checks.push('The parameters are complete and in order');
  const app = world.apps.bySigningKey(value('key'));
  if (!app) {
    throw new Refusal(
      'Unknown key',
      'Use sandbox.app.signingKey, the public key of the pair: it differs from sandbox to sandbox, unless there is a seed.',
      { expected: raw },
    );
  }
  checks.push('The key belongs to an app');

  const decoded = decode(raw);
  const expected = app.switches.get('signedURLCheck') === 'decoded' ? (decoded ?? raw) : raw;
  const { signingSecret } = app.credentials;
  const sent = value('signature');
  const right = hmac(expected, signingSecret);
  check(
    /^[0-9a-f]{128}$/.test(sent) && timingSafeEqual(Buffer.from(sent), Buffer.from(right)),
    'The signature does not fit',
    `Either the URL was changed after signing, or another text or secret was used. ${hint({ raw, decoded, expected, sent, signingSecret })}`,
    expected,
  );
  checks.push('The signature fits');
  checkTimestamp(world, app, value('timestamp'), raw);
  checks.push('The timestamp is recent');
  // Redirect URIs are sent as they are: a value that was encoded is decoded for the comparison and the redirect.
  const redirectURI =
    expected === raw ? value('redirect-uri') : (readForm(search.slice(1))?.get('redirect-uri')?.[0] ?? '');
  checkRedirectURI('redirect-uri', redirectURI, app);
  checks.push('The redirect-uri is registered');
  checkUnused(world, sent);
  checks.push('The link is unused');
  const state = expected === raw ? value('state') : readForm(search.slice(1))?.get('state')?.[0];
  return { kind: 'signed URL', app, mark: sent, redirectURI, state };
}

/** Returns the signed text with its values percent-decoded; a plus stays a plus. Undefined if that is not possible. */
function decode(text: string): string | undefined {
  const form = readForm(text.slice(1).replaceAll('+', '%2B'));
  return form && `?${[...form].map(([name, [value = '']]) => `${name}=${value}`).join('&')}`;
}

interface Attempt {
  readonly raw: string;
  readonly decoded: string | undefined;
  readonly expected: string;
  readonly sent: string;
  readonly signingSecret: string;
}

/** Says what is probably wrong with a signature. */
function hint({ raw, decoded, expected, sent, signingSecret }: Attempt): string {
  const signs = (text: string): boolean => hmac(text, signingSecret) === sent.toLowerCase();
  if (signs(expected)) return 'Send it in lower case.';
  if (decoded !== undefined && signs(decoded)) {
    return 'It fits the percent-decoded values: use only values that need no encoding.';
  }
  if (signs(raw)) return 'It fits the values as they were sent, and the variant signedURLCheck is "decoded".';
  if (signs(expected.slice(1))) return 'The leading question mark is signed too.';
  return 'Sign the text below.';
}

function checkTimestamp(world: World, app: App, timestamp: string, expected: string): void {
  const fail = (title: string, remedy: string): never => {
    throw new Refusal(title, remedy, { expected });
  };
  if (!/^\d{1,12}$/.test(timestamp)) {
    fail('Malformed timestamp', 'The timestamp is UNIX time in whole seconds.');
  }
  const age = app.clock.now() - Number(timestamp) * 1000;
  if (age < -clockSkew) {
    fail('The timestamp lies in the future', 'The timestamp is UNIX time in seconds, not in milliseconds.');
  }
  const { consentURLMaxAge } = world.settings;
  if (age > consentURLMaxAge && app.switches.get('signedURLLifetime') === 'limited') {
    const seconds = Math.round(age / 1000);
    fail(
      'The consent URL is too old',
      `It was signed ${seconds} seconds ago; the sandbox accepts ${consentURLMaxAge / 1000} (option \`consentURLMaxAge\`). Make a new one.`,
    );
  }
}

function readPortalLink(world: World, { search, checks }: Incoming): LinkRequest {
  const query = readForm(search.slice(1));
  const nonce = query?.get('nonce')?.[0] ?? '';
  const link = world.links.findPortalLink(nonce);
  const names = [...(query?.keys() ?? [])].sort().join();
  if (
    !query ||
    !link ||
    repeatedParameter(query) !== undefined ||
    names !== 'hmac,nonce' ||
    query.get('hmac')?.[0] !== link.hmac
  ) {
    throw new Refusal(
      'The nonce and hmac do not fit',
      'Only the portal makes such links: use the one of sandbox.portalLink() unchanged.',
    );
  }
  checks.push('The nonce and hmac are of the portal');
  const { app, redirectURI, state } = link;
  if (app.clock.now() >= link.expires) {
    throw new Refusal('The consent link is too old', 'It lived for 30 days. Make a new one with sandbox.portalLink().');
  }
  checkUnused(world, nonce);
  checks.push('The link is unused');
  return { kind: 'portal link', app, mark: nonce, redirectURI, state };
}

function nameOf(pair: string): string {
  return pair.split('=', 1)[0] ?? '';
}
