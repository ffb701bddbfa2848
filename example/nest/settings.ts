import type { CriteoStrategyOptions } from 'passport-criteo';

/** What the application has to know; the name it is injected by. */
export const SETTINGS = Symbol('settings');

export interface Settings {
  /** The URL of the application. */
  home: string;
  /** How the Criteo app is registered. */
  criteo: Omit<CriteoStrategyOptions, 'callbackURL'> & { clientSecret: string };
  signingSecret: string;
}

export interface User {
  id: string;
  name: string;
  /** When the access token ends. */
  until: number;
}

/** The part of a request that is the same on Express and on Fastify. */
export interface Visit {
  session: { user?: User; connected?: string[]; regenerate(done: (error?: unknown) => void): void };
  query: Record<string, unknown>;
  user: User;
  /** What the strategy tells of a login beside the user. */
  authInfo?: { state?: { returnTo?: string } };
}
