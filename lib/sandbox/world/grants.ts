import type { Holding, Revocation, SandboxConsent, SandboxUser } from '../types';
import type { App } from './apps';
import { BoundedMap } from './bounded-map';
import type { Consent } from './consent';
import { GrantedAccounts } from './granted-accounts';

/** Criteo, Marketing Solutions docs, "Authorization Code Setup": the lifetimes of codes and tokens. */
export const codeLifetime = 30_000;
export const accessTokenLifetime = 900_000;
/** Criteo says "6 months"; here 180 days. */
export const refreshTokenLifetime = 180 * 86_400_000;

/** What codes and tokens have in common. */
interface Issued {
  readonly app: App;
  /** The key pair that it was issued to. */
  readonly clientID: string;
  expires: number;
}

export interface Code extends Issued {
  readonly consent: Consent;
  readonly redirectURI: string;
  readonly challenge: string | undefined;
  /** The tokens that it was exchanged for. */
  readonly tokens: string[];
  spent: boolean;
}

/** An access token. Without a consent it is the app's own. */
export interface AccessToken extends Issued {
  readonly consent: Consent | undefined;
}

export interface RefreshToken extends Issued {
  readonly consent: Consent;
}

/** Every consent, code and token that was given out. */
export class Grants {
  readonly #consents = new BoundedMap<Consent>(10_000, (consent) => this.#accounts.remove(consent));
  readonly #accounts = new GrantedAccounts();
  readonly #codes = new BoundedMap<Code>(5_000);
  readonly #accessTokens = new BoundedMap<AccessToken>(20_000);
  readonly #refreshTokens = new BoundedMap<RefreshToken>(20_000);

  grant(app: App, user: SandboxUser, kind: Consent['kind'], shared: readonly Holding[]): Consent {
    const consent: Consent = {
      id: app.random(6).toString('hex'),
      app,
      user,
      kind,
      shared,
      time: app.clock.now(),
      revoked: undefined,
    };
    this.#consents.set(consent.id, consent);
    this.#accounts.add(consent);
    return consent;
  }

  /** Ends a consent. A revocation on the dashboard is the stronger one: it stays. */
  revoke(consent: Consent, how: Revocation): void {
    if (consent.revoked === 'dashboard') return;
    if (how === 'dashboard') this.#accounts.remove(consent);
    consent.revoked = how;
  }

  /** Returns how many advertisers or accounts a user has granted an app, in all their logins. */
  grantedAccounts(app: App, user: SandboxUser): number {
    return this.#accounts.count(app, user);
  }

  issueCode(consent: Consent, clientID: string, redirectURI: string, challenge: string | undefined): string {
    const { app } = consent;
    const expires = app.clock.now() + codeLifetime;
    return this.#issue(this.#codes, {
      app,
      clientID,
      consent,
      redirectURI,
      challenge,
      expires,
      tokens: [],
      spent: false,
    });
  }

  /** Returns the code, also when it was spent or has expired: {@link isAlive} tells. */
  findCode(code: string): Code | undefined {
    return this.#codes.get(code);
  }

  issueAccessToken(app: App, clientID: string, consent: Consent | undefined): string {
    const expires = app.clock.now() + accessTokenLifetime;
    return this.#issue(this.#accessTokens, { app, clientID, consent, expires });
  }

  /** Returns the token, also when it has expired: the API tells the difference. */
  findAccessToken(token: string): AccessToken | undefined {
    return this.#accessTokens.get(token);
  }

  issueRefreshToken(consent: Consent, clientID: string): string {
    const { app } = consent;
    return this.#issue(this.#refreshTokens, {
      app,
      clientID,
      consent,
      expires: app.clock.now() + refreshTokenLifetime,
    });
  }

  /** Returns the token, also when it has expired: {@link isAlive} tells. */
  findRefreshToken(token: string): RefreshToken | undefined {
    return this.#refreshTokens.get(token);
  }

  /** Ends a token. */
  dropToken(token: string): void {
    this.#accessTokens.take(token);
    this.#refreshTokens.take(token);
  }

  /** Newest first. */
  consents(app?: App): Consent[] {
    return [...this.#consents.values()].filter((consent) => app === undefined || consent.app === app).reverse();
  }

  /** Counts the tokens of an app that have not expired. */
  validTokens(app: App): { access: number; refresh: number } {
    const count = (tokens: Iterable<Issued>): number =>
      [...tokens].filter((token) => token.app === app && isAlive(token)).length;
    return { access: count(this.#accessTokens.values()), refresh: count(this.#refreshTokens.values()) };
  }

  findConsent(id: string): Consent | undefined {
    return this.#consents.get(id);
  }

  /** Forgets what belongs to one app, or to a user, or everything. */
  forget({ app, user }: { readonly app?: App | undefined; readonly user?: SandboxUser | undefined } = {}): void {
    const meant = (owner: App, consent: Consent | undefined): boolean =>
      (app === undefined || owner === app) && (user === undefined || consent?.user === user);
    this.#consents.drop((consent) => meant(consent.app, consent));
    for (const issued of [this.#codes, this.#accessTokens, this.#refreshTokens]) {
      (issued as BoundedMap<AccessToken>).drop((one) => meant(one.app, one.consent));
    }
  }

  #issue<V extends Issued>(into: BoundedMap<V>, value: V): string {
    const token = value.app.random(36).toString('base64url');
    into.set(token, value);
    return token;
  }
}

/** Returns true until it expires, by the clock of its app. */
export function isAlive({ app, expires }: Issued): boolean {
  return app.clock.now() < expires;
}

/** Returns what the users of the API see of a consent. */
export function shownConsent({ id, app, user, kind, shared, time, revoked }: Consent): SandboxConsent {
  return { id, app: app.clientID, user: user.id, kind, shared, time, revoked };
}
