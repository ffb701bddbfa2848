import { BoundedMap } from './bounded-map';
import type { Clock } from './clock';
import type { Random } from './random';
import type { Holding } from './types';

/** Criteo, Marketing Solutions docs, "Authorization Code Setup": the life of codes and tokens. */
export const codeLife = 30_000;
export const accessTokenLife = 900_000;
/** "6 months" there; here 180 days. */
export const refreshTokenLife = 180 * 86_400_000;

/** What a person agreed to. */
export interface Consent {
  readonly id: string;
  /** A login's consent belongs to its tokens, the others to the app's client-credentials tokens. */
  readonly kind: 'login' | 'signed URL' | 'portal link';
  readonly shared: readonly Holding[];
  readonly time: number;
  revoked: boolean;
}

export interface Code {
  readonly consent: Consent;
  readonly redirectURI: string;
  readonly challenge: string | undefined;
  readonly expires: number;
}

/** An access token; without a consent it is the app's own. */
export interface AccessToken {
  readonly consent: Consent | undefined;
  readonly expires: number;
}

export interface RefreshToken {
  readonly consent: Consent;
  readonly expires: number;
}

/** Every consent, code and token given out. */
export class Ledger {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #consents = new BoundedMap<Consent>(10_000);
  readonly #codes = new BoundedMap<Code>(10_000);
  readonly #accessTokens = new BoundedMap<AccessToken>(50_000);
  readonly #refreshTokens = new BoundedMap<RefreshToken>(50_000);

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  grant(kind: Consent['kind'], shared: readonly Holding[]): Consent {
    const consent = { id: this.#random(6).toString('hex'), kind, shared, time: this.#clock.now(), revoked: false };
    this.#consents.set(consent.id, consent);
    return consent;
  }

  issueCode(consent: Consent, redirectURI: string, challenge: string | undefined): string {
    const expires = this.#clock.now() + codeLife;
    return this.#issue(this.#codes, { consent, redirectURI, challenge, expires });
  }

  /** Spends the code; undefined if it is unknown, spent, too old or of a revoked consent. */
  takeCode(code: string): Code | undefined {
    return this.#alive(this.#codes.take(code));
  }

  issueAccessToken(consent: Consent | undefined): string {
    return this.#issue(this.#accessTokens, { consent, expires: this.#clock.now() + accessTokenLife });
  }

  /** The token, also when it has expired: the API tells the difference. */
  findAccessToken(token: string): AccessToken | undefined {
    return this.#accessTokens.get(token);
  }

  issueRefreshToken(consent: Consent): string {
    return this.#issue(this.#refreshTokens, { consent, expires: this.#clock.now() + refreshTokenLife });
  }

  findRefreshToken(token: string): RefreshToken | undefined {
    return this.#alive(this.#refreshTokens.get(token));
  }

  dropRefreshToken(token: string): void {
    this.#refreshTokens.take(token);
  }

  /** Newest first. */
  consents(): Consent[] {
    return this.#consents.values().reverse();
  }

  /** Revokes one consent, or all; says whether there was any. */
  revoke(id?: string): boolean {
    const meant = this.consents().filter((consent) => id === undefined || consent.id === id);
    for (const consent of meant) consent.revoked = true;
    return meant.length > 0;
  }

  #issue<V>(into: BoundedMap<V>, value: V): string {
    const token = this.#random(36).toString('base64url');
    into.set(token, value);
    return token;
  }

  #alive<V extends Code | RefreshToken>(found: V | undefined): V | undefined {
    return found && !found.consent.revoked && this.#clock.now() < found.expires ? found : undefined;
  }
}
