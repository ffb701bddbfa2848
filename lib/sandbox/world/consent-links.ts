import { createHmac } from 'node:crypto';
import type { App } from './apps';
import { BoundedMap } from './bounded-map';
import { createRandom, type Random } from './random';

/** Criteo's portal: "the link is valid for 30 days". */
const portalLinkLifetime = 30 * 86_400_000;

/** A consent link as Criteo's portal makes them. */
export interface PortalLink {
  readonly app: App;
  readonly nonce: string;
  readonly hmac: string;
  readonly redirectURI: string;
  readonly state: string | undefined;
  readonly expires: number;
}

/** The links that the portal made, and which links are used up. */
export class ConsentLinks {
  readonly #random: Random;
  readonly #secret: string;
  readonly #used = new BoundedMap<{ readonly app: App }>(10_000);
  readonly #portalLinks = new BoundedMap<PortalLink>(1_000);

  constructor(seed: string | number | undefined) {
    this.#random = createRandom(seed, 'portal links');
    this.#secret = this.#random(32).toString('hex');
  }

  /** Makes a new link of the portal. */
  create(app: App, redirectURI: string, state: string | undefined): PortalLink {
    const nonce = this.#random(16).toString('hex');
    const expires = app.clock.now() + portalLinkLifetime;
    const link = { app, nonce, hmac: hmac(nonce, this.#secret), redirectURI, state, expires };
    this.#portalLinks.set(nonce, link);
    return link;
  }

  findPortalLink(nonce: string): PortalLink | undefined {
    return this.#portalLinks.get(nonce);
  }

  /** @param mark the nonce or the signature: what makes the link work only once */
  use(mark: string, app: App): void {
    this.#used.set(mark, { app });
  }

  isUsed(mark: string): boolean {
    return this.#used.get(mark) !== undefined;
  }

  /** Forgets the links of one app, or all. */
  forget(app?: App): void {
    const meant = (one: { readonly app: App }): boolean => app === undefined || one.app === app;
    this.#used.drop(meant);
    this.#portalLinks.drop(meant);
  }
}

/** Returns the HMAC-SHA512 in lower-case hex. */
export function hmac(text: string, secret: string): string {
  return createHmac('sha512', secret).update(text).digest('hex');
}
