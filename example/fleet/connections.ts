import { CriteoClient, type TokenSet, TokenSource, type TokenStore } from 'passport-criteo';
import { encrypted, type SealedTokens } from '../tokens/encrypted';
import { postgresLock, postgresStore } from '../tokens/postgres';
import type { FleetDatabase } from './database';
import type { FleetSettings } from './settings';

/** The tokens of all connections, and which of them the fleet works for. Your web app has one, too. */
export class FleetConnections {
  readonly tokens: TokenSource;
  readonly #store: TokenStore;
  readonly #database: FleetDatabase;

  constructor(database: FleetDatabase, { criteo, tokenKeys }: FleetSettings) {
    this.#database = database;
    this.#store = encrypted(postgresStore<SealedTokens>(database.pool), tokenKeys);
    const lock = postgresLock(database.pool, 40_000); // four times the client's timeout
    this.tokens = new TokenSource({ client: new CriteoClient(criteo), store: this.#store, lock });
  }

  /**
   * Connects a customer, or connects one again: call it in `verify`. The tokens come last, because they put the connection
   * to work.
   *
   * @param key names the connection: the user's id in your app.
   * @param accounts how many accounts the user granted: `profile.advertisers.length`
   */
  async connect(key: string, tokens: TokenSet, accounts: number): Promise<void> {
    await this.#database.connect(key, Math.max(1, accounts));
    await this.tokens.save(key, tokens);
    await this.noteExpiry(key);
  }

  /** Forgets a connection. */
  async disconnect(key: string): Promise<void> {
    await this.#database.disconnect(key);
    await this.tokens.delete(key);
  }

  /** Returns which tokens are stored now, and of which consent. */
  async current(key: string): Promise<{ version: string; consent: number; isMarked: boolean } | undefined> {
    const stored = await this.#store.get(key);
    if (!stored) return undefined;
    const { version = '', connectedAt: consent = 0, reauthorizeSince } = stored;
    return { version, consent, isMarked: reauthorizeSince !== undefined };
  }

  /** Asks for new tokens, so that a connection without calls does not run out. */
  async refresh(key: string): Promise<void> {
    await this.tokens.accessToken(key, { force: true });
  }

  /** Notes until when the refresh token is good. */
  async noteExpiry(key: string): Promise<void> {
    const status = await this.tokens.status(key);
    if (status?.refreshTokenExpiresAt === undefined) return;
    await this.#database.refreshable(key, status.refreshTokenExpiresAt, status.connectedAt ?? 0);
  }

  close(): Promise<void> {
    return this.tokens.close();
  }
}
