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
  /** Holds the user's id: never the user, never the tokens. */
  session: { userId?: string; connected?: string[]; regenerate(done: (error?: unknown) => void): void };
  query: Record<string, unknown>;
  user: User;
  /** What the strategy reports about a login besides the user. */
  authInfo?: { state?: { returnTo?: string } };
}
