import type { AppChoice, Holding } from './apps-and-users';

/** A consent that a user has given. */
export interface SandboxConsent {
  readonly id: string;
  /** A client id of the app. */
  readonly app: string;
  /** The id of the user. */
  readonly user: string;
  /** A login's consent belongs to its tokens; all others belong to the app's client-credentials tokens. */
  readonly kind: 'login' | 'signed URL' | 'portal link';
  readonly shared: readonly Holding[];
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** How it ended, if it did. */
  readonly revoked: Revocation | undefined;
}

/**
 * How a consent ends. `dashboard`: the user revokes it at consent.criteo.com; the API responds 403. `role-change`: the
 * user changes role or leaves the organisation; the refresh token stops working, an access token works until it expires.
 */
export type Revocation = 'dashboard' | 'role-change';

/** A consent to give without a browser. */
export interface GrantOptions extends AppChoice {
  /** Id or name of the user. @default the first one */
  user?: string | undefined;
  /** Ids of the advertisers (accounts) to share. @default all */
  advertisers?: readonly string[] | undefined;
  /** @default 'portal link' */
  kind?: 'login' | 'portal link' | undefined;
}

/** A consent given without a browser. */
export interface GrantedConsent extends SandboxConsent {
  /** For the kind `login`: what the token endpoint would have responded. */
  readonly tokens?: {
    readonly accessToken: string;
    readonly refreshToken: string;
    readonly tokenType: 'Bearer';
    readonly obtainedAt: number;
    readonly expiresAt: number;
  };
}
