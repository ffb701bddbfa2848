import type { CriteoStrategyOptions, TokenSet } from 'passport-criteo';

/** The name under which the settings are injected. */
export const SETTINGS = Symbol('settings');

export interface Settings {
  /** The app's URL. */
  home: string;
  /** The settings of the Criteo app. */
  criteo: Omit<CriteoStrategyOptions, 'callbackURL'> & { clientSecret: string };
  signingSecret: string;
}

export interface User {
  id: string;
  name: string;
  tokens: TokenSet;
}

/** The part of a request that is the same on Express and on Fastify. */
export interface Visit {
  /** Contains the user's id only: not the user, and no tokens. */
  session: { userId?: string; connected?: string[]; regenerate(done: (error?: unknown) => void): void };
  query: Record<string, unknown>;
  user: User;
  /** The info that the strategy reports about a login. */
  authInfo?: { state?: { returnTo?: string } };
}
