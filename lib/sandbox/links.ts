import { createHmac, timingSafeEqual } from 'node:crypto';
import { BoundedMap } from './bounded-map';
import type { Clock } from './clock';
import { readForm, repeated } from './form';
import { checkRedirectURI } from './login-request';
import type { Settings } from './options';
import type { Credentials, Random } from './random';
import { Refusal } from './refusal';

/** A consent link that passed every check: signed by the app, or made by the portal. */
export interface LinkRequest {
  readonly kind: 'signed URL' | 'portal link';
  /** What makes it work only once. */
  readonly mark: string;
  readonly redirectURI: string;
  readonly state: string | undefined;
}

interface PortalLink extends LinkRequest {
  readonly expires: number;
}

/** Criteo's portal: "the link is valid for 30 days". */
const portalLinkLife = 30 * 86_400_000;
/** The sandbox's assumption about clocks that differ. */
const clockSkew = 300_000;
const signed = ['key', 'timestamp', 'state', 'redirect-uri'];

/** Consent links: Criteo, Marketing Solutions docs, "Generate a consent URL". */
export class Links {
  readonly #settings: Settings;
  readonly #app: Credentials;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #portalSecret: string;
  readonly #used = new BoundedMap<true>(10_000);
  readonly #portalLinks = new BoundedMap<PortalLink>(1_000);

  constructor(settings: Settings, app: Credentials, clock: Clock, random: Random) {
    this.#settings = settings;
    this.#app = app;
    this.#clock = clock;
    this.#random = random;
    this.#portalSecret = random(32).toString('hex');
  }

  /** @returns undefined if this is not a link's query; @throws Refusal if it is one and a check fails */
  read(search: string): LinkRequest | undefined {
    const names = search.slice(1).split('&').map(nameOf);
    if (names.some((name) => name === 'nonce' || name === 'hmac')) return this.#readPortalLink(search);
    if (names.some((name) => name === 'signature' || (name !== 'state' && signed.includes(name)))) {
      return this.#readSigned(search, names);
    }
    return undefined;
  }

  /** Uses the link up. @throws Refusal if it was used already */
  use({ mark }: LinkRequest): void {
    this.#checkUnused(mark);
    this.#used.set(mark, true);
  }

  /** The query of a new portal-made link. */
  createPortalLink(redirectURI: string, state: string | undefined): string {
    const nonce = this.#random(16).toString('hex');
    const expires = this.#clock.now() + portalLinkLife;
    this.#portalLinks.set(nonce, { kind: 'portal link', mark: nonce, redirectURI, state, expires });
    return `?nonce=${nonce}&hmac=${hmac(nonce, this.#portalSecret)}`;
  }

  // Judged over the query as it was sent: whether Criteo decodes first is not documented.
  #readSigned(search: string, names: readonly string[]): LinkRequest {
    const values = new Map(
      search
        .slice(1)
        .split('&')
        .map((pair) => [nameOf(pair), pair.slice(nameOf(pair).length + 1)]),
    );
    const value = (name: string): string => values.get(name) ?? '';
    const expected = `?${signed.map((name) => `${name}=${value(name)}`).join('&')}`;
    const check = (fits: boolean, title: string, remedy: string): void => {
      if (!fits) throw new Refusal(title, remedy, { expected });
    };

    check(value('signature') !== '', 'The consent URL is not signed', 'Append &signature= with the signature.');
    for (const name of signed) {
      check(values.has(name), `The parameter ${name} is missing`, `A signed URL has ${signed.join(', ')}, signature.`);
    }
    check(
      names.join() === [...signed, 'signature'].join(),
      'The parameters are not in order',
      `A signed URL has exactly ${signed.join(', ')}, signature; each once, in this order.`,
    );
    check(
      value('key') === this.#app.signingKey,
      'Unknown key',
      'Use sandbox.app.signingKey, the public key of the pair: it differs from sandbox to sandbox.',
    );
    const right = hmac(expected, this.#app.signingSecret);
    const sent = value('signature');
    check(
      /^[0-9a-f]{128}$/.test(sent) && timingSafeEqual(Buffer.from(sent), Buffer.from(right)),
      'The signature does not fit',
      `Either the URL was changed after signing, or another text or secret was used. ${this.#hint(expected, sent)}`,
    );
    this.#checkTimestamp(value('timestamp'), expected);
    checkRedirectURI('redirect-uri', value('redirect-uri'), this.#settings);
    const request = {
      kind: 'signed URL',
      mark: sent,
      redirectURI: value('redirect-uri'),
      state: value('state'),
    } as const;
    this.#checkUnused(request.mark);
    return request;
  }

  #hint(expected: string, sent: string): string {
    const decoded = readForm(expected.slice(1).replaceAll('+', '%2B'));
    const text = decoded && `?${[...decoded].map(([name, [value = '']]) => `${name}=${value}`).join('&')}`;
    if (text !== undefined && text !== expected && hmac(text, this.#app.signingSecret) === sent.toLowerCase()) {
      return 'It fits the percent-decoded values: use only values that need no encoding.';
    }
    if (hmac(expected, this.#app.signingSecret) === sent.toLowerCase()) return 'Send it in lower case.';
    if (hmac(expected.slice(1), this.#app.signingSecret) === sent) return 'The leading question mark is signed too.';
    return 'Sign the text below.';
  }

  #checkTimestamp(timestamp: string, expected: string): void {
    const fail = (title: string, remedy: string): never => {
      throw new Refusal(title, remedy, { expected });
    };
    if (!/^\d{1,12}$/.test(timestamp)) {
      fail('Malformed timestamp', 'The timestamp is UNIX time in whole seconds.');
    }
    const age = this.#clock.now() - Number(timestamp) * 1000;
    if (age < -clockSkew) {
      fail('The timestamp lies in the future', 'The timestamp is UNIX time in seconds, not in milliseconds.');
    }
    const { consentURLMaxAge } = this.#settings;
    if (age > consentURLMaxAge) {
      const seconds = Math.round(age / 1000);
      fail(
        'The consent URL is too old',
        `It was signed ${seconds} seconds ago; the sandbox takes ${consentURLMaxAge / 1000} (option \`consentURLMaxAge\`). Make a new one.`,
      );
    }
  }

  #readPortalLink(search: string): LinkRequest {
    const query = readForm(search.slice(1));
    const nonce = query?.get('nonce')?.[0] ?? '';
    const link = this.#portalLinks.get(nonce);
    if (
      !query ||
      repeated(query) !== undefined ||
      !link ||
      query.get('hmac')?.[0] !== hmac(nonce, this.#portalSecret)
    ) {
      throw new Refusal(
        'The nonce and hmac do not fit',
        'Only the portal makes such links: use the one of sandbox.portalLink() unchanged.',
      );
    }
    if (this.#clock.now() >= link.expires) {
      throw new Refusal(
        'The consent link is too old',
        'It lived for 30 days. Make a new one with sandbox.portalLink().',
      );
    }
    this.#checkUnused(link.mark);
    return link;
  }

  #checkUnused(mark: string): void {
    if (this.#used.get(mark)) {
      throw new Refusal('The consent link was used already', 'A consent link works once. Make a new one.', {
        status: 409,
      });
    }
  }
}

/** HMAC-SHA512 in lower-case hex. */
export function hmac(text: string, secret: string): string {
  return createHmac('sha512', secret).update(text).digest('hex');
}

function nameOf(pair: string): string {
  return pair.split('=', 1)[0] ?? '';
}
