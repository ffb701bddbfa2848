import { CriteoClient } from '../../../lib/criteo/client';
import type { TokenSet } from '../../../lib/criteo/token-set';
import { CriteoTokenError, CriteoTransportError } from '../../../lib/errors';
import { within } from '../../../lib/util/deadline';
import { type Course, type Process, remote, type VirtualTime } from './virtual-time';

/** What a refresh does to the refresh token. */
export const rotations = ['same', 'none', 'grace', 'strict'] as const;
export type Rotation = (typeof rotations)[number];

export const LIFE = 900_000;
// Milliseconds for which a replaced refresh token is still accepted.
const GRACE = 60_000;

/** A refresh token, and what became of the response that brought it. */
export interface Minted {
  refreshToken: string;
  by: Process | undefined;
  deliveredAt: number | undefined;
  /** Whether any store ever had it. */
  isStored: boolean;
  replacedAt: number | undefined;
}

/** A consent of a user, with every refresh token that it had. */
export interface Consent {
  id: number;
  key: string;
  isRevoked: boolean;
  minted: Minted[];
}

/** A refresh as it arrived. */
export interface Asked {
  refreshToken: string;
  by: Process;
  sentAt: number;
  /** When the process had read what it knew then. */
  knownAt: number;
}

/** Criteo's token endpoint. */
export class Criteo {
  readonly consents: Consent[] = [];
  readonly #time: VirtualTime;
  readonly rotation: Rotation;
  readonly onAsked: (asked: Asked, consent: Consent) => void;
  #count = 0;

  constructor(time: VirtualTime, rotation: Rotation, onAsked: (asked: Asked, consent: Consent) => void) {
    this.#time = time;
    this.rotation = rotation;
    this.onAsked = onAsked;
  }

  /** A user consents. */
  consent(key: string, wall: number): { consent: Consent; tokens: TokenSet } {
    const consent: Consent = { id: this.consents.length, key, isRevoked: false, minted: [] };
    this.consents.push(consent);
    return { consent, tokens: { ...this.#tokens(consent, wall), refreshToken: this.#mint(consent, undefined) } };
  }

  consentOf(token: string | undefined): Consent | undefined {
    const id = /^c(\d+)-/.exec(token ?? '')?.[1];
    return id === undefined ? undefined : this.consents[Number(id)];
  }

  minted(refreshToken: string | undefined): Minted | undefined {
    return this.consentOf(refreshToken)?.minted.find((each) => each.refreshToken === refreshToken);
  }

  /** Whether a refresh with the token would work now. */
  honours(refreshToken: string | undefined): boolean {
    const minted = this.minted(refreshToken);
    if (!minted || this.consentOf(refreshToken)?.isRevoked) return false;
    const { replacedAt } = minted;
    if (replacedAt === undefined) return true;
    return this.rotation === 'grace' && this.#time.now - replacedAt <= GRACE;
  }

  /** Whether a refresh token was issued and got lost, because its process ended or the response did not come. */
  hasLost(consent: Consent): boolean {
    return consent.minted.some(
      ({ isStored, deliveredAt, by }) => !isStored && (deliveredAt === undefined || by?.hasEnded),
    );
  }

  /** Whether the store has not taken a refresh token for as long as a lock may be held. */
  isUnsaved(consent: Consent, patience: number): boolean {
    return consent.minted.some(
      ({ isStored, deliveredAt }) => !isStored && deliveredAt !== undefined && this.#time.now - deliveredAt >= patience,
    );
  }

  refresh(asked: Asked, wall: number): { tokens: TokenSet; minted: Minted | undefined } {
    const { refreshToken, by } = asked;
    const consent = this.consentOf(refreshToken);
    if (consent) this.onAsked(asked, consent);
    if (!consent || !this.honours(refreshToken)) {
      throw new CriteoTokenError('refused', { code: 'invalid_grant', status: 401, reauthorize: true });
    }
    const tokens = this.#tokens(consent, wall);
    if (this.rotation === 'none') return { tokens, minted: undefined };
    if (this.rotation === 'same') return { tokens: { ...tokens, refreshToken }, minted: undefined };
    const old = this.minted(refreshToken);
    if (old) old.replacedAt ??= this.#time.now;
    const fresh = this.#mint(consent, by);
    return { tokens: { ...tokens, refreshToken: fresh }, minted: this.minted(fresh) };
  }

  #mint(consent: Consent, by: Process | undefined): string {
    const refreshToken = `c${consent.id}-r${consent.minted.length}`;
    consent.minted.push({ refreshToken, by, deliveredAt: by ? undefined : 0, isStored: false, replacedAt: undefined });
    return refreshToken;
  }

  #tokens(consent: Consent, wall: number): TokenSet {
    this.#count += 1;
    const accessToken = `c${consent.id}-a${this.#count}`;
    return { accessToken, tokenType: 'Bearer', obtainedAt: wall, expiresAt: wall + LIFE };
  }
}

/** A client whose requests go to the model. */
export class SimulatedClient extends CriteoClient {
  readonly #ask: (refreshToken: string, timeout: number) => Promise<TokenSet>;

  constructor(
    timeout: number,
    criteo: Criteo,
    {
      time,
      owner,
      course,
      wall,
      knownAt,
    }: {
      time: VirtualTime;
      owner: Process;
      course: () => Course;
      wall: () => number;
      knownAt: (key: string) => number;
    },
  ) {
    super({ clientID: 'id', clientSecret: 'secret', timeout });
    this.#ask = async (refreshToken, limit) => {
      const key = criteo.consentOf(refreshToken)?.key ?? '';
      const asked = { refreshToken, by: owner, sentAt: time.now, knownAt: knownAt(key) };
      let minted: Minted | undefined;
      let isLate = false;
      const response = remote(
        time,
        owner,
        `refresh ${refreshToken}`,
        course(),
        () => {
          const result = criteo.refresh(asked, wall());
          minted = result.minted;
          return result.tokens;
        },
        () => {
          if (minted && !isLate) minted.deliveredAt = time.now;
        },
      );
      const failed = (code: 'timeout' | 'connection_failed'): CriteoTransportError =>
        new CriteoTransportError(`simulated: ${code}`, { code, status: 502, retryable: true });
      const answered = response.catch((error: unknown) => {
        throw error instanceof CriteoTokenError ? error : failed('connection_failed');
      });
      const late = (): never => {
        // What comes after the deadline was not delivered.
        isLate = true;
        throw failed('timeout');
      };
      return within(limit, answered, late, time.timers(owner).after);
    };
  }

  override refresh(refreshToken: string, options?: { timeout?: number | undefined }): Promise<TokenSet> {
    return this.#ask(refreshToken, options?.timeout ?? 0);
  }
}
